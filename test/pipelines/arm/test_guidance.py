"""Guided samples cost less, each part of the cost by itself, and a warm start stays near what it starts from."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.diffusion import TrajectoryDiffusion
from genmodels_ros.pipelines.arm.guidance import CostGuidance
from genmodels_ros.pipelines.arm.trajectory_query import GuidanceWeights
from genmodels_ros.pipelines.arm.trajectory_sampling import SamplingSettings, TrajectorySampler
from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Cylinder, Scene
from genmodels_ros.robots.paths.bspline import basis, straight_line
from genmodels_ros.robots.paths.cost import CostSettings, PathCost
from genmodels_ros.robots.paths.features import num_path_features

SWING = np.array([0.8, 0, 0, 0, 0, 0, 0])
POST = Scene((Cylinder((0.34, 0.0, 0.45), 0.04, 0.9),))
WORKSPACE = np.array([[-1.0, -1.0, 0.0], [1.0, 1.0, 0.55]])


@pytest.fixture(scope="module")
def panda():
    return load_robot("panda")


@pytest.fixture(scope="module")
def model(panda) -> TrajectoryDiffusion:
    """Untrained: it predicts v = 0, so that x_0 is what is left of the noise."""
    network = TrajectoryDiffusion(path_features=num_path_features(panda), width=16, layers=1, x_0_bound=3.0)
    network.scale.fill_(0.2)
    return network


@pytest.fixture(scope="module")
def draw(panda, model):
    def draw(weights: GuidanceWeights, sampler: str = "ddim", **options) -> np.ndarray:
        guidance = CostGuidance(Proximity(panda, POST), weights, WORKSPACE)
        sampler = TrajectorySampler(model, torch.device("cpu"), settings=SamplingSettings(sampler, 6))
        start, goal = panda.ready - SWING, panda.ready + SWING
        return sampler.sample(panda, start, goal[None], POST, num_samples=8, seed=0, guidance=guidance, **options)

    return draw


def overlap(robot, paths: np.ndarray) -> float:
    """m, deepest overlap of the paths' spheres, averaged."""
    return -PathCost(Proximity(robot, POST), CostSettings(), 16).clearance(paths.astype(np.float32)).mean()


def length(robot, paths: np.ndarray) -> float:
    return float(np.square(np.diff(paths, axis=1)).sum())


def roughness(robot, paths: np.ndarray) -> float:
    return float(np.square(np.diff(paths, n=2, axis=1)).sum())


def height_beyond(robot, paths: np.ndarray) -> float:
    """m, of the tool frame above the workspace, averaged."""
    q = torch.from_numpy(basis(16, 40) @ paths)
    z = link_pose(robot.chain, q, robot.tool_frame)[..., 2, 3].numpy()
    return float(np.maximum(z - WORKSPACE[1, 2], 0).mean())


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver", "ddpm"])
@pytest.mark.parametrize(
    "name, cost", [("collision", overlap), ("length", length), ("smoothness", roughness), ("workspace", height_beyond)]
)
def test_guidance_reduces_its_cost(panda, draw, name, cost, sampler):
    free = cost(panda, draw(GuidanceWeights(), sampler))
    assert cost(panda, draw(GuidanceWeights(**{name: 1.0}), sampler)) < 0.8 * free
    assert free > 0.01


def test_no_weight_is_no_guidance(panda, draw):
    guidance = CostGuidance(Proximity(panda, POST), GuidanceWeights(workspace=1.0))
    assert not guidance.active and not CostGuidance(guidance.proximity, GuidanceWeights(), WORKSPACE).active
    np.testing.assert_array_equal(draw(GuidanceWeights()), draw(GuidanceWeights()))


def test_a_warm_start_keeps_near_the_previous_answer_from_where_the_robot_is(panda, model):
    start, goal = panda.ready - SWING, panda.ready + SWING
    previous = basis(16, 60) @ straight_line(start, goal, 16)
    previous[1:-1, 3] += 0.5 * np.sin(np.linspace(0, np.pi, 60))[1:-1]
    sampler = TrajectorySampler(model, torch.device("cpu"), settings=SamplingSettings(num_inference_steps=6))
    paths = sampler.sample(panda, previous[20], goal[None], Scene(), num_samples=16, seed=0, warm_start=previous)
    np.testing.assert_allclose(paths[:, 0], np.repeat(previous[20:21], 16, axis=0))
    assert np.abs(basis(16, 40) @ paths[0] - previous[20:]).max() < 0.3
    bend = (basis(16, 40) @ paths)[:, 10, 3] - panda.ready[3]
    assert bend.mean() == pytest.approx(previous[29, 3] - panda.ready[3], abs=0.2) and bend.std() > 0.05


def test_samplers_and_steps_that_do_not_exist_are_refused(model):
    with pytest.raises(GenModelsError, match="ddim"):
        SamplingSettings("euler-maruyama")
    with pytest.raises(GenModelsError, match="1 to 100"):
        TrajectorySampler(model, torch.device("cpu"), settings=SamplingSettings(num_inference_steps=101))
