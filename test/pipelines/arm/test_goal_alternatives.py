"""Of several goals the first that is reached counts, within one time limit."""

import numpy as np

from genmodels_ros.errors import ErrorCode
from genmodels_ros.pipelines.arm.goal_alternatives import first_reached
from genmodels_ros.pipelines.arm.trajectory_query import GenerationResult, TrajectoryQuery

QUERIES = [TrajectoryQuery(np.zeros(7), goal_config=np.full(7, value), time_limit=5.0) for value in (1.0, 2.0, 3.0)]


def answering(*codes):
    asked = []

    def generate(query):
        asked.append(query)
        return GenerationResult(codes[int(query.goal_config[0]) - 1], f"goal {query.goal_config[0]:g}")

    return generate, asked


def test_the_first_that_is_reached_is_the_answer():
    generate, asked = answering(ErrorCode.GOAL_IN_COLLISION, ErrorCode.SUCCESS, ErrorCode.SUCCESS)
    result = first_reached(generate, QUERIES)
    assert result.code == ErrorCode.SUCCESS and result.message == "goal 2" and len(asked) == 2
    assert asked[0].time_limit >= asked[1].time_limit


def test_without_any_the_first_one_s_reason_is_told():
    generate, asked = answering(ErrorCode.GOAL_IN_COLLISION, ErrorCode.GOAL_UNREACHABLE, ErrorCode.NO_SOLUTION)
    result = first_reached(generate, QUERIES)
    assert (result.code, result.message) == (ErrorCode.GOAL_IN_COLLISION, "goal 1") and len(asked) == 3


def test_a_cancellation_ends_it():
    generate, asked = answering(ErrorCode.NO_SOLUTION, ErrorCode.CANCELLED, ErrorCode.SUCCESS)
    assert first_reached(generate, QUERIES).code == ErrorCode.CANCELLED and len(asked) == 2


def test_no_goal_is_begun_without_time(monkeypatch):
    clock = iter([0.0, 0.0, 6.0, 6.0])
    monkeypatch.setattr("genmodels_ros.pipelines.arm.goal_alternatives.time.monotonic", lambda: next(clock))
    generate, asked = answering(ErrorCode.TIME_LIMIT, ErrorCode.SUCCESS, ErrorCode.SUCCESS)
    result = first_reached(generate, QUERIES)
    assert result.code == ErrorCode.TIME_LIMIT and len(asked) == 1 and result.planning_time == 6.0
