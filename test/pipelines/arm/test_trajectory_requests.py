"""Whatever is asked is answered in time, with verified candidates or a code and one sentence: nothing is raised."""

import math
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from genmodels_ros.errors import ErrorCode
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.diffusion import TrajectoryDiffusion
from genmodels_ros.pipelines.arm.trajectory_generation import CostWeights, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.pipelines.arm.trajectory_query import GuidanceWeights
from genmodels_ros.pipelines.arm.trajectory_sampling import SamplingSettings, TrajectorySampler
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.features import num_path_features

PANDA = load_robot("panda")
READY = PANDA.ready
GOAL = READY + np.array([0.5, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])
SLACK = 1.0  # s of processor time beyond the time limit, as others may keep the machine busy
NAN, INF = math.nan, math.inf
NUMBERS = (NAN, INF, -INF, 0.0, -1.0, 1e-300, 1e300)


@pytest.fixture(scope="module")
def generator() -> TrajectoryGenerator:
    """Of an untrained network: its samples are noise, which refinement has to make something of."""
    torch.manual_seed(0)
    config = {"path_features": num_path_features(PANDA), "width": 16, "layers": 1, "robot": "panda", "x_0_bound": 3.0}
    model = TrajectoryDiffusion(**config)
    model.scale.fill_(0.1)
    sampler = TrajectorySampler(model, torch.device("cpu"), settings=SamplingSettings(num_inference_steps=2))
    return TrajectoryGenerator(sampler, Card("trajectory_diffusion", model.config))


def mostly(good, *bad) -> st.SearchStrategy:
    """A bad one once in ten times, so that queries with no fault, or with one, are common."""
    return st.integers(0, 9).flatmap(lambda draw: good if draw else st.sampled_from(bad))


def near(q: np.ndarray) -> st.SearchStrategy:
    return st.lists(st.floats(-0.4, 0.4), min_size=7, max_size=7).map(lambda by: q + np.array(by))


def replaced(q: np.ndarray, value: float) -> np.ndarray:
    return np.where(np.arange(7) == 3, value, q)


BAD_CONFIGURATIONS = (
    None, [], 0.0, READY[:6], np.append(READY, 0.0), READY[None], ["a"] * 7, [[1.0], [2.0, 3.0]],
    *(replaced(READY, value) for value in (NAN, INF, -1e300, 4.0)),
)  # fmt: skip
POSE = link_pose(PANDA.chain, torch.as_tensor(GOAL), PANDA.tool_frame).numpy()
BAD_POSES = (np.eye(3), 2 * np.eye(4), np.full((4, 4), NAN), 1e300 * np.eye(4), np.zeros((4, 4)), "pose")

around = st.tuples(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8), st.floats(-0.2, 1.2))
sizes = st.floats(1e-6, 0.3)
obstacles = st.one_of(
    st.builds(Box, around, st.tuples(sizes, sizes, sizes)),
    st.builds(Cylinder, around, sizes, sizes),
    st.builds(Sphere, around, sizes),
)
scenes = st.lists(obstacles, max_size=4).map(lambda found: Scene(tuple(found)))
weights = st.builds(CostWeights, *[mostly(st.floats(0, 10), *NUMBERS)] * 4)
guidance = st.builds(GuidanceWeights, *[mostly(st.floats(0, 2), *NUMBERS)] * 4)
workspaces = (None, [[-1, -1, 0], [1, 1, 1]], [[1, 1, 1], [-1, -1, 0]], np.full((2, 3), NAN), [1, 2, 3], "anywhere")
warm_starts = (
    None, np.linspace(READY, GOAL, 20), READY[None], READY, np.zeros((0, 7)), np.full((9, 7), NAN),
    np.full((9, 7), 1e300), np.zeros((9, 6)), "warm",
)  # fmt: skip
queries = st.builds(
    TrajectoryQuery,
    start=mostly(near(READY), *BAD_CONFIGURATIONS),
    goal_config=mostly(near(GOAL), *BAD_CONFIGURATIONS),
    goal_pose=mostly(st.sampled_from((None, POSE)), *BAD_POSES),
    scene=st.just(Scene()) | scenes,
    finger_position=mostly(st.just(None) | st.floats(0, 0.04), *NUMBERS),
    num_samples=mostly(st.integers(1, 4), -1, 0, 10**9, 10**30, 2.5, NAN),
    max_candidates=mostly(st.integers(0, 3), -1, 10**30, NAN),
    seed=mostly(st.integers(0, 9), -1, 2**64, 10**30),
    velocity_scaling=mostly(st.floats(0.05, 1), *NUMBERS),
    acceleration_scaling=mostly(st.floats(0.05, 1), *NUMBERS),
    weights=weights,
    time_limit=mostly(st.floats(0.3, 0.6), NAN, INF, -1.0, 0.0, 1e-9),
    allow_fallback=st.booleans(),
    guidance=guidance,
    workspace=mostly(st.sampled_from(workspaces[:2]), *workspaces),
    warm_start=mostly(st.sampled_from(warm_starts[:2]), *warm_starts),
)
GOOD = {"start": READY, "goal_config": GOAL, "num_samples": 3, "time_limit": 1.0}
FAULTS = {
    "start": BAD_CONFIGURATIONS,
    "goal_config": BAD_CONFIGURATIONS[1:],
    "finger_position": NUMBERS,
    "num_samples": (-1, 0, 10**9, 10**30, 2.5, NAN),
    "max_candidates": (-1, 10**30, NAN),
    "seed": (-1, 2**64, 10**30),
    "velocity_scaling": NUMBERS,
    "acceleration_scaling": NUMBERS,
    "time_limit": (NAN, INF, -1.0, 0.0, 1e-9),
    "workspace": workspaces,
    "warm_start": warm_starts,
    "weights": [CostWeights(length=value) for value in NUMBERS],
    "guidance": [GuidanceWeights(**{name: value}) for value in NUMBERS for name in vars(GuidanceWeights())],
}


