"""MoveIt's planning scene, whole and by differences: obstacles and what is carried; nothing is lost in silence."""

import struct

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose, Transform, TransformStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from shape_msgs.msg import Mesh, MeshTriangle, Plane, SolidPrimitive
from std_msgs.msg import Header

from genmodels_ros.conversions.planning_scene import OCTOMAP, PLANNING_SCENE, to_fixed, told_frames, updated
from genmodels_ros.conversions.poses import to_matrix, to_pose
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, LinkMargin, Sphere
from genmodels_ros.robots.scene.frames import Frames
from genmodels_ros.robots.scene.scene_objects import ObjectScene

if PLANNING_SCENE is None:
    pytest.skip("moveit_msgs is no wheel: it comes with MoveIt", allow_module_level=True)
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    AllowedCollisionMatrix,
    AttachedCollisionObject,
    CollisionObject,
    LinkPadding,
    LinkScale,
    PlanningScene,
)

ROBOT = load_robot("panda")
FRAMES = Frames(ROBOT, lambda: ROBOT.ready, {"world": np.eye(4)})
ADD, REMOVE, APPEND, MOVE = (getattr(CollisionObject, name) for name in ("ADD", "REMOVE", "APPEND", "MOVE"))
NAN = float("nan")


def at(x=0.0, y=0.0, z=0.0, turn=0.0) -> Pose:
    return to_pose((x, y, z), (0.0, 0.0, np.sin(turn / 2), np.cos(turn / 2)))


def solid(kind=SolidPrimitive.BOX, *sizes) -> SolidPrimitive:
    return SolidPrimitive(type=kind, dimensions=list(sizes or (0.1, 0.2, 0.3)))


BOX = solid()


def thing(id="box", operation=ADD, primitives=(BOX,), frame="panda_link0", pose=None, **fields) -> CollisionObject:
    fields.setdefault("primitive_poses", [at()] * len(primitives) if primitives else [])
    return CollisionObject(
        header=Header(frame_id=frame),
        id=id,
        operation=operation,
        pose=pose or at(0.5),
        primitives=list(primitives),
        **fields,
    )


def bare(id, operation, **fields) -> CollisionObject:
    return thing(id, operation, primitives=(), **fields)


def held(link="panda_hand", touch=("panda_leftfinger",), **fields) -> AttachedCollisionObject:
    return AttachedCollisionObject(link_name=link, object=thing(**fields), touch_links=list(touch))


def scene(*things, attached=(), is_diff=True) -> PlanningScene:
    message = PlanningScene(is_diff=is_diff)
    message.world.collision_objects = list(things)
    message.robot_state.is_diff = is_diff
    message.robot_state.attached_collision_objects = list(attached)
    return message


def after(*messages, known=None, frames=FRAMES) -> ObjectScene:
    known = known or ObjectScene()
    for message in messages:
        known = updated(known, message, frames)
    return known


def ids(known) -> list[str]:
    return sorted(known.objects)


# --- Shapes


def test_solids_become_the_same_solids():
    shapes = (solid(), solid(SolidPrimitive.SPHERE, 0.1), solid(SolidPrimitive.CYLINDER, 0.4, 0.05))
    poses = [at(0.0, 0.1), at(0.0, 0.2), at(0.0, 0.3)]
    box, ball, can = after(scene(thing(primitives=shapes, primitive_poses=poses))).scene.obstacles
    assert isinstance(box, Box) and isinstance(ball, Sphere) and isinstance(can, Cylinder)
    np.testing.assert_allclose(box.dims, (0.1, 0.2, 0.3))
    assert (ball.radius, can.height, can.radius) == (0.1, 0.4, 0.05)
    np.testing.assert_allclose([box.center, ball.center, can.center], [[0.5, 0.1, 0], [0.5, 0.2, 0], [0.5, 0.3, 0]])


