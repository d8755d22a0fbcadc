"""The benchmark of predicted motion on a short simulated floor, with an untrained model; and a picture of it."""

import cv2
import numpy as np
import pytest
import torch

from genmodels_ros.data.agent_frame import CONDITION, FUTURE, PAST
from genmodels_ros.data.agent_tracks import AgentWindows
from genmodels_ros.evaluation.agents.baselines import Baseline, constant_velocity
from genmodels_ros.evaluation.agents.bench import PASTS, Predictor, model_predictor, score
from genmodels_ros.evaluation.agents.picture import draw
from genmodels_ros.evaluation.agents.tables import by_what_happens_table, density_table, distance_table, what_happens
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.mobile.agent_motion import AgentMotion
from genmodels_ros.simulation.floor.episodes import simulate_floor


@pytest.fixture(scope="module")
def drives():
    return [simulate_floor(3, 1, steps=150, num_people=5)]


@pytest.fixture(scope="module")
def model() -> Standardised:
    torch.manual_seed(0)
    settings = {"dimension": 2 * FUTURE, "condition_dimension": CONDITION, "bins": 16, "width": 16, "layers": 1}
    made = Standardised.of_family("autoregressive", settings)
    made.spread.fill_(0.1)
    return made


@pytest.mark.parametrize("kind", PASTS)
def test_every_table_is_filled_for_a_model_and_a_rule(drives, model, kind):
    windows = PASTS[kind](drives, 10)
    assert len(windows) > 3
    rule = Baseline.fitted(constant_velocity, windows, windows.displacements(np.random.default_rng(0)))
    predictors = [model_predictor(model), Predictor("rule", rule.sample, rule.log_prob, rule.point)]
    scores = {p.name: score(p, windows, 0) for p in predictors}
    for table in (distance_table(scores, kind), density_table(scores, kind)):
        assert len(table.rows) == 2 and all(np.isfinite(v) for row in table.rows for v in row if isinstance(v, float))
    assert len(by_what_happens_table(scores, windows, kind).rows) == 2


def test_a_seed_repeats_the_scores(drives, model):
    windows = PASTS["true pasts"](drives, 20)
    one, same = (score(model_predictor(model), windows, 5) for _ in range(2))
    np.testing.assert_array_equal(one.samples, same.samples)
    np.testing.assert_array_equal(one.log_prob, same.log_prob)


def test_what_happens_is_told_apart():
    t = np.arange(PAST + 1 + FUTURE)
    on = np.stack([0.2 * t, 0.0 * t], axis=1)
    turns = np.where((t > PAST)[:, None], on[PAST] + np.stack([0.0 * t, 0.2 * (t - PAST)], 1), on)
    stops = np.where((t > PAST + 3)[:, None], on[PAST + 3], on)
    path = np.stack([np.zeros_like(on), on, turns, stops])
    past, future = np.split(path, [PAST + 1], axis=1)
    empty = tuple(np.empty((0, 2)) for _ in path)
    groups = what_happens(AgentWindows(past, future, past[:, -1] - past[:, -2], past[:, 0], empty, np.ones(4, bool)))
    assert [g.tolist() for g in groups.values()] == [
        [True, False, False, False], [False, True, False, False], [False, False, True, True]
    ]  # fmt: skip


def test_a_picture_is_drawn(drives, model, tmp_path):
    draw(AgentMotion(model), drives, tmp_path / "motion.png")
    picture = cv2.imread(str(tmp_path / "motion.png"))
    assert picture is not None and (picture < 250).any(axis=2).mean() > 0.005
