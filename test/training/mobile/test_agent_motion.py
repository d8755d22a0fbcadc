"""Training agent motion from shards: any family, a card that says how, a model that the pipeline takes."""

import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.data.agent_frame import FUTURE, PAST
from genmodels_ros.data.episodes import Episodes, save_shard
from genmodels_ros.device import generator
from genmodels_ros.errors import GenModelsError
from genmodels_ros.pipelines.mobile.agent_motion import AgentMotion
from genmodels_ros.training.mobile.agent_motion import train


@pytest.fixture(scope="module")
def floors(tmp_path_factory):
    """Two floors on which four people go straight, each at its own speed."""
    folder, rng, rows = tmp_path_factory.mktemp("floors"), np.random.default_rng(0), 200
    for index in range(2):
        velocity = rng.normal(0, 1, (4, 2))
        people = np.zeros((rows, 4, 3), np.float32)
        people[..., :2] = 0.2 * np.arange(rows)[:, None, None] * velocity
        zeros = np.zeros((rows, 3), np.float32)
        scan = np.full((rows, 8), np.inf, np.float16)
        save_shard(
            folder / f"floor_{index:05d}.npz",
            Episodes(scan, zeros, zeros[:, :2], zeros, zeros[:, :2], np.zeros(rows, bool), people,
                     np.zeros(rows, np.int32)),
        )  # fmt: skip
    return folder


@pytest.mark.parametrize("family", ["autoregressive", "mixture"])
def test_a_model_of_any_family_is_trained_and_taken(floors, tmp_path, family):
    small = {"autoregressive": {"width": 8, "layers": 1, "bins": 8}, "mixture": {"components": 1}}[family]
    card = train(data=floors, out=tmp_path, steps=3, batch_size=16, family=family, settings=small, device="cpu")
    assert f"--family {family}" in card.command and "train agents" in card.command
    assert card.data["training_floors"] == 1
    motion = AgentMotion.from_checkpoint(tmp_path, "cpu")
    tracks = np.linspace([[0.0, 0.0]], [[1.6, 0.0]], PAST + 1, axis=1)
    assert motion.predict(tracks, 4, generator(0)).samples.shape == (1, 4, FUTURE, 2)


def test_a_mixture_learns_that_people_go_on(floors, tmp_path):
    train(data=floors, out=tmp_path, steps=10, family="mixture", settings={"components": 1}, device="cpu")
    tracks = np.linspace([[0.0, 0.0]], [[1.6, 0.0]], PAST + 1, axis=1)
    mean = AgentMotion.from_checkpoint(tmp_path, "cpu").predict(tracks, 200, generator(0)).mean
    assert mean[0, -1] == pytest.approx([1.6 + 0.2 * FUTURE, 0.0], abs=0.4)


def test_the_command_line_trains(floors, tmp_path):
    arguments = ["--steps", "2", "--family", "mixture", "--set", "components=1", "--device", "cpu"]
    assert main(["train", "agents", "--data", str(floors), "--out", str(tmp_path / "out"), *arguments]) == 0
    assert (tmp_path / "out" / "card.json").exists()


def test_a_folder_without_floors_is_refused(tmp_path):
    with pytest.raises(GenModelsError):
        train(data=tmp_path, out=tmp_path / "out", steps=1)