def test_cones_planes_and_meshes_become_solids_that_hold_them():
    corners = [Point(x=x, y=y, z=z) for x, y, z in ((0.0, 0.0, 0.0), (0.2, 0.0, 0.0), (0.0, 0.2, 0.0), (0.0, 0.0, 0.2))]
    faces = [MeshTriangle(vertex_indices=list(face)) for face in ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))]
    message = thing(primitives=[solid(SolidPrimitive.CONE, 0.3, 0.1)])
    message.meshes, message.mesh_poses = [Mesh(vertices=corners, triangles=faces)], [at(0.0, 0.5)]
    message.planes, message.plane_poses = [Plane(coef=[0.0, 0.0, 1.0, 0.2])], [at()]
    obstacles = after(scene(message)).scene.obstacles
    assert {type(o) for o in obstacles} == {Cylinder, Box} and {o.id for o in obstacles} == {"box"}
    floor = next(o for o in obstacles if isinstance(o, Box) and max(o.dims) > 5)
    assert floor.center[2] + floor.dims[2] / 2 == pytest.approx(-0.2)
    parts = [o for o in obstacles if isinstance(o, Box) and o is not floor]
    np.testing.assert_allclose(np.min([o.center - o.dims / 2 for o in parts], axis=0), (0.5, 0.5, 0.0), atol=1e-6)


def test_poses_of_frame_object_and_shape_add_up():
    subject = thing(frame="panda_hand", pose=at(0.0, 0.0, 0.1, 1.0), primitives=[solid(), solid()])
    subject.primitive_poses = [at(0.3, turn=0.5)]  # of the second none: it is the object's own
    first, second = after(scene(subject)).scene.obstacles
    hand = FRAMES.pose("panda_hand")
    np.testing.assert_allclose(second.center, (hand @ [0, 0, 0.1, 1])[:3])
    np.testing.assert_allclose(first.center, (hand @ [0.3 * np.cos(1), 0.3 * np.sin(1), 0.1, 1])[:3])


def test_an_orientation_of_zeros_is_none():
    pose = Pose()
    pose.orientation.w = 0.0
    pose.position.x = 0.7
    assert after(scene(thing(pose=pose))).scene.obstacles[0].center[0] == 0.7


# --- Differences


def test_objects_are_added_replaced_moved_extended_and_removed():
    known = after(scene(thing("one"), thing("two")))
    assert ids(known) == ["one", "two"]
    assert after(scene(thing("one", pose=at(0.9))), known=known).objects["one"].pose[0, 3] == 0.9
    moved = after(scene(bare("two", MOVE, pose=at(0.1, 0.2))), known=known)
    np.testing.assert_allclose(moved.objects["two"].solids[0].center, (0.1, 0.2, 0.0))
    longer = after(scene(thing("two", APPEND, primitive_poses=[at(0.0, 0.4)])), known=known)
    np.testing.assert_allclose([s.center for s in longer.objects["two"].solids], [[0.5, 0, 0], [0.5, 0.4, 0]])
    assert ids(after(scene(thing("three", APPEND)), known=known)) == ["one", "three", "two"]
    assert ids(after(scene(bare("one", REMOVE)), known=known)) == ["two"]
    assert ids(after(scene(bare("nobody", REMOVE)), known=known)) == ["one", "two"]
    assert ids(after(scene(bare("", REMOVE)), known=known)) == []
    assert ids(after(scene(), known=known)) == ["one", "two"]
    assert ids(after(scene(thing("new"), is_diff=False), known=known)) == ["new"]


def test_an_object_without_a_pose_has_that_of_its_only_shape():
    """As MoveIt has it, so that MOVE means the same to both."""
    known = after(scene(thing(pose=at(), primitive_poses=[at(0.5, 0.5)])))
    moved = after(scene(bare("box", MOVE, pose=at(0.1))), known=known)
    np.testing.assert_allclose(moved.objects["box"].solids[0].center, (0.1, 0, 0))


def test_shapes_can_be_moved_in_their_object():
    known = after(scene(thing(primitives=[solid(), solid()])))
    moved = after(scene(bare("box", MOVE, primitive_poses=[at(0.0, 0.1), at(0.0, 0.2)])), known=known)
    np.testing.assert_allclose([s.center for s in moved.scene.obstacles], [[0.5, 0.1, 0], [0.5, 0.2, 0]])


# --- What is carried


