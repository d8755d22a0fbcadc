"""Online adaptation, measured: robots with another latency and slip drive ten minutes, then on floors not seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.evaluation.statistics import bootstrap_mean
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.recorded_scans import relative_pose
from genmodels_ros.evaluation.world_model.simulated_drives import observations_of
from genmodels_ros.models.world_model import ScanWorldModel
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.mobile.drive_log import DriveLog, to_episodes
from genmodels_ros.pipelines.mobile.scan_matching import compose, relative
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ADAPTATION_SEED = 6600  # of the floors
AHEAD, STRIDE, CONTEXT = 10, 5, 8  # steps foreseen, rows between starts, rows seen before the first
PAUSE = 2.0  # [s] between drives, so that the log tells them apart
ROBOTS = {"as in training (0.1 s late)": (0.1, 0.0), "0.25 s late, 15 % slip": (0.25, 0.15)}  # [s], share
# (model, episodes of the robot) -> the better model or None, and (error before, error after, windows)
Adapt = Callable[[ScanWorldModel, Episodes], tuple[ScanWorldModel | None, tuple[float, float, int]]]


@dataclass(frozen=True)
class Robot:
    """Latency [s] and the share of its wheels' motion that is lost, always."""

    latency: float
    slip: float

    def drive(self, seed: int, index: int, rows: int) -> Episodes:
        """Drives among people on one floor."""
        from genmodels_ros.simulation.floor.episodes import simulate_floor
        from genmodels_ros.simulation.scenes import Base

        base = replace(Base(), latency=self.latency, slip=0.03)
        return with_slip(simulate_floor(seed, index, steps=rows, num_people=3, base=base), self.slip)


def with_slip(episodes: Episodes, slip: float) -> Episodes:
    """The same drives of a robot that is told and measures more than it moves: motion / (1 - slip)."""
    odometry = episodes.odometry.astype(float)
    for row in range(1, len(odometry)):
        if episodes.drive[row] == episodes.drive[row - 1]:
            motion = relative(*episodes.odometry[row - 1 : row + 1].astype(float))
            odometry[row] = compose(odometry[row - 1], motion / (1 - slip))
    scaled = {name: getattr(episodes, name) / np.float32(1 - slip) for name in ("twist", "command")}
    return replace(episodes, odometry=odometry.astype(np.float32), **scaled)


def bench_adaptation(world: WorldModel, adapt: Adapt, *, seed: int = 0, floors: int = 3, rows: int = 3000) -> Table:
    """A row a robot and floor: errors of the position after 2 s, held back and, by the simulator's truth, elsewhere."""
    results, original = [], world.model
    for name, (latency, slip) in ROBOTS.items():
        for index in tqdm(range(floors), unit="robot", desc=name, disable=None):
            robot = Robot(latency, slip)
            model, (before, after, windows) = adapt(original, logged(robot.drive(ADAPTATION_SEED + seed, index, rows)))
            elsewhere = robot.drive(ADAPTATION_SEED + seed, floors + index, 1000)
            results.append((name, windows, before, after, *_elsewhere(world, original, model, elsewhere, seed)))
    columns = (
        "robot", "held-back windows", "before [m]", "after [m]", "switched", "elsewhere before [m]",
        "elsewhere after [m]", "change elsewhere, 95 % [m]",
    )  # fmt: skip
    note = "Held-back positions are rebuilt from scans, those elsewhere are the simulator's truth; 2 s ahead."
    return Table("Online adaptation to a robot's own minutes", columns, tuple(results), (note,))


def logged(episodes: Episodes) -> Episodes:
    """What the robot itself keeps of the drives: positions rebuilt from its scans, nothing of the truth."""
    log = DriveLog()
    for observation, drive in zip(observations_of(episodes), episodes.drive, strict=True):
        log.add(replace(observation, stamp=observation.stamp + PAUSE * float(drive)))
    return to_episodes(log.rows())


def _elsewhere(world: WorldModel, original: ScanWorldModel, model: ScanWorldModel | None, drives: Episodes, seed: int):
    before = true_errors(world, drives)
    if model is None:
        return "no", float(before.mean()), float(before.mean()), "none"
    world.adopt(model)
    after = true_errors(world, drives)
    world.adopt(original)
    change = "{:+.3f} to {:+.3f}".format(*bootstrap_mean(after - before, seed, block=4))
    return "yes", float(before.mean()), float(after.mean()), change


def true_errors(world: WorldModel, episodes: Episodes) -> np.ndarray:
    """Distance [M] m after 2 s between the imagined and the true position, where nothing is touched until then."""
    errors, observations, since = [], observations_of(episodes), 0
    for row in range(len(episodes) - AHEAD):
        if row == 0 or episodes.drive[row] != episodes.drive[row - 1]:
            world.reset()
            since = 0
        world.observe(observations[row])
        since += 1
        inside = episodes.drive[row + AHEAD] == episodes.drive[row]
        clear = not episodes.touched[row - since + 1 : row + AHEAD + 1].any()
        if since >= CONTEXT and inside and clear and (since - CONTEXT) % STRIDE == 0:
            commands = episodes.command[row : row + AHEAD].astype(float)
            foreseen = world.imagine(commands[None], time_step=TIME_STEP).poses[0, -1]
            errors.append(np.hypot(*(foreseen - relative_pose(episodes.pose[row], episodes.pose[row + AHEAD]))[:2]))
    return np.array(errors)
