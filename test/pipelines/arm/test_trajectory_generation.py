"""Whatever is asked, the answer is verified, reproducible and says who made it, or says in one code what is wrong.

The network here is untrained (its samples are smooth noise around the straight line): what is tested must hold for any.
"""

import math
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.diffusion import TrajectoryDiffusion
from genmodels_ros.pipelines.arm import candidate_search
from genmodels_ros.pipelines.arm.trajectory_generation import CostWeights, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.features import num_path_features

TURN = np.array([0.9, 0, 0, 0, 0, 0, 0])
POST = Scene((Cylinder((0.34, 0.0, 0.45), 0.04, 0.9, id="post"), Box((0.5, 0, -0.1), (1.0, 1.0, 0.1), id="table")))


def small_model(**changes) -> TrajectoryDiffusion:
    torch.manual_seed(0)
    robot = load_robot("panda")
    config = {"path_features": num_path_features(robot), "width": 16, "layers": 1, "robot": "panda", "x_0_bound": 3.0}
    model = TrajectoryDiffusion(**config | changes)
    model.scale.fill_(0.1)
    return model


@pytest.fixture(scope="module")
def generator(tmp_path_factory) -> TrajectoryGenerator:
    folder = tmp_path_factory.mktemp("checkpoint")
    model = small_model()
    save_checkpoint(folder, model, Card("trajectory_diffusion", model.config))
    return TrajectoryGenerator.from_checkpoint(folder, device="cpu")


@pytest.fixture(scope="module")
def ready() -> np.ndarray:
    return load_robot("panda").ready


def query(ready, **changes) -> TrajectoryQuery:
    values = {"start": ready - TURN, "goal_config": ready + TURN, "scene": POST, "num_samples": 4, "time_limit": 30.0}
    return TrajectoryQuery(**values | changes)


def test_every_candidate_passes_a_fresh_verification_and_joins_the_ends(generator, ready):
    asked = query(ready, velocity_scaling=0.5)
    result = generator.generate(asked)
    assert result.code == ErrorCode.SUCCESS and result.message == "" and result.candidates
    assert result.num_samples == 4 and result.num_verified <= 4
    assert 0 < result.generation_time <= result.planning_time
    for candidate in result.candidates:
        assert generator.verify(candidate.trajectory, POST).valid
        np.testing.assert_allclose(candidate.trajectory.positions[0], asked.start, atol=1e-9)
        np.testing.assert_allclose(candidate.trajectory.positions[-1], asked.goal_config, atol=1e-9)
        assert np.abs(candidate.trajectory.velocities).max() <= 0.51 * generator.robot.limits.velocity.max()
        assert candidate.source in ("model", "fallback") and candidate.min_clearance > 0


def test_scores_are_the_weighted_costs_and_rank_the_candidates(generator, ready):
    weights = CostWeights(length=2.0, duration=0.0, clearance=0.3, smoothness=0.1)
    result = generator.generate(query(ready, weights=weights))
    scores = [candidate.score for candidate in result.candidates]
    assert scores == sorted(scores) and len(scores) > 1
    for c in result.candidates:
        assert c.score == pytest.approx(2 * c.length + 0.3 / (0.05 + c.min_clearance) + 0.1 * c.smoothness)
    best = generator.generate(query(ready, weights=weights, max_candidates=1))
    assert len(best.candidates) == 1 and best.candidates[0].score == scores[0]


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(generator, ready):
    first, again, other = (generator.generate(query(ready, seed=seed)).candidates for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0].trajectory.positions, again[0].trajectory.positions)
    assert [c.score for c in first] == [c.score for c in again] != [c.score for c in other]