def test_it_is_attached_from_the_scene_and_let_go_of_where_it_is_then():
    known = after(scene(thing("cup", pose=at(0.3, 0.0, 0.5))))
    attach = AttachedCollisionObject(link_name="panda_hand", object=bare("cup", ADD), touch_links=["panda_leftfinger"])
    carried = after(scene(attached=[attach]), known=known)
    (cup,) = carried.scene.attached
    assert carried.scene.obstacles == () and (cup.link, cup.touch_links) == ("panda_hand", ("panda_leftfinger",))
    hand = FRAMES.pose("panda_hand")
    np.testing.assert_allclose((hand @ [*cup.solids[0].center, 1])[:3], (0.3, 0, 0.5), atol=1e-9)
    later = ROBOT.ready + 0.3
    elsewhere = Frames(ROBOT, lambda: later)
    for let_go in (
        held(id="cup", operation=REMOVE),
        held(id="", operation=REMOVE),
        held(id="", link="", operation=REMOVE),
    ):
        down = after(scene(attached=[let_go]), known=carried, frames=elsewhere)
        assert down.scene.attached == ()
        place = elsewhere.pose("panda_hand") @ [*cup.solids[0].center, 1]
        np.testing.assert_allclose(down.scene.obstacles[0].center, place[:3], atol=1e-9)
    other = after(scene(attached=[held(id="", link="panda_link5", operation=REMOVE)]), known=carried)
    assert len(other.scene.attached) == 1


def test_it_is_attached_with_shapes_of_its_own_in_any_frame():
    in_hand = after(scene(attached=[held(frame="panda_hand", pose=at(0.0, 0.0, 0.1))])).scene.attached[0]
    np.testing.assert_allclose(in_hand.solids[0].center, (0, 0, 0.1))
    base = after(scene(attached=[held(pose=at(0.4, 0.0, 0.4))])).scene.attached[0]
    np.testing.assert_allclose((FRAMES.pose("panda_hand") @ [*base.solids[0].center, 1])[:3], (0.4, 0, 0.4), atol=1e-9)
    longer = held(operation=APPEND, touch=("panda_rightfinger",), primitive_poses=[at(0.0, 0.0, 0.2)])
    known = after(scene(attached=[held(frame="panda_hand")]), scene(attached=[longer]))
    assert len(known.scene.attached[0].solids) == 2
    assert known.scene.attached[0].touch_links == ("panda_leftfinger", "panda_rightfinger")


def test_a_link_s_own_frame_needs_no_state():
    def nowhere():
        raise GenModelsError(ErrorCode.NO_ROBOT_STATE, "Nobody knows.")

    assert after(scene(attached=[held(frame="panda_hand")]), frames=Frames(ROBOT, nowhere)).scene.attached
    unknown = after(scene(attached=[held(frame="panda_link0")]), frames=Frames(ROBOT, nowhere))
    assert unknown.problems["box"].code == ErrorCode.NO_ROBOT_STATE


def test_a_full_scene_forgets_what_was_carried_and_a_difference_of_the_state_does_not():
    known = after(scene(attached=[held()]))
    assert after(scene(), known=known).scene.attached
    assert not after(scene(is_diff=False), known=known).scene.attached


def test_what_comes_back_among_the_objects_is_not_carried_any_more():
    known = after(scene(attached=[held()]), scene(thing()))
    assert not known.scene.attached and len(known.scene.obstacles) == 1


def test_removing_all_objects_leaves_what_is_carried():
    assert after(scene(thing("other"), attached=[held()]), scene(bare("", REMOVE))).scene.attached


# --- Who may touch whom


def allowing(*pairs, names=(), **fields) -> PlanningScene:
    """A difference with a matrix that allows pairs, and forbids all others of the names."""
    names = sorted({*names, *(name for pair in pairs for name in pair)})
    message = scene(**fields)
    message.allowed_collision_matrix.entry_names = names
    message.allowed_collision_matrix.entry_values = [
        AllowedCollisionEntry(enabled=[{one, two} in map(set, pairs) for two in names]) for one in names
    ]
    return message


def test_the_matrix_is_kept_by_name_and_lets_links_and_what_they_carry_touch():
    matrix = allowing(("panda_leftfinger", "box"), ("cup", "box"), ("cup", "panda_link7"))
    known = after(matrix, scene(thing()))
    assert known.scene.obstacles[0].touch_links == ("panda_leftfinger",)
    known = after(scene(attached=[held(id="cup")]), known=known)
    assert known.scene.obstacles[0].touch_links == ("panda_leftfinger", "cup")
    assert known.scene.allowed == (("panda_link7", "cup"),)
    again = after(scene(bare("box", REMOVE)), scene(thing()), known=known)
    assert again.scene.obstacles[0].touch_links, "as in MoveIt"
    assert not after(scene(bare("", REMOVE)), scene(thing()), known=known).scene.obstacles[0].touch_links, (
        "as in MoveIt"
    )
    assert not after(allowing(names=("box", "cup")), known=known).scene.obstacles[0].touch_links
    assert not after(scene(is_diff=False), scene(thing()), known=known).scene.obstacles[0].touch_links


