"""A family as prior of the arm generator: paths between the right ends, the diffusion model where it cannot help."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.arm.path_prior import PathPrior
from genmodels_ros.pipelines.arm.trajectory_generation import GuidanceWeights, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.robots.description import load_robot

ROBOT = load_robot("panda")
n, D = 12, 7


def family(dimension: int = n * D, condition_dimension: int = 2 * D) -> Standardised:
    """Unfitted, that is Gaussian noise, scaled to a tenth of a radian."""
    model = Standardised.of_family("mixture", {"dimension": dimension, "condition_dimension": condition_dimension})
    model.spread.fill_(0.1)
    return model


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("prior"), family()
    save_checkpoint(folder, model, Card(model="family", config=model.card_config))
    return folder


def test_paths_lead_from_the_start_to_the_goals_in_turn():
    goals = np.stack([ROBOT.ready + 0.2, ROBOT.ready - 0.2])
    paths = PathPrior(family(), ROBOT).sample(ROBOT, ROBOT.ready, goals, num_samples=5, seed=0)
    assert paths.shape == (5, n + 4, D)
    for end in (0, 1):
        np.testing.assert_allclose(paths[:, end], np.repeat(ROBOT.ready[None], 5, 0))
    np.testing.assert_array_equal(paths[:, -1], goals[[0, 1, 0, 1, 0]])
    assert np.std(paths[:, 5]) > 0.05


def test_a_seed_reproduces():
    prior, goal = PathPrior(family(), ROBOT), ROBOT.ready[None] + 0.2
    one, same, other = (prior.sample(ROBOT, ROBOT.ready, goal, num_samples=3, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("sizes", [(n * D, 0), (n * D + 1, 2 * D), (n * D, D)])
def test_a_model_of_other_vectors_is_refused(sizes):
    with pytest.raises(GenModelsError) as error:
        PathPrior(family(*sizes), ROBOT)
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE and "data vectors" in error.value.message


def test_the_first_batch_is_the_priors_and_guidance_or_a_warm_start_is_the_models(checkpoint):
    torch.set_num_threads(1)
    generator = TrajectoryGenerator.from_checkpoint(prior=checkpoint, device="cpu")
    asked = []
    for who in (generator.prior, generator.sampler):
        drawn = who.sample
        who.sample = lambda *args, drawn=drawn, who=who, **kw: (asked.append(who), drawn(*args, **kw))[1]
    query = {"start": ROBOT.ready, "goal_config": ROBOT.ready + 0.3, "num_samples": 4}
    results = [
        generator.generate(TrajectoryQuery(**query, **more))
        for more in (
            {},
            {"guidance": GuidanceWeights(length=1.0)},
            {"warm_start": np.linspace(ROBOT.ready, ROBOT.ready + 0.3, 9)},
        )
    ]
    assert all(result.code is ErrorCode.SUCCESS for result in results)
    assert asked == [generator.prior, generator.sampler, generator.sampler]


def test_a_batch_that_holds_nothing_is_followed_by_the_model():
    """Paths that start beyond the joint limits pass no verification; the guided model answers the query."""

    class Wild:
        def sample(self, robot, start, goals, *, num_samples, seed):
            return np.repeat(np.linspace(start + 10.0, goals[0], n + 4)[None], num_samples, 0)

    generator = TrajectoryGenerator.from_checkpoint(device="cpu")
    generator.prior = Wild()
    query = TrajectoryQuery(
        start=ROBOT.ready, goal_config=ROBOT.ready + 0.3, num_samples=4, allow_fallback=False, time_limit=60.0
    )
    result = generator.generate(query)
    assert result.code is ErrorCode.SUCCESS and result.num_samples == 8
