"""From sampled paths to verified candidates that differ: refine all a little, verify what is promising and unlike what
is there already, refine the rest further only while too little is found.
"""

from collections.abc import Callable

import numpy as np

from genmodels_ros.pipelines.arm.trajectory_query import Candidate
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.paths.bspline import basis, lengths
from genmodels_ros.robots.paths.optimisation import OptimisationSettings, optimise

# A weak pull on length leaves the samples as different as they are: two ways or more on 68 and 76 % of two problem
# sets, where a weight of 1 keeps them on 48 and 68 %, for paths 1 % longer.
STAGES = tuple(OptimisationSettings(iterations=count, refresh=3, length=0.1, smoothness=1.0) for count in (6, 6, 15))
BARS = (-0.01, -0.025, -0.04)  # m of sphere clearance that are worth an exact check after each stage; the spheres
# enclose the arm so closely that below the last none was found valid
# Configurations of each path looked at first, all paths at once: those that touch something are spared the whole exam.
GLANCES = 40
ENOUGH = 4  # candidates that differ, where the query does not want more
AT_LEAST = 3  # candidates, even if they hardly differ
SAME = 0.2  # rad; paths nearer than this everywhere are one way
LONGEST = 2.0  # times the shortest way; longer ones are not worth offering

Verify = Callable[[np.ndarray], Candidate | None]
Report = Callable[[str, int, int, list[Candidate]], None]


def search(
    paths: np.ndarray, checker: CollisionChecker, verify: Verify, report: Report, max_candidates: int = 0
) -> list[Candidate]:
    """Verified candidates made from paths [B, N, D], in the order found.

    verify: a path [N, D] as a candidate, None if it does not pass; report(stage, step, steps, found) may raise to stop
    max_candidates: how many are wanted. ENOUGH different ones are sought in any case, for the ranking to choose from
    """
    enough, at_least = max(max_candidates, ENOUGH), max(max_candidates, AT_LEAST)
    found: list[Candidate] = []
    ways = np.empty((0, *paths.shape[1:]))
    for stage, (settings, bar) in enumerate(zip(STAGES, BARS, strict=True)):
        paths, clearance = optimise(paths, checker.robot, checker.scene, settings, checker.proximity)
        report("refining", stage + 1, len(STAGES), found)
        tried = clearance < bar
        tried[~tried] = checker.touching(basis(paths.shape[1], GLANCES) @ paths[~tried])
        while len(found) < enough and not tried.all():
            index, gap = _next(paths, clearance, tried, ways)
            if gap < SAME and len(found) >= at_least:
                return found
            tried[index] = True
            candidate = verify(paths[index])
            if candidate is not None:
                found.append(candidate)
                ways = np.concatenate([ways, paths[index, None]])
            report("verifying", len(found), enough, found)
        if len(found) >= at_least:
            return found
        paths = paths[_gap(paths, ways) > 0]
        if not len(paths):
            return found
    return found


def _next(paths: np.ndarray, clearance: np.ndarray, tried: np.ndarray, ways: np.ndarray) -> tuple[int, float]:
    """Number of the path to verify next, and how far it is from the ways already found, rad (infinite for none).

    First the shortest whose spheres are clear, then the one least like those found; overlapping ones last.
    """
    length = lengths(paths)
    clear = clearance > 0
    gap = _gap(paths, ways)
    if len(ways):
        longest = LONGEST * lengths(ways).min()
        preference = np.where(length <= longest, -gap, 0.0)
    else:
        preference = np.where(clear, length, -clearance)
    order = np.lexsort((preference, ~clear, tried))
    return int(order[0]), float(gap[order[0]])


def _gap(paths: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """Distance [B] rad of each path to the nearest of `ways` [K, N, D]: of their farthest control points."""
    if not len(ways):
        return np.full(len(paths), np.inf)
    return np.abs(paths[:, None] - ways[None]).max(axis=(2, 3)).min(axis=1)
