"""The trajectory trainer learns, resumes, and writes a checkpoint that the pipeline takes."""

import numpy as np
import pytest
import torch

from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.pipelines.arm.trajectory_generation import TrajectoryGenerator
from genmodels_ros.pipelines.arm.trajectory_sampling import TrajectorySampler
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.scene_arrays import scene_arrays
from genmodels_ros.training.arm.trajectories import train


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Paths that all bulge the same way in the second joint."""
    folder, robot = tmp_path_factory.mktemp("shards"), load_robot("panda")
    rng = np.random.default_rng(0)
    start, goal = robot.ready + 0.5 * rng.normal(size=(2, 80, 7))
    paths = straight_line(start, goal, 16)
    paths[:, 2:-2, 1] += np.sin(np.linspace(0, np.pi, 14)[1:-1])
    scenes = scene_arrays([Scene((Sphere((0.5, 0.0, 0.4), 0.05),))] * 80)
    np.savez(folder / "arm_00000.npz", start=start, goal=goal, control_points=paths, scene_id=np.arange(80), **scenes)
    return folder


def test_training_learns_resumes_and_ends_in_a_checkpoint_for_the_pipeline(shards, tmp_path, monkeypatch):
    monkeypatch.setattr("genmodels_ros.training.arm.trajectories.SAVE_EVERY", 15)
    options = {"data": shards, "out": tmp_path, "batch_size": 16, "seed": 0, "device": "cpu"}
    early = train(steps=15, **options)
    late = train(steps=45, resume=True, **options)
    assert (early.steps, late.steps) == (15, 45)
    assert late.metrics["validation_loss"] < 0.7 * early.metrics["validation_loss"]
    assert late.metrics["validation_scenes"] == 4 and late.metrics["training_paths"] == 76
    model, card = load_checkpoint(tmp_path, "trajectory_diffusion")
    assert card.sha256 == late.sha256 and "--steps 45" in card.command
    assert model.scale[1] > 0.5 > model.scale[0]
    TrajectoryGenerator.from_checkpoint(tmp_path, device="cpu")


def test_a_flow_that_looks_at_its_geometry_trains_too_and_its_card_says_how(shards, tmp_path):
    card = train(
        data=shards,
        out=tmp_path,
        steps=3,
        batch_size=8,
        seed=4,
        device="cpu",
        prediction="flow",
        schedule="flow",
        width=32,
        layers=1,
        self_conditioning=True,
    )
    assert card.command == (
        "genmodels train trajectories --steps 3 --batch-size 8 --seed 4 --prediction flow --schedule flow --width 32"
        " --layers 1 --self-conditioning"
    )
    assert card.data == {"shards": 1, "trajectories": 80}
    model, _ = load_checkpoint(tmp_path, "trajectory_diffusion")
    assert (model.prediction, model.condition_dropout) == ("flow", 0.1) and model.embed_look is not None
    robot = load_robot("panda")
    sampler = TrajectorySampler(model, torch.device("cpu"))
    scene, goal = Scene((Sphere((0.5, 0.0, 0.4), 0.05),)), robot.ready + 0.2
    paths = [sampler.sample(robot, robot.ready, goal[None], scene, num_samples=4, seed=s) for s in (0, 0, 1)]
    assert np.isfinite(paths[0]).all()
    np.testing.assert_array_equal(paths[0], paths[1])
    assert np.abs(paths[0] - paths[2]).max() > 1e-3


def test_an_option_that_does_not_exist_is_refused(shards, tmp_path):
    with pytest.raises(TypeError, match="depth"):
        train(data=shards, out=tmp_path, steps=1, depth=4)
