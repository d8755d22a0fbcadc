"""The worlds that can be asked for by name."""

import math
import re

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.arm.cameras import panda_cameras
from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.floor.walkers import WalkerMotion
from genmodels_ros.simulation.scenes import ArmCell, Camera, Imu, WorldDescription, demo_arm_scene

WORLDS = ("arm_cell", "floor", "both")
DEMO_FLOOR = -1
DEMO_START = (0.7, 1.7, 1.2)  # x, y [m], yaw [rad] in the living room
CELL_CORNER = (3.8, 6.45, 0.72)  # of the demo's floor: nobody walks there
CELL_YAW = 1.5707963267948966
CLEARANCE, APART = 0.4, 1.5  # m, of a base's middle from what stands about and from other bases at the start
CELL_MASSES = {"parcel": 0.8}  # kg of what stands loose on its table


def describe_world(
    name: str,
    floor_seed: int = DEMO_FLOOR,
    camera: bool = True,
    people_yield: bool = True,
    bases: tuple[str, ...] = ("",),
) -> WorldDescription:
    """One of WORLDS, on the demo's floor or on the random one of a seed (>= 0).

    bases: names of the mobile robots, as in WorldDescription
    Raises GenModelsError(MODEL_UNAVAILABLE) for an unknown name, for names of bases that are none, and for `both` on a
    random floor: nobody knows where an arm cell would fit there.
    """
    if name not in WORLDS:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"No world {name!r}: use one of {', '.join(WORLDS)}.")
    if name == "both" and floor_seed != DEMO_FLOOR:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, "Arm cell and floor share the demo's floor only: set the floor's seed to -1."
        )
    named = all(re.fullmatch(r"[A-Za-z]\w*", base) for base in bases)
    if bases != ("",) and not (bases and named and len(set(bases)) == len(bases)):
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"Names of robots are words of letters and digits, each once, not {bases}."
        )
    plan = demo_floor_plan() if floor_seed == DEMO_FLOOR else random_floor_plan(floor_seed)
    corner = (CELL_CORNER, CELL_YAW) if name == "both" else ((0.0, 0.0, CELL_CORNER[2]), 0.0)
    return WorldDescription(
        floor=plan if name != "arm_cell" else None,
        arm_cell=_arm_cell(*corner, camera) if name != "floor" else None,
        camera=Camera() if camera and name != "arm_cell" else None,
        imu=Imu() if name != "arm_cell" else None,
        bases=bases,
        people_yield=people_yield,
    )


def start_poses(description: WorldDescription, floor_seed: int = DEMO_FLOOR) -> list[tuple[float, float, float]]:
    """Where the bases start, (x, y, yaw): the first at the demo's start, all others at free places that the floor's
    seed chooses, apart from each other and from people. Raises GenModelsError(START_IN_COLLISION) where there are not
    as many."""
    if description.floor is None:
        return [DEMO_START]
    poses = [DEMO_START] if floor_seed == DEMO_FLOOR else []
    people = [WalkerMotion(walker).pose for walker in description.floor.walkers]
    places = description.occupancy(0.1).sample(np.random.default_rng([floor_seed + 1, 3]), 256, CLEARANCE)
    for x, y in places.tolist():
        if len(poses) == len(description.bases):
            break
        if all(math.dist((x, y), pose[:2]) > APART for pose in (*poses, *people)):
            poses.append((x, y, 0.0))
    if len(poses) < len(description.bases):
        raise GenModelsError(
            ErrorCode.START_IN_COLLISION, f"Floor {floor_seed} has not as many free places: take another seed."
        )
    return poses


def _arm_cell(position, yaw: float, cameras: bool) -> ArmCell:
    seen_by = panda_cameras() if cameras else ()
    return ArmCell(demo_arm_scene(), position=position, yaw=yaw, cameras=seen_by, masses=CELL_MASSES)
