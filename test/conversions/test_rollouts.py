"""Command sequences, paths and futures."""

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nav_msgs.msg import Path
from std_msgs.msg import Header

from genmodels_interfaces.msg import CommandSequence
from genmodels_ros.conversions.poses import from_planar, to_planar
from genmodels_ros.conversions.rollouts import Bounds, to_command_sequences, to_commands, to_paths, to_rollouts
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.world_model import Imagination

BOUNDS = Bounds(sequences=5, steps=8, poses=6)
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 8), st.just(2))


@given(SHAPES.flatmap(lambda shape: arrays(float, shape, elements=st.floats(-2, 2))))
@settings(max_examples=40, deadline=None)
def test_commands_there_and_back(commands):
    np.testing.assert_array_equal(to_commands(to_command_sequences(commands), BOUNDS), commands)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((6, 2, 2), ErrorCode.INVALID_COUNT),
        ((1, 9, 2), ErrorCode.INVALID_HORIZON),
        ((1, 0, 2), ErrorCode.INVALID_HORIZON),
    ],
)
def test_bounds_hold(shape, code):
    with pytest.raises(GenModelsError) as error:
        to_commands(to_command_sequences(np.zeros(shape)), BOUNDS)
    assert error.value.code == code


def standing_at(pose):
    return lambda message, what: (pose, "odom", "base_link")


def test_nothing_is_too_few():
    with pytest.raises(GenModelsError) as error:
        to_commands([], BOUNDS)
    assert error.value.code == ErrorCode.INVALID_COUNT
    with pytest.raises(GenModelsError) as error:
        to_paths([], standing_at(np.zeros(3)), BOUNDS)
    assert error.value.code == ErrorCode.INVALID_COUNT


def test_sequences_of_different_length_are_refused():
    sequences = [
        *to_command_sequences(np.zeros((1, 3, 2))),
        *to_command_sequences(np.zeros((1, 4, 2))),
        CommandSequence(),
    ]
    with pytest.raises(GenModelsError, match="0 to 4"):
        to_commands(sequences, BOUNDS)


def path(poses, frame) -> Path:
    return Path(header=Header(frame_id=frame), poses=[PoseStamped(pose=from_planar(pose)) for pose in poses])


def test_paths_of_odom_are_seen_from_the_base():
    poses = [(2.0, 1.0, np.pi / 2), (2.0, 3.0, np.pi)]
    (seen,) = to_paths([path(poses, "odom")], standing_at(np.array([2.0, 1.0, np.pi / 2])), BOUNDS)
    np.testing.assert_allclose(seen, [(0, 0, 0), (2, 0, np.pi / 2)], atol=1e-9)
    (same,) = to_paths([path(poses, "base_link")], standing_at(np.array([2.0, 1.0, 1.0])), BOUNDS)
    np.testing.assert_allclose(same, poses)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (path([(0, 0, 0)], "odom"), ErrorCode.INVALID_PATH),
        (path([(0, 0, 0)] * 7, "odom"), ErrorCode.INVALID_PATH),
        (path([(0, 0, 0), (np.nan, 0, 0)], "odom"), ErrorCode.INVALID_PATH),
        (path([(0, 0, 0)] * 2, "map"), ErrorCode.UNKNOWN_FRAME),
    ],
)
def test_wrong_paths_say_which(message, code):
    with pytest.raises(GenModelsError, match="Path 1") as error:
        to_paths([path([(0, 0, 0)] * 2, "odom"), message], standing_at(np.zeros(3)), BOUNDS)
    assert error.value.code == code


def test_futures_keep_their_numbers():
    rng = np.random.default_rng(0)
    futures = Imagination(
        stamp=10.0, origin=np.zeros(3), time_step=0.2, poses=rng.uniform(-1, 1, (2, 3, 3)),
        position_std=rng.uniform(0, 1, (2, 3)), collision_probability=rng.uniform(0, 1, (2, 3)),
        ranges=rng.uniform(0, 9, (2, 3, 4)), angle_min=-3.0, angle_increment=1.5,
    )  # fmt: skip
    rollouts = to_rollouts(futures, header("base_link", 10.0))
    for n, rollout in enumerate(rollouts):
        np.testing.assert_allclose([to_planar(pose) for pose in rollout.poses], futures.poses[n], atol=1e-9)
        np.testing.assert_allclose(rollout.position_std, futures.position_std[n], rtol=1e-6)
        np.testing.assert_allclose(rollout.collision_probability, futures.collision_probability[n], rtol=1e-6)
        np.testing.assert_allclose([scan.ranges for scan in rollout.scans], futures.ranges[n], rtol=1e-6)
        assert [to_seconds(scan.header.stamp) for scan in rollout.scans] == pytest.approx([10.2, 10.4, 10.6])