def test_an_octomap_has_its_name_in_the_matrix():
    known = after(allowing(("panda_hand", OCTOMAP)), octomap((5, 0, 3)), scene(thing()))
    assert {o.id: o.touch_links for o in known.scene.obstacles} == {OCTOMAP: ("panda_hand",), "box": ()}


def test_padding_and_scale_are_read():
    message = scene(thing())
    message.link_padding = [LinkPadding(link_name="panda_hand", padding=0.02)]
    message.link_scale = [LinkScale(link_name="panda_link7", scale=1.1)]
    assert set(after(message).scene.margins) == {LinkMargin("panda_hand", 0.02), LinkMargin("panda_link7", 0.0, 1.1)}


# --- Frames


def test_the_planning_frame_is_read_from_the_joint_that_leads_to_the_robot():
    message = scene(thing(frame="world", pose=at(0.5, 0.0, 1.2)))
    joints = message.robot_state.multi_dof_joint_state
    joints.header.frame_id, joints.joint_names = "world", ["virtual_joint"]
    transform = Transform()
    transform.translation.z, transform.rotation.z, transform.rotation.w = 1.0, np.sin(0.5), np.cos(0.5)
    joints.transforms = [transform]
    fixed = TransformStamped(header=Header(frame_id="world"), child_frame_id="camera")
    fixed.transform.translation.x = 0.3
    message.fixed_frame_transforms = [fixed]
    told = told_frames(message, ROBOT, {})
    assert set(told) == {"world", "", "camera"}
    known = after(message, frames=Frames(ROBOT, lambda: ROBOT.ready, told))
    np.testing.assert_allclose(known.scene.obstacles[0].center, (0.5 * np.cos(1), -0.5 * np.sin(1), 0.2), atol=1e-9)
    np.testing.assert_allclose(told["camera"], told["world"] @ [[1, 0, 0, 0.3], *np.eye(4)[1:]])


def test_a_fixed_transform_s_frames_lose_a_leading_slash():
    fixed = TransformStamped(header=Header(frame_id="/world"), child_frame_id="/camera")
    fixed.transform.translation.x = 0.3
    frame, (parent, pose) = to_fixed(fixed)
    assert (frame, parent) == ("camera", "world") and pose[0, 3] == 0.3


def test_what_is_fixed_in_a_known_frame_is_known():
    fixed, there = TransformStamped(header=Header(frame_id="world"), child_frame_id="camera"), np.eye(4)
    fixed.transform.translation.x, there[2, 3] = 0.3, -1
    message = scene()
    message.fixed_frame_transforms = [fixed]
    assert told_frames(message, ROBOT, {}) == {} == told_frames(scene(), ROBOT, {"world": there})
    told = told_frames(message, ROBOT, {"world": there})
    np.testing.assert_array_equal(told["camera"][:3, 3], (0.3, 0, -1))


# --- Everything else


def with_mesh(*indices, corners=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))) -> CollisionObject:
    message = bare("box", ADD)
    points = [Point(x=x, y=y, z=z) for x, y, z in corners]
    message.meshes = [Mesh(vertices=points, triangles=[MeshTriangle(vertex_indices=list(indices))])]
    return message


def with_plane(*coef) -> CollisionObject:
    message = bare("box", ADD)
    message.planes = [Plane(coef=list(coef))]
    return message


