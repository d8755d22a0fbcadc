"""moveit_msgs/PlanningScene → ObjectScene, where moveit_msgs is installed: it comes with MoveIt, not with the wheels.

Full scenes and differences, as MoveIt's PlanningScene applies them. Not read: colours. Nothing here needs moveit_msgs
but its type.
"""

from dataclasses import replace

import numpy as np
import torch
from geometry_msgs.msg import Pose, Transform, TransformStamped

from genmodels_ros.conversions.collision_objects import extended, moved, pose_of, to_object
from genmodels_ros.conversions.contact_rules import with_rules
from genmodels_ros.conversions.transforms import frame_names
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.scene.frames import Frames
from genmodels_ros.robots.scene.octree import octree_boxes
from genmodels_ros.robots.scene.point_cloud import reach
from genmodels_ros.robots.scene.scene_objects import ObjectScene, SceneObject
from genmodels_ros.robots.spheres import sphere_centers
from genmodels_ros.robots.urdf import read_joints

try:
    from moveit_msgs.msg import PlanningScene as PLANNING_SCENE
    from moveit_msgs.srv import GetPlanningScene as GET_PLANNING_SCENE
except ImportError:
    PLANNING_SCENE = GET_PLANNING_SCENE = None

ADD, REMOVE, APPEND, MOVE = range(4)  # CollisionObject's operations
OCTOMAP, OCTOMAP_BOXES = "<octomap>", 200  # as MoveIt calls it; about the most boxes
CARRIED = 1.0  # m that what the arm may carry, now or later, makes it longer


def updated(known: ObjectScene, message, frames: Frames) -> ObjectScene:
    """The objects after a message. What it says and cannot be read is among the problems of the answer."""
    known = with_rules(known if message.is_diff else ObjectScene(), message, frames.robot)
    known = with_attached(known, message.robot_state, frames)
    for thing in message.world.collision_objects:
        known = _changed(known, thing, frames)
    octomap = message.world.octomap
    if len(octomap.octomap.data):
        return _with_octomap(known, octomap, frames)
    return known.drop(OCTOMAP) if octomap.octomap.id else known


def with_attached(known: ObjectScene, robot_state, frames: Frames) -> ObjectScene:
    """The objects after what a RobotState says of those that are attached."""
    for thing in robot_state.attached_collision_objects:
        known = _attached(known, thing, frames)
    return known


