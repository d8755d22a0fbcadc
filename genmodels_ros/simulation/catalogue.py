"""The worlds that can be asked for by name."""

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.arm_cameras import panda_cameras
from genmodels_ros.simulation.floor_layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.scenes import ArmCell, Camera, Imu, WorldDescription, demo_arm_scene

WORLDS = ("arm_cell", "floor", "both")
DEMO_FLOOR = -1
DEMO_START = (0.7, 1.7, 1.2)  # x, y [m], yaw [rad] in the living room
CELL_CORNER = (3.8, 6.45, 0.72)  # of the demo's floor: nobody walks there
CELL_YAW = 1.5707963267948966
CELL_MASSES = {"parcel": 0.8}  # kg of what stands loose on its table


def describe_world(
    name: str, floor_seed: int = DEMO_FLOOR, camera: bool = True, people_yield: bool = True
) -> WorldDescription:
    """One of WORLDS, on the demo's floor or on the random one of a seed (>= 0).

    Raises GenModelsError(MODEL_UNAVAILABLE) for an unknown name, and for `both` on a random floor: nobody knows where
    an arm cell would fit there.
    """
    if name not in WORLDS:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"No world {name!r}: use one of {', '.join(WORLDS)}.")
    if name == "both" and floor_seed != DEMO_FLOOR:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, "Arm cell and floor share the demo's floor only: set the floor's seed to -1."
        )
    plan = demo_floor_plan() if floor_seed == DEMO_FLOOR else random_floor_plan(floor_seed)
    corner = (CELL_CORNER, CELL_YAW) if name == "both" else ((0.0, 0.0, CELL_CORNER[2]), 0.0)
    return WorldDescription(
        floor=plan if name != "arm_cell" else None,
        arm_cell=_arm_cell(*corner, camera) if name != "floor" else None,
        camera=Camera() if camera and name != "arm_cell" else None,
        imu=Imu() if name != "arm_cell" else None,
        people_yield=people_yield,
    )


def start_pose(description: WorldDescription, floor_seed: int = DEMO_FLOOR) -> tuple[float, float, float]:
    """Where the base starts, (x, y, yaw): the demo's start, or a free place of another floor that the seed chooses."""
    if floor_seed == DEMO_FLOOR or description.floor is None:
        return DEMO_START
    places = description.floor.sample_free(np.random.default_rng(floor_seed), 1, 0.4)
    if len(places) == 0:
        raise GenModelsError(ErrorCode.START_IN_COLLISION, f"Floor {floor_seed} has no free place: take another seed.")
    return (*map(float, places[0]), 0.0)


def _arm_cell(position, yaw: float, cameras: bool) -> ArmCell:
    seen_by = panda_cameras() if cameras else ()
    return ArmCell(demo_arm_scene(), position=position, yaw=yaw, cameras=seen_by, masses=CELL_MASSES)