def test_pose_goals_are_reached_with_the_tool(generator, ready):
    robot = generator.robot
    pose = link_pose(robot.chain, torch.as_tensor(ready + TURN), robot.tool_frame).numpy()
    result = generator.generate(query(ready, goal_config=None, goal_pose=pose, num_samples=6))
    assert result.code == ErrorCode.SUCCESS, result.message
    for candidate in result.candidates:
        reached = link_pose(robot.chain, torch.as_tensor(candidate.trajectory.positions[-1]), robot.tool_frame)
        np.testing.assert_allclose(reached, pose, atol=1e-3)


def bad_queries(ready) -> dict[str, tuple[dict, ErrorCode]]:
    inside, nan = np.array(ready), np.array(ready)
    inside[1] = 99.0
    nan[3] = math.nan
    on_start = Scene((Sphere((0.0, 0.0, 0.6), 0.2, id="ball"),))
    far = np.eye(4)
    far[:3, 3] = 3.0
    return {
        "start too short": ({"start": ready[:6]}, ErrorCode.WRONG_LENGTH),
        "goal too long": ({"goal_config": np.append(ready, 0)}, ErrorCode.WRONG_LENGTH),
        "NaN in the start": ({"start": nan}, ErrorCode.NOT_FINITE),
        "NaN in the goal": ({"goal_config": nan}, ErrorCode.NOT_FINITE),
        "start out of limits": ({"start": inside}, ErrorCode.START_OUT_OF_LIMITS),
        "goal out of limits": ({"goal_config": inside}, ErrorCode.GOAL_OUT_OF_LIMITS),
        "no goal": ({"goal_config": None}, ErrorCode.NO_GOAL),
        "start in collision": ({"scene": on_start}, ErrorCode.START_IN_COLLISION),
        "pose out of reach": ({"goal_config": None, "goal_pose": far}, ErrorCode.GOAL_UNREACHABLE),
        "pose of the wrong shape": ({"goal_config": None, "goal_pose": np.eye(3)}, ErrorCode.WRONG_LENGTH),
        "pose that is no rotation": ({"goal_config": None, "goal_pose": 2 * np.eye(4)}, ErrorCode.NOT_FINITE),
        "no samples": ({"num_samples": 0}, ErrorCode.INVALID_COUNT),
        "absurdly many samples": ({"num_samples": 10**9}, ErrorCode.INVALID_COUNT),
        "negative candidates": ({"max_candidates": -1}, ErrorCode.INVALID_COUNT),
        "scaling of 0": ({"velocity_scaling": 0.0}, ErrorCode.INVALID_SCALING),
        "scaling above 1": ({"acceleration_scaling": 1.1}, ErrorCode.INVALID_SCALING),
        "scaling NaN": ({"acceleration_scaling": math.nan}, ErrorCode.INVALID_SCALING),
        "negative weight": ({"weights": CostWeights(length=-1)}, ErrorCode.INVALID_WEIGHTS),
        "no weight": ({"weights": CostWeights(0, 0, 0, 0)}, ErrorCode.INVALID_WEIGHTS),
        "no time": ({"time_limit": 0.0}, ErrorCode.TIME_LIMIT),
        "hardly any time": ({"time_limit": 1e-4}, ErrorCode.TIME_LIMIT),
    }


@pytest.mark.parametrize("name", bad_queries(np.zeros(7)))
def test_each_fault_has_its_code_and_one_sentence(generator, ready, name):
    changes, code = bad_queries(ready)[name]
    result = generator.generate(query(ready, **changes))
    assert result.code == code, result.message
    assert result.message and "\n" not in result.message and not result.candidates


def test_collisions_at_the_ends_name_the_bodies(generator, ready):
    ball = Scene((Sphere((0.31, 0.0, 0.59), 0.08, id="ball"),))
    assert "ball" in generator.generate(query(ready, start=ready, scene=ball)).message
    result = generator.generate(query(ready, goal_config=ready, scene=ball))
    assert result.code == ErrorCode.GOAL_IN_COLLISION and "ball" in result.message


