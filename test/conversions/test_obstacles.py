"""ObstacleArray and Scene say the same; what is no obstacle is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header

from genmodels_interfaces.msg import Obstacle, ObstacleArray
from genmodels_ros.conversions.obstacles import to_obstacle_array, to_scene
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere

SIZE, PLACE = st.floats(1e-3, 5), st.tuples(*[st.floats(-5, 5)] * 3)
ANGLE = st.floats(-3, 3)


def about_z(angle) -> tuple:
    return (0.0, 0.0, float(np.sin(angle / 2)), float(np.cos(angle / 2)))


BOXES = st.builds(lambda c, d, a: Box(c, d, about_z(a), "box"), PLACE, st.tuples(SIZE, SIZE, SIZE), ANGLE)
CYLINDERS = st.builds(lambda c, r, h, a: Cylinder(c, r, h, about_z(a), "can"), PLACE, SIZE, SIZE, ANGLE)
SPHERES = st.builds(lambda c, r: Sphere(c, r, "ball"), PLACE, SIZE)


@given(st.lists(st.one_of(BOXES, CYLINDERS, SPHERES), max_size=5))
@settings(max_examples=50, deadline=None)
def test_there_and_back(obstacles):
    scene = to_scene(to_obstacle_array(Scene(tuple(obstacles)), Header(frame_id="base")), "base")
    assert len(scene.obstacles) == len(obstacles)
    for before, after in zip(obstacles, scene.obstacles, strict=True):
        assert type(before) is type(after) and before.id == after.id
        for name in ("center", "dims", "radius", "height", "quat_xyzw"):
            if hasattr(before, name):
                np.testing.assert_allclose(getattr(after, name), getattr(before, name))


@pytest.mark.parametrize(("frame", "known"), [("", True), ("base", True), ("/base", False), ("map", False)])
def test_only_the_base_frame_is_known(frame, known):
    message = ObstacleArray(header=Header(frame_id=frame))
    if known:
        assert to_scene(message, "base") == Scene()
    else:
        with pytest.raises(GenModelsError, match="transform") as error:
            to_scene(message, "base")
        assert error.value.code == ErrorCode.UNKNOWN_FRAME


def obstacle(kind=SolidPrimitive.SPHERE, sizes=(1.0,), **orientation) -> ObstacleArray:
    message = Obstacle(id="thing", primitive=SolidPrimitive(type=kind, dimensions=list(sizes)))
    for axis, value in orientation.items():
        setattr(message.pose.orientation, axis, value)
    return ObstacleArray(obstacles=[message])


@pytest.mark.parametrize(
    "message",
    [
        obstacle(sizes=[0.0]),
        obstacle(sizes=[-1.0]),
        obstacle(sizes=[float("inf")]),
        obstacle(sizes=[]),
        obstacle(sizes=[1.0, 1.0]),
        obstacle(SolidPrimitive.CONE, [1.0, 1.0]),
        obstacle(200, [1.0]),
        obstacle(SolidPrimitive.CYLINDER, [1.0, 0.0]),
        obstacle(SolidPrimitive.BOX, [1.0, float("nan"), 1.0]),
        obstacle(SolidPrimitive.BOX, [1.0, 1.0, 1.0], w=0.0),
        obstacle(SolidPrimitive.BOX, [1.0, 1.0, 1.0], x=float("nan")),
    ],
)
def test_what_is_no_obstacle_is_refused_by_name(message):
    with pytest.raises(GenModelsError, match="thing") as error:
        to_scene(message, "base")
    assert error.value.code == ErrorCode.INVALID_OBSTACLE


def test_too_many_are_refused():
    with pytest.raises(GenModelsError) as error:
        to_scene(ObstacleArray(obstacles=[Obstacle()] * 4), "base", max_obstacles=3)
    assert error.value.code == ErrorCode.INVALID_COUNT