def told_frames(message, robot: Robot, known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{frame: base_from_frame [4, 4]} that a PlanningScene tells of: its planning frame, where the one joint between
    that and the robot's root is among the state's, and what is fixed in it or in a frame that is `known` already.

    Raises GenModelsError(INVALID_OBSTACLE) for a transform that is none.
    """
    told, joints = {}, message.robot_state.multi_dof_joint_state
    if len(joints.transforms) == 1 and joints.header.frame_id and _root(robot) == robot.base_frame:
        told[joints.header.frame_id] = told[""] = np.linalg.inv(_matrix(joints.transforms[0]))
    for fixed in message.fixed_frame_transforms:
        parent = told.get(fixed.header.frame_id, known.get(fixed.header.frame_id))
        if parent is not None:
            told.setdefault(fixed.child_frame_id, parent @ _matrix(fixed.transform))
    return told


def to_fixed(message: TransformStamped) -> tuple[str, tuple[str, np.ndarray]]:
    """(frame, (parent, parent_from_frame [4, 4])) of one of /tf_static. Raises GenModelsError(INVALID_OBSTACLE)."""
    frame, parent = frame_names(message)
    return frame, (parent, _matrix(message.transform))


def _with_octomap(known: ObjectScene, message, frames: Frames) -> ObjectScene:
    """With the boxes of an OctomapWithPose, in place of those of the last."""
    tree, robot = message.octomap, frames.robot
    try:
        if tree.id != "OcTree":
            raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"The octomap is of kind {tree.id!r}: send an OcTree.")
        base_from_map = frames.pose(message.header.frame_id, known) @ pose_of(message.origin, "The octomap's origin")
        map_from_base = np.linalg.inv(base_from_map)
        centers, radii = _robot_spheres(frames)
        boxes = octree_boxes(
            np.asarray(tree.data, dtype=np.int8).tobytes(),
            tree.binary,
            tree.resolution,
            map_from_base[:3, 3],
            reach(robot) + CARRIED,
            OCTOMAP_BOXES,
            (centers @ map_from_base[:3, :3].T + map_from_base[:3, 3], radii),
        )
    except GenModelsError as error:
        return known.fail(OCTOMAP, error)
    return known.put(SceneObject(OCTOMAP, base_from_map, ((np.eye(4), boxes),)))


def _robot_spheres(frames: Frames) -> tuple[np.ndarray, np.ndarray]:
    """Centres [S, 3] m in the base frame and radii [S] m of the robot as it stands; none where nobody knows how."""
    spheres = frames.robot.spheres
    try:
        q = torch.as_tensor(frames.configuration(), dtype=torch.float64)
    except GenModelsError:
        return np.zeros((0, 3)), np.zeros(0)
    centers = sphere_centers(frames.robot.chain, spheres, q).numpy()
    return centers[spheres.near_obstacles], spheres.radii[spheres.near_obstacles]


def _changed(known: ObjectScene, message, frames: Frames) -> ObjectScene:
    """After a CollisionObject."""
    operation, thing = _operation(message), known.objects.get(message.id)
    if operation == REMOVE:
        return known.drop(message.id) if message.id else _without_all_around(known)
    try:
        base_from_header = frames.pose(message.header.frame_id, known)
        if operation == MOVE and thing is not None and not thing.link:
            return known.put(moved(thing, message, base_from_header))
        if operation == APPEND and thing is not None and not thing.link:
            return known.put(extended(thing, message))
        if operation not in (ADD, APPEND):
            why = "is to be moved, but nobody has added it" if operation == MOVE else f"has operation {operation}"
            raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"Object {message.id!r} {why}: add it, or remove it.")
        return known.put(to_object(message, base_from_header))  # in place of an attached one, too: it was let go of
    except GenModelsError as error:
        return known.fail(message.id, error)


def _attached(known: ObjectScene, message, frames: Frames) -> ObjectScene:
    """After an AttachedCollisionObject."""
    given, thing = message.object, known.objects.get(message.object.id)
    operation = _operation(given)
    if operation == REMOVE:
        return _let_go(known, given.id, message.link_name, frames)
    try:
        if message.link_name not in frames.robot.chain.link_names:
            raise GenModelsError(
                ErrorCode.UNKNOWN_FRAME,
                f"{given.id!r} is attached to {message.link_name!r}, which is no link of {frames.robot.name}.",
            )
        if operation == APPEND and thing is not None and thing.link:
            touch_links = tuple(dict.fromkeys((*thing.touch_links, *message.touch_links)))
            return known.put(replace(extended(thing, given), touch_links=touch_links))
        if not (given.primitives or given.meshes or given.planes) and thing is not None:
            found, base_from_object = thing, frames.object_pose(thing)
            link_from_object = np.linalg.inv(frames.link_pose(message.link_name)) @ base_from_object
        else:
            link_from_header = _link_from(message.link_name, given.header.frame_id, frames, known)
            found = to_object(given, link_from_header)
            link_from_object = found.pose
        return known.put(
            replace(found, pose=link_from_object, link=message.link_name, touch_links=tuple(message.touch_links))
        )
    except GenModelsError as error:
        return known.fail(given.id, error)


def _link_from(link: str, frame: str, frames: Frames, known: ObjectScene) -> np.ndarray:
    """[4, 4] of a frame in a link; where the frame is the link's own, the arm may stand anywhere."""
    if frame == link:
        return np.eye(4)
    return np.linalg.inv(frames.link_pose(link)) @ frames.pose(frame, known)


def _let_go(known: ObjectScene, id: str, link: str, frames: Frames) -> ObjectScene:
    """Attached objects back among those around, where they are now: the one with the id, or all of a link."""
    for thing in known.objects.values():
        if thing.link and id in ("", thing.id) and link in ("", thing.link):
            known = _put_down(known, thing, frames)
    return known


def _put_down(known: ObjectScene, thing: SceneObject, frames: Frames) -> ObjectScene:
    try:
        return known.put(replace(thing, pose=frames.object_pose(thing), link="", touch_links=()))
    except GenModelsError as error:
        return known.fail(thing.id, error)


def _without_all_around(known: ObjectScene) -> ObjectScene:
    """As in MoveIt, the matrix then forgets them; it does not where one is removed by its id."""
    kept = {id: thing for id, thing in known.objects.items() if thing.link or id == OCTOMAP}
    rules = replace(known.rules, allowed=known.rules.allowed.without(set(known.objects) - set(kept)))
    return ObjectScene(kept, rules=rules)


def _operation(message) -> int:
    return int.from_bytes(message.operation, "little")  # a byte


def _matrix(transform: Transform) -> np.ndarray:
    pose = Pose(orientation=transform.rotation)
    shift = transform.translation
    pose.position.x, pose.position.y, pose.position.z = shift.x, shift.y, shift.z
    return pose_of(pose, "A transform of the planning scene")


def _root(robot: Robot) -> str:
    """The link of the URDF that hangs on none; the base frame where there is no joint."""
    joints = read_joints(robot.source.urdf).values()
    children = {joint.child for joint in joints}
    return next((joint.parent for joint in joints if joint.parent not in children), robot.base_frame)
