"""moveit_msgs/CollisionObject and AttachedCollisionObject → SceneObject; needs no moveit_msgs itself.

Shapes that the collision checker has no solid for become boxes and discs that hold them (robots/scene/enclosing.py).
"""

import numpy as np
from geometry_msgs.msg import Pose, Quaternion
from shape_msgs.msg import SolidPrimitive

from genmodels_ros.conversions.obstacles import NUM_DIMENSIONS
from genmodels_ros.conversions.poses import to_matrix
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle, Sphere
from genmodels_ros.robots.scene import enclosing
from genmodels_ros.robots.scene.scene_objects import SceneObject

KINDS = ("primitive", "mesh", "plane")  # in the order in which MoveIt counts an object's shapes
PLURALS = {"primitive": "primitives", "mesh": "meshes", "plane": "planes"}
ORIGIN = np.zeros(3)


def to_object(message, base_from_header: np.ndarray) -> SceneObject:
    """An object around the robot, its pose in the base frame. Raises GenModelsError(INVALID_OBSTACLE)."""
    _check_id(message)
    shapes = _shapes(message)
    if not shapes:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"Object {message.id!r} has no shapes: give it some.")
    pose = pose_of(message.pose, f"The pose of {message.id!r}")
    if len(shapes) == 1 and np.array_equal(pose, np.eye(4)):  # as MoveIt: an object without a pose has its only shape's
        pose, shapes = shapes[0][0], ((pose, shapes[0][1]),)
    return SceneObject(message.id, base_from_header @ pose, shapes, _subframes(message))


def extended(thing: SceneObject, message) -> SceneObject:
    """The object with the message's shapes and subframes added, these given in the object's frame."""
    return SceneObject(
        thing.id,
        thing.pose,
        thing.shapes + _shapes(message),
        thing.subframes | _subframes(message),
        thing.link,
        thing.touch_links,
    )


def moved(thing: SceneObject, message, base_from_header: np.ndarray) -> SceneObject:
    """The object at the message's pose; where shapes' poses are given, one for each, these too."""
    pose, shapes = base_from_header @ pose_of(message.pose, f"The pose of {thing.id!r}"), thing.shapes
    poses = [pose for kind in KINDS for pose in getattr(message, f"{kind}_poses")]
    if poses:
        if len(poses) != len(shapes):
            raise GenModelsError(
                ErrorCode.INVALID_OBSTACLE,
                f"Object {thing.id!r} has {len(shapes)} shapes and was moved by {len(poses)} poses: give one for each.",
            )
        shapes = tuple((pose_of(new), solids) for new, (_, solids) in zip(poses, shapes, strict=True))
    return SceneObject(thing.id, pose, shapes, thing.subframes)


def pose_of(pose: Pose, what: str = "A pose of a shape") -> np.ndarray:
    """[4, 4]; an orientation of four zeros is none, as MoveIt reads it. Raises GenModelsError(INVALID_OBSTACLE)."""
    if pose.orientation == Quaternion(x=0.0, y=0.0, z=0.0, w=0.0):
        pose = Pose(position=pose.position)
    try:
        return to_matrix(pose, what)
    except GenModelsError as error:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, error.message) from error


def _check_id(message) -> None:
    if not message.id:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, "A collision object has no id: name it.")


def _shapes(message) -> tuple:
    """(pose in the object, solids in the shape) of each; a missing pose is the object's own."""
    found = []
    for kind in KINDS:
        shapes, poses = getattr(message, PLURALS[kind]), getattr(message, f"{kind}_poses")
        if len(poses) > len(shapes):
            raise GenModelsError(
                ErrorCode.INVALID_OBSTACLE,
                f"Object {message.id!r} has {len(poses)} {kind}_poses for {len(shapes)} shapes: give one for each.",
            )
        poses = [*poses, *[Pose()] * (len(shapes) - len(poses))]
        found += [(pose_of(pose), _solids(shape, message.id)) for shape, pose in zip(shapes, poses, strict=True)]
    return tuple(found)


def _solids(shape, id: str) -> tuple[Obstacle, ...]:
    """In the shape's own frame."""
    if hasattr(shape, "coef"):
        return (enclosing.slab(shape.coef, id),)
    if hasattr(shape, "triangles"):
        vertices = [[vertex.x, vertex.y, vertex.z] for vertex in shape.vertices]
        return enclosing.mesh(vertices, [triangle.vertex_indices for triangle in shape.triangles], id)
    kind, sizes = shape.type, list(shape.dimensions)
    numbers = NUM_DIMENSIONS | {SolidPrimitive.CONE: 2}
    if kind not in numbers or len(sizes) != numbers[kind]:
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE,
            f"Object {id!r} has a solid of type {kind} with {len(sizes)} dimensions: send a BOX (3), SPHERE (1), "
            "CYLINDER (2), CONE (2), or a mesh.",
        )
    if kind == SolidPrimitive.SPHERE:
        return (Sphere(ORIGIN, sizes[0], id),)
    if kind == SolidPrimitive.BOX:
        return (Box(ORIGIN, np.array(sizes), id=id),)
    height, radius = sizes  # CYLINDER_HEIGHT is CONE_HEIGHT
    return (Cylinder(ORIGIN, radius, height, id=id),) if kind == SolidPrimitive.CYLINDER else enclosing.cone(*sizes, id)


def _subframes(message) -> dict[str, np.ndarray]:
    names, poses = message.subframe_names, message.subframe_poses
    if len(names) != len(poses):
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE, f"Object {message.id!r} has {len(names)} subframe_names and {len(poses)} poses."
        )
    return {name: pose_of(pose, "A subframe's pose") for name, pose in zip(names, poses, strict=True)}
