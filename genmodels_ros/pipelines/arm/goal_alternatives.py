"""Several goals, any of which will do: asked for one after the other until one is reached."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from genmodels_ros.errors import ErrorCode
from genmodels_ros.pipelines.arm.trajectory_query import GenerationResult, TrajectoryQuery


def first_reached(
    generate: Callable[[TrajectoryQuery], GenerationResult], queries: Sequence[TrajectoryQuery]
) -> GenerationResult:
    """The first success of `generate`, otherwise the first goal's failure; planning_time is that of all.

    queries: one a goal, at least one, otherwise alike; they share the time limit of the first.
    """
    started, failure = time.monotonic(), None
    for query in queries:
        left = queries[0].time_limit - (time.monotonic() - started)
        if failure is not None and left <= 0:
            break
        result = generate(replace(query, time_limit=left))
        if result.code in (ErrorCode.SUCCESS, ErrorCode.CANCELLED):
            failure = result
            break
        failure = failure or result
    return replace(failure, planning_time=time.monotonic() - started)
