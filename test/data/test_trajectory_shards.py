"""Shards become examples whose symmetries are exact, and scenes are held out whole."""

import json

import numpy as np
import pytest
import torch

from genmodels_ros.data.trajectory_shards import batches, load_examples
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.features import query_features
from genmodels_ros.robots.scene_arrays import scene_arrays


@pytest.fixture(scope="module")
def robot():
    return load_robot("panda")


def write_shard(folder, robot, name="arm_00000.npz", count: int = 40, num_obstacles: int = 2, first_scene: int = 0):
    """Bent paths, two in each scene of one sphere."""
    rng = np.random.default_rng(first_scene)
    start = robot.ready + 0.3 * rng.normal(size=(count, 7))
    goal = robot.ready + 0.3 * rng.normal(size=(count, 7))
    paths = straight_line(start, goal, 16)
    paths[:, 2:-2] += 0.2 * rng.normal(size=(count, 12, 7))
    balls = [Scene((Sphere((0.5, 0.1 * k, 0.4), 0.05 + 0.01 * k),)) for k in range(count // 2)]
    fields = {
        "start": start,
        "goal": goal,
        "control_points": paths,
        "scene_id": first_scene + np.arange(count) // 2,
        **scene_arrays([ball for ball in balls for _ in range(2)], num_obstacles),
    }
    np.savez(folder / name, **fields)
    return fields


def test_shards_of_different_width_are_joined_and_their_card_read(tmp_path, robot):
    write_shard(tmp_path, robot, "arm_00000.npz", num_obstacles=2)
    fields = write_shard(tmp_path, robot, "arm_00001.npz", num_obstacles=5, first_scene=100)
    (tmp_path / "card.json").write_text(json.dumps({"seed": 3}))
    examples, card = load_examples(tmp_path, robot)
    assert len(examples) == 80 and card == {"seed": 3, "shards": 2, "trajectories": 80}
    assert examples.features.obstacle_mask.shape == (80, 5)
    assert (examples.features.obstacle_mask.sum(1) == 1).all()
    line = straight_line(fields["start"], fields["goal"], 16)
    np.testing.assert_allclose(examples.deviation[40:], (fields["control_points"] - line)[:, 2:-2], atol=1e-5)


def test_held_out_scenes_are_held_out_whole(tmp_path, robot):
    write_shard(tmp_path, robot, count=80)
    training, held_out = load_examples(tmp_path, robot)[0].split()
    assert len(training) + len(held_out) == 80 and len(held_out) > 0
    assert not set(training.scene_id.tolist()) & set(held_out.scene_id.tolist())


def test_a_reversed_example_is_the_example_of_the_reversed_path(tmp_path, robot):
    fields = write_shard(tmp_path, robot)
    examples, _ = load_examples(tmp_path, robot)
    backwards = examples.reversed(torch.arange(40) % 2 == 0)
    scenes = [Scene((Sphere((0.5, 0.1 * (k // 2), 0.4), 0.05 + 0.01 * (k // 2)),)) for k in range(40)]
    goal_first = query_features(robot, fields["goal"], fields["start"], scenes, 12, num_obstacles=2)
    for name in ("endpoints", "path_features", "obstacles"):
        expected = getattr(goal_first, name)[::2]
        np.testing.assert_allclose(getattr(backwards.features, name)[::2], expected, atol=1e-4, err_msg=name)
        torch.testing.assert_close(getattr(backwards.features, name)[1::2], getattr(examples.features, name)[1::2])
    torch.testing.assert_close(backwards.deviation[::2], examples.deviation[::2].flip(1))
    torch.testing.assert_close(backwards.start[::2], examples.goal[::2])
    seen, expected = (e.geometry(robot)(e.deviation[:, None]) for e in (backwards, examples))
    torch.testing.assert_close(seen[::2], expected[::2].flip(2), atol=1e-4, rtol=1e-3)


def test_batches_follow_their_seed_and_contain_both_directions(tmp_path, robot):
    write_shard(tmp_path, robot)
    examples, _ = load_examples(tmp_path, robot)
    first, again = (next(batches(examples, 64, torch.Generator().manual_seed(1))) for _ in range(2))
    assert torch.equal(first.deviation, again.deviation)
    known = {tuple(row) for row in examples.features.endpoints.round(decimals=4).tolist()}
    forwards = [tuple(row) in known for row in first.features.endpoints.round(decimals=4).tolist()]
    assert 10 < sum(forwards) < 54


def test_what_cannot_be_used_is_refused_with_its_name(tmp_path, robot):
    with pytest.raises(GenModelsError, match="genmodels data trajectories") as error:
        load_examples(tmp_path, robot)
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(GenModelsError, match=r"bad\.npz"):
        load_examples(tmp_path, robot)
    np.savez(tmp_path / "bad.npz", start=np.array([{}], dtype=object))
    with pytest.raises(GenModelsError, match=r"bad\.npz"):
        load_examples(tmp_path, robot)
