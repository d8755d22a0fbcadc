"""Objects of a scene: obstacles, or carried; what cannot be read forbids planning until it is said again."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import Box, LinkMargin, Sphere
from genmodels_ros.robots.scene.allowed_collisions import AllowedCollisions
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.scene.frames import Frames, fixed_to
from genmodels_ros.robots.scene.scene_objects import ObjectScene, SceneObject
from genmodels_ros.robots.urdf import pose_matrix

POSE, INNER = pose_matrix((0.5, 0.1, 0.2), (0, 0, 1.0)), pose_matrix((0.0, 0.0, 0.3), (0.5, 0, 0))
BALL = SceneObject("ball", POSE, ((np.eye(4), (Sphere((0, 0, 0), 0.1),)), (INNER, (Box((0, 0, 0), (1, 1, 1)),))))
NAN_BOX = GenModelsError(ErrorCode.INVALID_OBSTACLE, "A box of NaN.")


def test_shapes_are_placed_in_the_object_and_named_after_it():
    ball, box = ObjectScene().put(BALL).scene.obstacles
    np.testing.assert_allclose(ball.center, POSE[:3, 3])
    np.testing.assert_allclose(box.center, (POSE @ INNER)[:3, 3])
    assert ball.id == box.id == "ball"


def test_what_a_link_carries_is_no_obstacle():
    carried = SceneObject("ball", POSE, BALL.shapes, link="panda_hand", touch_links=("panda_leftfinger",))
    scene = ObjectScene().put(BALL).put(carried).scene
    assert scene.obstacles == () and [thing.id for thing in scene.attached] == ["ball"]
    assert scene.attached[0].link == "panda_hand" and scene.attached[0].touch_links == ("panda_leftfinger",)
    assert len(scene.attached[0].solids) == 2


def test_a_carried_thing_stays_itself_while_others_change():
    """So that the arm that carries it need not be made anew."""
    objects = ObjectScene().put(SceneObject("cup", POSE, BALL.shapes, link="panda_hand"))
    assert objects.scene.attached == objects.put(BALL).scene.attached


def test_the_same_said_again_changes_nothing():
    objects = ObjectScene().put(BALL)
    again = SceneObject("ball", POSE.copy(), ((np.eye(4), (Sphere((0, 0, 0), 0.1),)), BALL.shapes[1]))
    assert objects.put(again) is objects and objects.drop("nobody") is objects
    others = [
        SceneObject("ball", INNER, BALL.shapes),
        SceneObject("ball", POSE, BALL.shapes[:1]),
        SceneObject("ball", POSE, ((np.eye(4), (Sphere((0, 0, 0), 0.2),)), BALL.shapes[1])),
        SceneObject("ball", POSE, BALL.shapes, {"top": INNER}),
        SceneObject("ball", POSE, BALL.shapes, link="panda_hand"),
    ]
    for other in others:
        assert objects.put(other).objects["ball"] is other
    assert objects.fail("ball", NAN_BOX).put(BALL).scene.obstacles


def test_a_problem_forbids_the_scene_until_it_is_solved():
    failed = ObjectScene().put(BALL).fail("ball", NAN_BOX).fail("other", NAN_BOX)
    assert failed.objects == {}
    with pytest.raises(GenModelsError, match="NaN"):
        _ = failed.scene
    with pytest.raises(GenModelsError):
        _ = failed.drop("ball").scene
    assert failed.put(BALL).drop("other").scene.obstacles


def test_rules_go_by_names_and_wait_for_objects(panda):
    allowed = AllowedCollisions({frozenset(pair): True for pair in (("panda_hand", "ball"), ("cup", "panda_link7"))})
    rules = ContactRules(allowed, {"panda_hand": 0.02}, links=panda.chain.link_names)
    empty = ObjectScene().ruled(rules)
    assert empty.ruled(rules) is empty and empty.scene.allowed == ()
    around = empty.put(BALL)
    assert [solid.touch_links for solid in around.scene.obstacles] == [("panda_hand",)] * 2
    cup = SceneObject("cup", POSE, BALL.shapes, link="panda_hand")
    assert around.put(cup).scene.allowed == (("panda_link7", "cup"),)
    assert around.scene.margins == (LinkMargin("panda_hand", 0.02),)
    assert around.fail("other", NAN_BOX).drop("other").drop("ball").put(BALL).scene.obstacles[0].touch_links
    assert BALL.solids[0].touch_links == () == ObjectScene().put(BALL).scene.obstacles[0].touch_links


@pytest.fixture
def frames(panda):
    return Frames(panda, lambda: panda.ready, {"world": pose_matrix((0, 0, -1), (0, 0, 0))})


def test_frames_are_links_objects_subframes_and_those_told_of(frames):
    known = ObjectScene().put(SceneObject("tool", POSE, BALL.shapes, {"tip": INNER, "a/b": POSE}))
    np.testing.assert_array_equal(frames.pose(""), np.eye(4))
    np.testing.assert_array_equal(frames.pose("panda_link0"), np.eye(4))
    np.testing.assert_array_equal(frames.pose("world"), pose_matrix((0, 0, -1), (0, 0, 0)))
    np.testing.assert_allclose(frames.pose("tool", known), POSE)
    np.testing.assert_allclose(frames.pose("tool/tip", known), POSE @ INNER)
    np.testing.assert_allclose(frames.pose("tool/a/b", known), POSE @ POSE)
    assert frames.pose("panda_hand")[2, 3] > 0.4


@pytest.mark.parametrize("frame", ["moon", "tool/", "tool/top", "/world", "Tool"])
def test_other_frames_are_unknown(frames, frame):
    known = ObjectScene().put(SceneObject("tool", POSE, BALL.shapes, {"tip": INNER}))
    if frame == "tool/":
        return  # the object itself
    with pytest.raises(GenModelsError) as error:
        frames.pose(frame, known)
    assert error.value.code == ErrorCode.UNKNOWN_FRAME


def test_a_carried_object_is_where_its_link_is(frames):
    cup = SceneObject("cup", POSE, BALL.shapes, {"rim": INNER}, link="panda_hand")
    hand, known = frames.pose("panda_hand"), ObjectScene().put(cup)
    np.testing.assert_allclose(frames.pose("cup", known), hand @ POSE)
    np.testing.assert_allclose(frames.pose("cup/rim", known), hand @ POSE @ INNER)


def test_what_stands_still_needs_no_state(panda):
    def nowhere():
        raise GenModelsError(ErrorCode.NO_ROBOT_STATE, "Nobody knows.")

    frames = Frames(panda, nowhere)
    assert frames.pose("panda_link0") is not None
    with pytest.raises(GenModelsError) as error:
        frames.pose("panda_hand")
    assert error.value.code == ErrorCode.NO_ROBOT_STATE


def test_fixed_transforms_lead_anywhere_they_connect_in_either_direction(rng):
    one, two, three = (pose_matrix(rng.normal(size=3), rng.normal(size=3)) for _ in range(3))
    parents = {"camera": ("world", two), "base": ("world", one), "lens": ("camera", three), "moon": ("sun", one)}
    found = fixed_to("base", parents)
    assert set(found) == {"base", "world", "camera", "lens"}
    np.testing.assert_allclose(found["world"] @ one, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(found["lens"], np.linalg.inv(one) @ two @ three)
    assert set(fixed_to("base", {"a": ("b", one), "b": ("a", two)})) == {"base"}, "a ring elsewhere"
    assert set(fixed_to("base", {"base": ("base", one)})) == {"base"}