def test_the_fallback_answers_where_no_sample_can_and_only_if_allowed(generator, ready, monkeypatch):
    """Refinement is replaced by straight lines through the post."""

    def through_the_post(paths, *_):
        return straight_line(paths[:, 0], paths[:, -1], paths.shape[1]), -np.ones(len(paths))

    monkeypatch.setattr(candidate_search, "optimise", through_the_post)
    allowed = generator.generate(query(ready))
    assert allowed.code == ErrorCode.SUCCESS and allowed.num_verified == 0
    assert {candidate.source for candidate in allowed.candidates} == {"fallback"}
    refused = generator.generate(query(ready, allow_fallback=False))
    assert refused.code == ErrorCode.NO_SOLUTION and not refused.candidates


def test_progress_runs_through_the_stages(generator, ready):
    seen = []
    generator.generate(query(ready), progress=lambda *call: seen.append(call))
    assert list(dict.fromkeys(stage for stage, *_ in seen)) == ["sampling", "refining", "verifying"]
    assert all(0 <= step <= steps for _, step, steps in seen)
    assert [step for stage, step, _ in seen if stage == "sampling"] == list(range(1, 5))


@pytest.mark.parametrize("stop_after", [1, 5, 6])
def test_a_cancelled_query_stops_at_its_next_step(generator, ready, stop_after):
    calls = []
    result = generator.generate(
        query(ready), progress=lambda *call: calls.append(call), cancelled=lambda: len(calls) >= stop_after
    )
    assert result.code == ErrorCode.CANCELLED and len(calls) == stop_after and not result.candidates


def test_memory_that_runs_out_costs_batches_not_the_answer(generator, ready, monkeypatch):
    whole = generator.generate(query(ready)).candidates
    sampler, sizes = generator.sampler, []
    denoise = sampler._denoise

    def small_memory(asked, x_t, *rest):
        sizes.append(len(x_t))
        if len(x_t) > 1:
            raise torch.cuda.OutOfMemoryError("too little")
        return denoise(asked, x_t, *rest)

    monkeypatch.setattr(sampler, "_denoise", small_memory)
    parts = generator.generate(query(ready)).candidates
    assert sizes[:2] == [4, 2]
    np.testing.assert_allclose(parts[0].score, whole[0].score, rtol=1e-3)

    def no_memory(*_):
        raise torch.cuda.OutOfMemoryError("none at all")

    monkeypatch.setattr(sampler, "_denoise", no_memory)
    assert generator.generate(query(ready)).code == ErrorCode.OUT_OF_MEMORY


def test_checkpoints_that_do_not_fit_are_refused(tmp_path):
    model = small_model(path_features=3)
    save_checkpoint(tmp_path, model, Card("trajectory_diffusion", model.config))
    with pytest.raises(GenModelsError, match="does not fit") as error:
        TrajectoryGenerator.from_checkpoint(tmp_path, device="cpu")
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(GenModelsError, match="does not match the hash"):
        TrajectoryGenerator.from_checkpoint(tmp_path, device="cpu")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    away=st.lists(st.floats(-4, 4) | st.just(math.nan), min_size=6, max_size=8),
    radius=st.floats(0.01, 0.6),
    at=st.tuples(*[st.floats(-1, 1)] * 3),
    num_samples=st.integers(-1, 3),
)
def test_any_request_is_answered_in_time_and_soundly(generator, ready, away, radius, at, num_samples):
    scene = Scene((Sphere(at, radius),))
    goal = np.array(away) if len(away) != 7 else ready + 0.3 * np.array(away)
    began = time.monotonic()
    result = generator.generate(
        TrajectoryQuery(start=ready, goal_config=goal, scene=scene, num_samples=num_samples, time_limit=1.0)
    )
    assert time.monotonic() - began < 5
    assert (result.code == ErrorCode.SUCCESS) == bool(result.candidates) != bool(result.message)
    assert all(generator.verify(candidate.trajectory, scene).valid for candidate in result.candidates)