HOSTILE = {
    "no shapes": bare("box", ADD),
    "no id": thing(""),
    "NaN size": thing(primitives=[solid(SolidPrimitive.SPHERE, NAN)]),
    "negative size": thing(primitives=[solid(SolidPrimitive.BOX, 1.0, -1.0, 1.0)]),
    "too few sizes": thing(primitives=[solid(SolidPrimitive.BOX, 1.0)]),
    "a prism": thing(primitives=[solid(SolidPrimitive.PRISM, 1.0)]),
    "no kind": thing(primitives=[SolidPrimitive()]),
    "NaN pose": thing(pose=at(NAN)),
    "NaN pose of a shape": thing(primitive_poses=[at(0.0, NAN)]),
    "not a unit quaternion": thing(pose=to_pose((0, 0, 0), (0, 0, 0, 0.5))),
    "infinite": thing(pose=at(float("inf"))),
    "far": thing(pose=at(1e9)),
    "unknown frame": thing(frame="moon"),
    "more poses than shapes": thing(primitive_poses=[at(), at()]),
    "subframes without poses": thing(subframe_names=["tip"]),
    "moved by too many poses": bare("box", MOVE, primitive_poses=[at(), at(), at()]),
    "moved before it is added": bare("new", MOVE),
    "a mesh without its corners": with_mesh(0, 1, 7),
    "a mesh of NaN": with_mesh(0, 1, 2, corners=((0.0, 0.0, NAN), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))),
    "a plane without a normal": with_plane(0.0, 0.0, 0.0, 1.0),
    "a plane of NaN": with_plane(NAN, 0.0, 1.0, 1.0),
    "an unknown operation": thing(operation=b"\x09"),
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_read_forbids_planning_until_it_is_taken_away(message):
    known = after(scene(thing()))
    failed = after(scene(message), known=known)
    with pytest.raises(GenModelsError) as error:
        _ = failed.scene
    assert error.value.message.endswith(".")
    assert error.value.code in (ErrorCode.INVALID_OBSTACLE, ErrorCode.UNKNOWN_FRAME)
    assert after(scene(bare(message.id, REMOVE)), known=failed).scene is not None
    assert after(scene(is_diff=False), known=failed).scene.obstacles == ()


@pytest.mark.parametrize(
    "message",
    [
        held(link="elbow"),
        held(link=""),
        held(primitives=()),
        held(primitives=[solid(SolidPrimitive.BOX, NAN, 1.0, 1.0)]),
    ],
)
def test_what_cannot_be_attached_forbids_planning(message):
    failed = after(scene(attached=[message]))
    with pytest.raises(GenModelsError):
        _ = failed.scene
    assert after(scene(thing()), known=failed).scene.obstacles


def stream(voxels, depth=15) -> bytes:
    """A binary tree down to voxels, each (i, j, k) in [0, 2^16)."""
    children: dict[int, list] = {}
    for voxel in voxels:
        children.setdefault(sum(1 << axis for axis in range(3) if voxel[axis] >> depth & 1), []).append(voxel)
    word = struct.pack("<H", sum((3 if depth else 2) << 2 * child for child in children))
    return word + b"".join(stream(children[child], depth - 1) for child in sorted(children) if depth)


def octomap(*voxels, resolution=0.1, frame="panda_link0", origin=None, data=None) -> PlanningScene:
    """voxels: (i, j, k) counted from the map's origin."""
    message, data = scene(), stream([np.add(voxel, 2**15) for voxel in voxels]) if data is None else data
    placed = message.world.octomap
    placed.header.frame_id, placed.origin = frame, origin or at()
    placed.octomap.id, placed.octomap.binary, placed.octomap.resolution = "OcTree", True, resolution
    placed.octomap.data = np.frombuffer(data, dtype=np.int8).tolist()
    return message


def test_an_octomap_becomes_boxes_where_it_is():
    quarter = at(0.1, turn=np.pi / 2)
    known = after(octomap((5, 0, 3), origin=quarter), scene(thing()))
    box = next(o for o in known.scene.obstacles if o.id == OCTOMAP)
    np.testing.assert_allclose(box.dims, 0.1, atol=1e-4)
    np.testing.assert_allclose(box.center, (0.1 - 0.05, 0.55, 0.35), atol=1e-6)
    assert ids(after(scene(bare("", REMOVE)), known=known)) == [OCTOMAP], "it is no object"
    assert ids(after(octomap((9, 9, 9)), known=known)) == [OCTOMAP, "box"]
    assert after(scene(), known=known).objects.keys() == known.objects.keys(), "a difference says nothing of it"
    cleared = scene()
    cleared.world.octomap.octomap.id = "cleared"
    assert ids(after(cleared, known=known)) == ["box"]


