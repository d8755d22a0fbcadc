"""Every obstacle that exists can be checked; what cannot is refused with a sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import LARGEST, Box, Cylinder, Scene, Sphere

PANDA = load_robot("panda")
any_number = st.floats() | st.floats(-1, 1)
vectors = st.lists(any_number, min_size=2, max_size=4)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    center=vectors | st.just([0.3, 0.0, 0.6]),
    dims=vectors | st.tuples(*[st.floats(0, LARGEST)] * 3),
    quaternion=st.just((0.0, 0.0, 0.0, 1.0)) | st.lists(any_number, min_size=4, max_size=4),
    kind=st.sampled_from("bcs"),
)
def test_an_obstacle_is_refused_or_can_be_checked(center, dims, quaternion, kind):
    try:
        if kind == "b":
            obstacle = Box(center, dims, quaternion)
        else:
            obstacle = Cylinder(center, dims[0], dims[1], quaternion) if kind == "c" else Sphere(center, dims[0])
    except GenModelsError as error:
        assert error.code == ErrorCode.INVALID_OBSTACLE and error.message.endswith(".")
        return
    checker = CollisionChecker(PANDA, Scene((obstacle,)))
    clearance = checker.clearance(PANDA.ready)
    assert np.isfinite(clearance)
    assert checker.in_collision(PANDA.ready) == bool(checker.collisions(PANDA.ready[None])[0])


@pytest.mark.parametrize("size", [3.0, 100.0, LARGEST])
def test_a_floor_is_a_floor_however_wide(size):
    """Three ways to write the same floor below the arm's middle, found by the same configurations."""
    rng = np.random.default_rng(0)
    q = rng.uniform(PANDA.limits.lower, PANDA.limits.upper, (200, 7))
    reference = CollisionChecker(PANDA, Scene((Box((0, 0, -0.45), (3, 3, 1)),))).collisions(q)
    assert 0.1 < reference.mean() < 0.9
    for floor in (
        Box((0, 0, 0.05 - size / 2), (size, size, size)),
        Box((0, 0, 0.0), (size, size, 0.1)),
        Cylinder((0, 0, 0.0), size, 0.1),
    ):
        np.testing.assert_array_equal(CollisionChecker(PANDA, Scene((floor,))).collisions(q), reference)