def check_answer(generator: TrajectoryGenerator, query: TrajectoryQuery) -> ErrorCode:
    """Asks, and judges whatever comes back."""
    began = time.process_time()
    result = generator.generate(query)
    limit = max(query.time_limit, 0.0) if np.isfinite(query.time_limit) else 0.0
    assert time.process_time() - began < limit + SLACK, "the answer is late"
    assert isinstance(result.code, ErrorCode) and result.code != ErrorCode.INTERNAL_ERROR
    if result.code != ErrorCode.SUCCESS:
        assert not result.candidates
        assert result.message.endswith((".", ")")) and "\n" not in result.message and len(result.message) > 10
        return result.code
    assert result.candidates and not result.message
    assert not query.max_candidates or len(result.candidates) <= query.max_candidates
    scores = [candidate.score for candidate in result.candidates]
    assert scores == sorted(scores)
    for candidate in result.candidates:
        verdict = generator.verify(candidate.trajectory, query.scene, query.finger_position)
        assert verdict.valid, verdict.message
        np.testing.assert_allclose(candidate.trajectory.positions[0], query.start, atol=1e-9)
        if query.goal_config is not None:
            np.testing.assert_allclose(candidate.trajectory.positions[-1], query.goal_config, atol=1e-9)
    return result.code


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(TrajectoryQuery(**GOOD))
@given(queries)
def test_any_query_is_answered(generator, query):
    check_answer(generator, query)


@pytest.mark.parametrize(
    ("field", "index"), [(field, index) for field, values in FAULTS.items() for index in range(len(values))]
)
def test_a_query_with_one_fault_is_answered(generator, field, index):
    check_answer(generator, TrajectoryQuery(**GOOD | {field: FAULTS[field][index]}))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scene=scenes, start=near(READY), goal=near(GOAL), seed=st.integers(0, 99))
def test_any_scene_is_answered(generator, scene, start, goal, seed):
    query = TrajectoryQuery(start, goal, scene=scene, num_samples=4, seed=seed, time_limit=0.5, allow_fallback=False)
    check_answer(generator, query)


def test_a_good_query_is_answered_well(generator):
    assert check_answer(generator, TrajectoryQuery(**GOOD)) == ErrorCode.SUCCESS


@pytest.mark.parametrize("pose", range(len(BAD_POSES)))
def test_a_wrong_pose_is_answered(generator, pose):
    query = TrajectoryQuery(READY, goal_pose=BAD_POSES[pose], num_samples=3, time_limit=1.0)
    assert check_answer(generator, query) != ErrorCode.SUCCESS


@pytest.mark.parametrize("seed", [-1, 10**30, 2.5, NAN])
def test_any_seed_serves_a_pose_goal_or_is_refused(generator, seed):
    code = check_answer(generator, TrajectoryQuery(READY, goal_pose=POSE, num_samples=3, seed=seed, time_limit=5.0))
    assert code == (ErrorCode.SUCCESS if isinstance(seed, int) else ErrorCode.INVALID_COUNT)


def test_obstacles_over_start_or_goal_are_named(generator):
    shapes = (lambda at: Sphere(at, 0.06), lambda at: Box(at, (0.08, 0.08, 0.08)), lambda at: Cylinder(at, 0.05, 0.1))
    for q, code in ((READY, ErrorCode.START_IN_COLLISION), (GOAL, ErrorCode.GOAL_IN_COLLISION)):
        hand = link_pose(PANDA.chain, torch.as_tensor(q), PANDA.tool_frame)[:3, 3].numpy()
        for shape in shapes:
            assert check_answer(generator, TrajectoryQuery(**GOOD | {"scene": Scene((shape(hand),))})) == code


def test_five_hundred_obstacles_are_no_trouble(generator):
    """Around the arm but out of its way, and all over it."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shell = Scene(tuple(Sphere(1.5 * direction, 0.1) for direction in directions))
    query = TrajectoryQuery(**GOOD | {"scene": shell, "time_limit": 30.0})
    assert check_answer(generator, query) == ErrorCode.SUCCESS
    crowd = Scene(tuple(Box(0.6 * direction, (0.2, 0.2, 0.2)) for direction in directions))
    assert check_answer(generator, TrajectoryQuery(**GOOD | {"scene": crowd})) == ErrorCode.START_IN_COLLISION


def test_a_query_can_be_cancelled_at_every_step(generator):
    """Through sampling, refining and verifying it ends with the very step at which it was cancelled."""
    stages = []
    generator.generate(TrajectoryQuery(**GOOD), progress=lambda stage, *_: stages.append(stage))
    assert set(stages) == {"sampling", "refining", "verifying"}
    for stop_after in range(1, len(stages) + 1):
        calls = []
        result = generator.generate(
            TrajectoryQuery(**GOOD),
            progress=lambda *call, calls=calls: calls.append(call),
            cancelled=lambda calls=calls, last=stop_after: len(calls) >= last,
        )
        assert result.code == ErrorCode.CANCELLED and len(calls) == stop_after and not result.candidates
