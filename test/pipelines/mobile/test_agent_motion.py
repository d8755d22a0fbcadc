"""Predicted futures: shapes, frames, seeds, densities; hostile input is refused with a code."""

import numpy as np
import pytest
import torch

from genmodels_ros.data.agent_frame import CONDITION, FUTURE, PAST, turned
from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.mobile.agent_motion import MOST_FUTURES, AgentMotion

TRACKS = np.linspace([[0.0, 0.0], [5.0, 5.0]], [[1.6, 0.0], [5.0, 3.4]], PAST + 1, axis=1)


@pytest.fixture(scope="module")
def motion() -> AgentMotion:
    torch.manual_seed(0)
    settings = {"dimension": 2 * FUTURE, "condition_dimension": CONDITION, "bins": 16, "width": 16, "layers": 1}
    model = Standardised.of_family("autoregressive", settings)
    with torch.no_grad():
        model.spread.fill_(0.1)
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return AgentMotion(model)


def test_futures_of_each_agent_begin_where_it_is(motion):
    futures = motion.predict(TRACKS, 5, generator(0))
    assert futures.samples.shape == (2, 5, FUTURE, 2) and futures.mean.shape == (2, FUTURE, 2)
    assert np.abs(futures.samples[:, :, 0] - TRACKS[:, None, -1]).max() < 1.0
    np.testing.assert_allclose(futures.mean, futures.samples.mean(1))


def test_a_seed_repeats_the_futures(motion):
    one, same, other = (motion.predict(TRACKS, 3, generator(seed)).samples for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_turned_tracks_have_turned_futures(motion):
    yaw = np.full(2, 1.1)
    robot, points = np.array([2.0, 1.0]), np.array([[3.0, 0.0], [4.0, 4.0]])
    spin = lambda values: turned(values[None], yaw[:1])[0]  # noqa: E731
    there = motion.predict(TRACKS, 3, generator(0), robot=robot, obstacles=points).samples
    turned_first = motion.predict(
        turned(TRACKS, yaw), 3, generator(0), robot=spin(robot[None])[0], obstacles=spin(points)
    ).samples
    np.testing.assert_allclose(turned_first, turned(there, yaw), atol=1e-4)


def test_the_surroundings_matter(motion):
    alone = motion.predict(TRACKS, 3, generator(0)).samples
    walled = motion.predict(TRACKS, 3, generator(0), obstacles=np.array([[2.2, 0.0], [5.0, 2.8]])).samples
    assert not np.allclose(alone, walled)


def test_the_density_of_positions_is_that_of_displacements(motion):
    """Turning and shifting everything changes no density; nor does summing displacements up."""
    futures = motion.predict(TRACKS, 1, generator(0)).samples[:, 0]
    yaw = np.full(2, -2.0)
    np.testing.assert_allclose(
        motion.log_prob(turned(TRACKS, yaw) + 3, turned(futures, yaw) + 3), motion.log_prob(TRACKS, futures), atol=1e-3
    )
    assert (motion.log_prob(TRACKS, futures + 1.0) < motion.log_prob(TRACKS, futures)).all()


def test_young_tracks_and_no_agents_are_served(motion):
    assert motion.predict(TRACKS[:, -2:], 2, generator(0)).samples.shape == (2, 2, FUTURE, 2)
    nobody = motion.predict(np.empty((0, 9, 2)), 2, generator(0))
    assert nobody.samples.shape == (0, 2, FUTURE, 2) and nobody.mean.shape == (0, FUTURE, 2)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"tracks": TRACKS[0]}, ErrorCode.WRONG_LENGTH),
        ({"tracks": TRACKS[:, -1:]}, ErrorCode.WRONG_LENGTH),
        ({"tracks": TRACKS[..., :1]}, ErrorCode.WRONG_LENGTH),
        ({"tracks": "people"}, ErrorCode.WRONG_LENGTH),
        ({"tracks": [[[0, 0], [1]]]}, ErrorCode.WRONG_LENGTH),
        ({"tracks": np.where(TRACKS > 4, np.nan, TRACKS)}, ErrorCode.NOT_FINITE),
        ({"tracks": TRACKS * 1e9}, ErrorCode.NOT_FINITE),
        ({"robot": np.zeros(3)}, ErrorCode.WRONG_LENGTH),
        ({"robot": np.array([np.nan, 0])}, ErrorCode.NOT_FINITE),
        ({"obstacles": np.zeros(2)}, ErrorCode.WRONG_LENGTH),
        ({"obstacles": np.full((4, 2), np.inf)}, ErrorCode.NOT_FINITE),
        ({"count": 0}, ErrorCode.INVALID_COUNT),
        ({"count": MOST_FUTURES}, ErrorCode.INVALID_COUNT),
    ],
)
def test_what_cannot_be_predicted_is_refused(motion, arguments, code):
    with pytest.raises(GenModelsError) as error:
        motion.predict(**({"tracks": TRACKS, "count": 2, "rng": generator(0)} | arguments))
    assert error.value.code is code


def test_futures_of_another_shape_have_no_density(motion):
    with pytest.raises(GenModelsError) as error:
        motion.log_prob(TRACKS, np.zeros((2, FUTURE - 1, 2)))
    assert error.value.code is ErrorCode.WRONG_LENGTH


def test_a_model_of_something_else_is_refused():
    with pytest.raises(GenModelsError) as error:
        AgentMotion(Standardised.of_family("autoregressive", {"dimension": 3}))
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE and "genmodels train agents" in error.value.message


def test_the_shipped_model_sees_walkers_go_on_and_walls_in_their_way():
    """A walk at 1 m/s goes on; a wall across it 0.8 m ahead holds some futures back (not all: docs/agent_motion.md)."""
    motion = AgentMotion.from_checkpoint(device="cpu")
    free = motion.predict(TRACKS[:1], 200, generator(0)).samples[0, :, -1]
    assert 1.6 + 0.8 < np.median(free[:, 0]) < 1.6 + 3.5 and abs(np.median(free[:, 1])) < 0.4
    wall = np.stack([np.full(81, 2.4), np.linspace(-2, 2, 81)], axis=1)
    walled = motion.predict(TRACKS[:1], 200, generator(0), obstacles=wall).samples[0, :, -1]
    assert (walled[:, 0] > 2.4).mean() < (free[:, 0] > 2.4).mean() - 0.05
