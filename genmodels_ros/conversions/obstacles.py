"""ObstacleArray ↔ Scene."""

import numpy as np
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header

from genmodels_interfaces.msg import Obstacle as ObstacleMessage
from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.conversions.poses import position, quat_xyzw, to_pose
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Box, Cylinder, Obstacle, Scene, Sphere

NUM_DIMENSIONS = {SolidPrimitive.BOX: 3, SolidPrimitive.SPHERE: 1, SolidPrimitive.CYLINDER: 2}


def to_scene(message: ObstacleArray, base_frame: str, max_obstacles: int = 1000) -> Scene:
    """The scene in the robot's base frame.

    Raises GenModelsError: UNKNOWN_FRAME unless the header names `base_frame` or nothing; INVALID_COUNT above
    `max_obstacles`; INVALID_OBSTACLE for an unknown shape, wrong or non-positive sizes, NaN, or a bad quaternion.
    """
    check_frame(message.header.frame_id, base_frame, "Obstacles")
    if len(message.obstacles) > max_obstacles:
        raise GenModelsError(
            ErrorCode.INVALID_COUNT, f"{len(message.obstacles)} obstacles are more than the {max_obstacles} allowed."
        )
    return Scene(tuple(_to_obstacle(obstacle) for obstacle in message.obstacles))


def to_obstacle_array(scene: Scene, header: Header) -> ObstacleArray:
    """The message of a scene given in the frame of `header`."""
    return ObstacleArray(header=header, obstacles=[_to_message(obstacle) for obstacle in scene.obstacles])


def check_frame(frame_id: str, base_frame: str, what: str) -> None:
    """Raises GenModelsError(UNKNOWN_FRAME) unless `frame_id` is the base frame or empty."""
    if frame_id not in ("", base_frame):
        raise GenModelsError(
            ErrorCode.UNKNOWN_FRAME,
            f"{what} must be given in {base_frame!r}, not in {frame_id!r}: transform them first.",
        )


def _to_obstacle(message: ObstacleMessage) -> Obstacle:
    kind, sizes = message.primitive.type, list(message.primitive.dimensions)
    if kind not in NUM_DIMENSIONS:
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE,
            f"Obstacle {message.id!r} has shape {kind}: use SolidPrimitive BOX, SPHERE or CYLINDER.",
        )
    if len(sizes) != NUM_DIMENSIONS[kind]:
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE,
            f"Obstacle {message.id!r} has {len(sizes)} dimensions where its shape needs {NUM_DIMENSIONS[kind]}.",
        )
    center, orientation = position(message.pose.position), quat_xyzw(message.pose.orientation)
    if kind == SolidPrimitive.SPHERE:
        return Sphere(center, sizes[SolidPrimitive.SPHERE_RADIUS], message.id)
    if kind == SolidPrimitive.CYLINDER:
        height, radius = sizes[SolidPrimitive.CYLINDER_HEIGHT], sizes[SolidPrimitive.CYLINDER_RADIUS]
        return Cylinder(center, radius, height, orientation, message.id)
    return Box(center, np.array(sizes), orientation, message.id)


def _to_message(obstacle: Obstacle) -> ObstacleMessage:
    kind, sizes = {
        Box: lambda: (SolidPrimitive.BOX, list(obstacle.dims)),
        Sphere: lambda: (SolidPrimitive.SPHERE, [obstacle.radius]),
        Cylinder: lambda: (SolidPrimitive.CYLINDER, [obstacle.height, obstacle.radius]),
    }[type(obstacle)]()
    primitive = SolidPrimitive(type=kind, dimensions=[float(size) for size in sizes])
    pose = to_pose(obstacle.center, getattr(obstacle, "quat_xyzw", IDENTITY_XYZW))
    return ObstacleMessage(id=obstacle.id, primitive=primitive, pose=pose)
