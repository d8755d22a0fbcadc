"""The demo's steps in order, each a claim that holds or does not, with what was seen to say so."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from sensor_msgs.msg import Image, JointState, LaserScan
from std_msgs.msg import Float64
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from genmodels_interfaces.msg import ObstacleArray
from genmodels_interfaces.srv import GetModelInfo
from genmodels_ros.conversions.images import to_rgb
from genmodels_ros.conversions.poses import to_pose
from genmodels_ros.conversions.simulated import from_contacts
from genmodels_ros.data.recordings import open_recording
from genmodels_ros.nodes.mission import pictures
from genmodels_ros.nodes.mission.arm import ArmMotion, ArmPlanner
from genmodels_ros.nodes.mission.camera import CameraWatcher
from genmodels_ros.nodes.mission.client import SENSOR, Latest, MissionClient, MissionFailure, wait_until
from genmodels_ros.nodes.mission.mobile import Drive, MobilePlanner
from genmodels_ros.nodes.mission.real import RealRecordings
from genmodels_ros.nodes.mission.recorder import Recorder
from genmodels_ros.nodes.qos import LATCHED

MODELS = ("trajectory_generator", "world_model", "image_augmenter")
SHELF = (1.149, -1.338, -1.366, -1.816, -0.514, 2.952, 0.016)  # rad: the hand between the shelf's boards
OVER_BIN = (0.50, 0.61, 0.33)  # m in panda_link0, the hand pointing down
POINTING_DOWN = (1.0, 0.0, 0.0, 0.0)  # quat_xyzw
BASE_GOAL = (8.3, 6.9)  # m in the map: another room
DRIVE_TIME_LIMIT = 90.0  # s
STARTUP = 60.0  # s for importing torch and loading three models on a slow machine
KEPT_RATE = 0.9  # share of the camera's frames that come back as synthetic ones
RECORDED = {
    "joint_states": (JointState, SENSOR, 0.05),
    "joint_trajectory": (JointTrajectory, 10, 0.0),
    "obstacles": (ObstacleArray, LATCHED, 0.0),
    "map": (OccupancyGrid, LATCHED, 0.0),
    "scan": (LaserScan, SENSOR, 0.0),
    "odom": (Odometry, SENSOR, 0.0),
    "cmd_vel": (Twist, 10, 0.0),
    "image_raw": (Image, SENSOR, 1.0),
    "label_image": (Image, SENSOR, 1.0),
    "image_augmenter/image": (Image, 10, 1.0),
    "trajectory_generator/candidates": (MarkerArray, LATCHED, 0.0),
    "world_model/predicted_scan": (LaserScan, 10, 0.0),
    "world_model/surprise": (Float64, 10, 0.0),
    "world_model/collision_probability": (Float64, 10, 0.0),
}


class Mission:
    """Planner clients, a recorder and the steps they take."""

    def __init__(self, out: Path, stop_simulation: Callable[[], None] | None, contacts: bool = True):
        """stop_simulation() silences the simulation's topics before recordings are played; None if that cannot be.

        contacts: whether the simulation counts contacts
        """
        self._out, self._stop_simulation, self._counted = out, stop_simulation, contacts
        self._no_contact = "no contact" if contacts else "contacts not counted"
        self._monitor = MissionClient("mission_monitor")
        self._contacts = Latest(self._monitor, DiagnosticStatus, "simulation/contacts", LATCHED)
        self._diagnostics: dict[str, DiagnosticStatus] = {}
        Latest(self._monitor, DiagnosticArray, "/diagnostics", 10, self._note_diagnostics)
        self._info = {name: self._monitor.client(GetModelInfo, f"{name}/get_model_info") for name in MODELS}
        self._arm = ArmPlanner(lambda: self._count_contacts("arm"))
        self._base = MobilePlanner(lambda: self._count_contacts("base"))
        self._camera = CameraWatcher()
        self._real = RealRecordings()
        self._recorder = Recorder(self._monitor, _fresh(out / "recording"), RECORDED)
        self._motions: list[ArmMotion] = []
        self._drive: Drive | None = None
        self._style_picture: np.ndarray | None = None

    @property
    def nodes(self) -> list:
        """To be spun while the steps run."""
        return [self._monitor, self._arm, self._base, self._camera, self._real]

    def close(self):
        """Finishes the recording."""
        self._recorder.close()

    def steps(self, real: Path | None = None) -> Iterator[tuple[str, Callable[[], str]]]:
        """(name, function) in order; a function returns what was seen, or raises MissionFailure."""
        yield "simulation and three models are up", self._are_up
        yield "arm: joint goal inside the shelf", self._arm_to_shelf
        yield "arm: pose goal over the bin", self._arm_to_bin
        yield "base: to another room among people", self._drive_to_goal
        yield "camera: synthetic frames keep up, labels kept", self._camera_keeps_up
        yield "camera: every style", self._all_styles
        yield "no node reports a failure", self._diagnostics_are_sound
        if real is not None:
            yield "real lidar log", lambda: self._play_lidar(real)
            yield "real camera tub", lambda: self._play_camera(real)
        yield "recording reads back", self._recording_reads_back
        yield "pictures", self._draw

    # --- Steps

    def _are_up(self) -> str:
        lines = []
        for name, client in self._info.items():
            response = self._ready(client)
            lines.append(f"{name} {response.info.num_parameters / 1e6:.2f} M on {response.info.device}")
        if self._counted:
            self._contacts.wait(STARTUP)
        return ", ".join(lines)

    def _ready(self, client):
        """The model's description, once it is loaded."""
        answers = []

        def loaded() -> bool:
            answers.append(self._monitor.call(client, GetModelInfo.Request(), STARTUP))
            return answers[-1].error.value == answers[-1].error.SUCCESS

        wait_until(loaded, STARTUP, f"{client.srv_name} answers with a loaded model", period=0.2)
        return answers[-1]

    def _arm_to_shelf(self) -> str:
        return self._move(goal=SHELF)

    def _arm_to_bin(self) -> str:
        pose = PoseStamped(pose=to_pose(OVER_BIN, POINTING_DOWN))
        pose.header.frame_id = "panda_link0"
        return self._move(pose=pose)

    def _move(self, **goal) -> str:
        start = self._arm.positions()
        motion = self._arm.move(**goal)
        self._motions.append(motion)
        best = motion.candidates[0]
        moved = np.abs(np.array(best.trajectory.points[-1].positions) - start).max()
        if moved < 0.3:
            raise MissionFailure("the goal is where the arm already was")
        return (
            f"{len(motion.candidates)} verified by the {best.source} in {1e3 * motion.planning_time:.0f} ms, "
            f"best {best.length:.2f} rad in {best.duration:.2f} s, {best.min_clearance * 100:.1f} cm clear; "
            f"arrived within {motion.final_error * 1e3:.1f} mrad, {self._no_contact}"
        )

    def _drive_to_goal(self) -> str:
        before = self._camera.counts()
        try:
            self._base.drive(BASE_GOAL, DRIVE_TIME_LIMIT)
        finally:
            self._drive = self._base.last_drive
            self._frames = np.subtract(self._camera.counts(), before)
        driven = np.array(self._drive.path)
        length = np.hypot(*np.diff(driven[:, :2], axis=0).T).sum()
        latency = np.percentile(self._drive.latencies, [50, 95]) * 1e3
        return (
            f"{length:.1f} m in {self._drive.seconds:.0f} s, {self._no_contact}; "
            f"chose {len(self._drive.latencies)} times among {self._drive.num_candidates} imagined futures, "
            f"{latency[0]:.0f} ms median, {latency[1]:.0f} ms p95"
        )

    def _camera_keeps_up(self) -> str:
        camera, synthetic = self._frames
        equal, compared = self._camera.labels_kept()
        if synthetic < KEPT_RATE * camera or camera == 0:
            raise MissionFailure(f"only {synthetic} synthetic frames for {camera} camera frames while driving")
        if compared == 0 or equal < compared:
            raise MissionFailure(f"labels equal the source's in {equal} of {compared} frames")
        return f"{synthetic} synthetic of {camera} camera frames while driving; labels equal in {equal} of {compared}"

    def _all_styles(self) -> str:
        card = json.loads(self._ready(self._info["image_augmenter"]).info.card)
        frames = self._camera.kept_frames()
        variants = {
            style: [self._camera.variant(image, style, seed) for seed, (image, _) in enumerate(frames)]
            for style in card["config"]["styles"]
        }
        refused = sum(not accepted for made in variants.values() for _, accepted in made)
        total = sum(map(len, variants.values()))
        if refused > total / 2:
            raise MissionFailure(f"the quality gate refused {refused} of {total} variants")
        shown = {style: [image for image, _ in made] for style, made in variants.items()}
        self._style_picture = pictures.styles([(to_rgb(image), labels) for image, labels in frames], shown)
        pictures.save(self._out / "augmented.png", self._style_picture)
        return f"{total} variants in {len(variants)} styles, {refused} refused by the gate: {', '.join(variants)}"

    def _diagnostics_are_sound(self) -> str:
        wait_until(lambda: len(self._diagnostics) >= len(MODELS) + 1, 5.0, "every node sends diagnostics", period=0.1)
        failed = [f"{s.name}: {s.message}" for s in self._diagnostics.values() if s.level >= DiagnosticStatus.ERROR]
        if failed:
            raise MissionFailure("; ".join(failed))
        warnings = [f"{s.name}: {s.message}" for s in self._diagnostics.values() if s.level == DiagnosticStatus.WARN]
        return f"{len(self._diagnostics)} nodes, {len(warnings)} warnings {'; '.join(warnings)}".strip()

    def _play_lidar(self, data: Path) -> str:
        self._silence_simulation()
        return self._real.lidar(data)

    def _play_camera(self, data: Path) -> str:
        self._silence_simulation()
        return self._real.camera(data, self._out)

    def _silence_simulation(self):
        if self._stop_simulation is None:
            raise MissionFailure("real recordings need a simulation that can be stopped: run without --attach")
        self._stop_simulation()

    def _recording_reads_back(self) -> str:
        self._recorder.close()
        counts = self._recorder.counts
        recording = open_recording(self._out / "recording")
        if len(recording.scans) != counts["scan"] or len(recording.odometry) != counts["odom"]:
            raise MissionFailure(f"{counts} were recorded, {len(recording.scans)} scans read back")
        missing = [name for name in RECORDED if not counts.get(name)]
        if missing:
            raise MissionFailure(f"nothing was recorded of {', '.join(missing)}")
        (self._out / "recorded.json").write_text(json.dumps(counts, indent=2) + "\n")
        return f"{sum(counts.values())} messages on {len(counts)} topics, MCAP"

    def _draw(self) -> str:
        if not self._motions or self._drive is None:
            raise MissionFailure("there is nothing to draw: the arm or the base did not move")
        drawn = {"arm": pictures.arm(self._motions), "floor": pictures.floor(self._drive)}
        if self._style_picture is not None:
            drawn["demo"] = pictures.one_sheet(drawn["arm"], drawn["floor"], self._style_picture)
        for name, picture in drawn.items():
            pictures.save(self._out / f"{name}.png", picture)
        return ", ".join(f"{name}.png" for name in (*drawn, "augmented"))

    # --- What is watched meanwhile

    def _count_contacts(self, robot: str) -> int:
        return from_contacts(self._contacts.wait(10.0)).get(robot, 0) if self._counted else 0

    def _note_diagnostics(self, message: DiagnosticArray):
        for status in message.status:
            self._diagnostics[status.name] = status


def _fresh(path: Path) -> Path:
    """The path, with an older recording of ours out of the way."""
    if (path / "metadata.yaml").exists():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    return path