def test_boxes_of_an_octomap_do_not_fill_the_room_that_the_arm_stands_in(monkeypatch):
    monkeypatch.setattr("genmodels_ros.conversions.planning_scene.OCTOMAP_BOXES", 1)
    origin = at(0.2, -0.7, 0.1, 0.8)
    map_from_base = np.linalg.inv(to_matrix(origin))
    hand = FRAMES.pose("panda_hand")[:3, 3]
    beside = [(map_from_base @ [hand[0], hand[1] + side, hand[2], 1])[:3] // 0.05 for side in (-0.3, 0.3)]
    message = octomap(*(place.astype(int) for place in beside), resolution=0.05, origin=origin)
    assert not CollisionChecker(ROBOT, after(message).scene).in_collision(ROBOT.ready)

    def nowhere():
        raise GenModelsError(ErrorCode.NO_ROBOT_STATE, "Nobody knows.")

    joined = after(message, frames=Frames(ROBOT, nowhere)).scene
    assert len(joined.obstacles) == 1 and CollisionChecker(ROBOT, joined).in_collision(ROBOT.ready)


@pytest.mark.parametrize(
    "message",
    [
        octomap((5, 0, 3), data=b"\x03"),
        octomap((5, 0, 3), data=b"\x03\x00" * 20),
        octomap((5, 0, 3), resolution=0.0),
        octomap((5, 0, 3), resolution=NAN),
        octomap((5, 0, 3), frame="moon"),
        octomap((5, 0, 3), origin=at(NAN)),
    ],
)
def test_an_octomap_that_cannot_be_read_forbids_planning_until_the_next(message):
    known = after(octomap((5, 0, 3)), message)
    with pytest.raises(GenModelsError):
        _ = known.scene
    assert after(scene(), known=known).problems
    assert after(octomap((5, 0, 3)), known=known).scene.obstacles


NUMBER = st.floats() | st.sampled_from([0.0, 1.0, 0.1, -1.0, NAN, float("inf")])
POSES = st.builds(
    lambda p, q: Pose(position=Point(x=p[0], y=p[1], z=p[2]), orientation=to_pose((0, 0, 0), q).orientation),
    st.tuples(NUMBER, NUMBER, NUMBER),
    st.tuples(NUMBER, NUMBER, NUMBER, NUMBER) | st.just((0.0, 0.0, 0.0, 1.0)),
)
SOLIDS = st.builds(
    lambda kind, sizes: SolidPrimitive(type=kind, dimensions=sizes), st.integers(0, 6), st.lists(NUMBER, max_size=3)
)
THINGS = st.builds(
    lambda id, operation, solids, poses, pose, frame: thing(
        id, bytes([operation]), solids, frame, pose, primitive_poses=poses
    ),
    st.sampled_from(["", "a", "b"]),
    st.integers(0, 5),
    st.lists(SOLIDS, max_size=2),
    st.lists(POSES, max_size=2),
    POSES,
    st.sampled_from(["", "panda_link0", "panda_hand", "a", "moon"]),
)


NAMES = st.sampled_from(["a", "b", "panda_hand", "panda_link7", "nobody", ""])
MATRICES = st.builds(
    AllowedCollisionMatrix,
    entry_names=st.lists(NAMES, max_size=3),
    entry_values=st.lists(
        st.builds(AllowedCollisionEntry, enabled=st.lists(st.booleans(), min_size=2, max_size=3)), max_size=3
    ),
    default_entry_names=st.lists(NAMES, max_size=2),
    default_entry_values=st.lists(st.booleans(), max_size=2),
)
PADDINGS = st.lists(st.builds(LinkPadding, link_name=NAMES, padding=NUMBER), max_size=2)
SCALES = st.lists(st.builds(LinkScale, link_name=NAMES, scale=NUMBER), max_size=2)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(MATRICES, PADDINGS, SCALES, st.booleans())
def test_any_rules_are_rules_or_a_sentence(matrix, padding, scale, is_diff):
    message = scene(thing("a"), attached=[held(id="b")], is_diff=is_diff)
    message.allowed_collision_matrix, message.link_padding, message.link_scale = matrix, padding, scale
    known = after(message)
    assert all(error.message.endswith(".") for error in known.problems.values())
    assert all(remark.endswith(".") for remark in known.rules.remarks(known.objects, ROBOT))
    if not known.problems:
        assert CollisionChecker(ROBOT, known.scene).clearance(ROBOT.ready) > -1
        assert all(margin.padding >= 0 and margin.scale >= 1 for margin in known.scene.margins)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(THINGS, max_size=4), st.lists(THINGS, max_size=2), st.sampled_from(["panda_hand", "", "x"]), st.booleans()
)
def test_any_message_gives_a_scene_or_a_sentence(things, attached, link, is_diff):
    attached = [AttachedCollisionObject(link_name=link, object=message) for message in attached]
    known = after(scene(thing("a")), scene(*things, attached=attached, is_diff=is_diff))
    for error in known.problems.values():
        assert isinstance(error, GenModelsError) and error.message.endswith(".")
    if not known.problems:
        assert all(np.isfinite(solid.center).all() for solid in known.scene.obstacles)
