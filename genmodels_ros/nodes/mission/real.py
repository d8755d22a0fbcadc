"""Real recordings instead of the simulation: the same nodes on a lidar log and a camera tub, where at hand."""

from pathlib import Path

import cv2
import numpy as np
from sensor_msgs.msg import Image, LaserScan
from std_msgs.msg import Float64

from genmodels_interfaces.srv import ImagineRollouts
from genmodels_ros.conversions.images import to_rgb
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.data.recordings import Recording, open_recording
from genmodels_ros.errors import GenModelsError
from genmodels_ros.nodes.mission.client import SENSOR, Latest, MissionClient, MissionFailure
from genmodels_ros.nodes.mission.replay import Replay

LIDAR = "lidar/intel-lab-sequential.log.gz"
CAMERA = "camera/pi_tub_5.tar.gz"
LIDAR_SECONDS, CAMERA_SECONDS = 30.0, 10.0
KEPT = 0.8  # share of what is played that the nodes must answer


class RealRecordings(MissionClient):
    """Plays recordings and watches what the nodes make of them."""

    def __init__(self, **kwargs):
        super().__init__("real_recordings", **kwargs)
        self._pairs: list[tuple[np.ndarray, np.ndarray]] = []
        self._imagine = self.client(ImagineRollouts, "world_model/imagine")
        self._replay: Replay | None = None

    def lidar(self, data: Path) -> str:
        """A lidar log through the world model; raises MissionFailure if it does not keep up or answers nonsense."""
        surprise = Latest(self, Float64, "world_model/surprise", 10)
        predicted = Latest(self, LaserScan, "world_model/predicted_scan", 10)
        sent = self._play(data / LIDAR, LIDAR_SECONDS)
        judged = surprise.count
        if judged < KEPT * sent["LaserScan"]:
            raise MissionFailure(f"the world model judged only {judged} of {sent['LaserScan']} scans")
        ranges = np.array(predicted.wait(1.0).ranges)
        commands = np.array([[(speed, turn)] * 10 for speed in (0.0, 0.4) for turn in (-0.6, 0.0, 0.6)])
        response = self.answer(self._imagine, ImagineRollouts.Request(sequences=to_command_sequences(commands)), 5.0)
        risk = [rollout.collision_probability[-1] for rollout in response.rollouts]
        if not (np.isfinite(risk).all() and 0 <= min(risk) <= max(risk) <= 1 and np.isfinite(ranges).any()):
            raise MissionFailure(f"the world model answered collision probabilities {risk}")
        return (
            f"{judged} of {sent['LaserScan']} scans of {LIDAR} judged, {len(ranges)} beams predicted; imagined futures "
            f"collide with probability {min(risk):.2f} to {max(risk):.2f}"
        )

    def camera(self, data: Path, out: Path) -> str:
        """A camera tub through the augmenter; raises MissionFailure if it does not keep up."""
        self._source = Latest(self, Image, "image_raw", SENSOR)
        synthetic = Latest(self, Image, "image_augmenter/image", 10, self._remember)
        sent = self._play(data / CAMERA, CAMERA_SECONDS)
        made = synthetic.count
        if made < KEPT * sent["Image"]:
            raise MissionFailure(f"only {made} synthetic frames for {sent['Image']} of the tub")
        chosen = [self._pairs[i] for i in np.linspace(0, len(self._pairs) - 1, 6).astype(int)]
        rows = [np.concatenate(pair, axis=0) for pair in chosen]
        cv2.imwrite(str(out / "real_camera.png"), np.concatenate(rows, axis=1)[..., ::-1])
        return f"{made} synthetic frames for {sent['Image']} of {CAMERA}, see real_camera.png"

    def _play(self, path: Path, seconds: float) -> dict[str, int]:
        try:
            recording: Recording = open_recording(path)
        except GenModelsError as error:
            raise MissionFailure(error.message) from error
        if self._replay is None:
            self._replay = Replay(self)
        return self._replay.play(recording, seconds)

    def _remember(self, synthetic: Image):
        source = self._source.message
        if source is not None and source.header.stamp == synthetic.header.stamp and len(self._pairs) < 1000:
            self._pairs.append((to_rgb(source), to_rgb(synthetic)))
