"""How people walk: two legs at lidar height that take turns, and walkers varied enough to learn from.

A foot stands for 60 % of a cycle and swings for the rest (Murray, Drought and Kory 1964); the feet are half a cycle
apart. A foot that stands stays where it is while the body passes over it.
"""

import math
from dataclasses import replace

import numpy as np

from genmodels_ros.simulation.floor.plan import Walker

STANCE = 0.6  # of a cycle
LONGEST_REACH = 0.175  # of a foot before the body's middle, m
LEGS_APART = 0.02  # gap between legs that pass each other, m
CORNER = 0.3  # how far before and after a corner a way leaves it, m


def half_width(walker: Walker) -> float:
    """How far either leg's middle is to the side of the body's, m."""
    return walker.legs + LEGS_APART / 2


def longest_reach(walker: Walker) -> float:
    """How far ahead of the body's middle a foot may be so that the body's cylinder contains the leg, m."""
    room = (walker.radius - walker.legs) ** 2 - half_width(walker) ** 2
    return min(LONGEST_REACH, math.sqrt(max(0.0, room)))


def cycle_length(walker: Walker) -> float:
    """Metres walked in one cycle (two steps), so that feet that stand do not slide."""
    return max(2 * longest_reach(walker) / STANCE, 0.1)


def leg_positions(walker: Walker, pose, phase: float, reach: float) -> tuple[tuple[float, float], ...]:
    """Middles (x, y) of the left and the right leg in the map.

    pose: the body's (x, y, heading); phase: cycles walked; reach: m, 0 for feet side by side.
    """
    x, y, heading = pose
    c, s = math.cos(heading), math.sin(heading)
    legs = []
    for side, lead in ((1, 0.0), (-1, 0.5)):
        ahead, aside = reach * _swing((phase + lead) % 1.0), side * half_width(walker)
        legs.append((x + c * ahead - s * aside, y + s * ahead + c * aside))
    return tuple(legs)


def _swing(phase: float) -> float:
    """A foot's place ahead of the body, -1 to 1: back with the floor while it stands, then forward again."""
    if phase < STANCE:
        return 1 - 2 * phase / STANCE
    return -math.cos(math.pi * (phase - STANCE) / (1 - STANCE))


def vary(walkers, rng: np.random.Generator) -> tuple[Walker, ...]:
    """The same walkers less regular: rounded ways, changing pace, halts; most people get legs.

    What is no person, and a third of the people (long coats, trolleys pushed ahead), stays one solid shape.
    """
    return tuple(_varied(walker, rng) for walker in walkers)


def _varied(walker: Walker, rng: np.random.Generator) -> Walker:
    changed = replace(
        walker,
        waypoints=rounded(walker.waypoints),
        speed=float(rng.uniform(0.2, 1.5)),
        pace_spread=float(rng.choice([0.0, rng.uniform(0.05, 0.4)], p=[0.2, 0.8])),
        halts=float(rng.choice([0.0, rng.uniform(0.02, 0.2)], p=[0.4, 0.6])),
        pause=float(rng.uniform(0.0, 4.0)),
    )
    if walker.kind != "person" or rng.random() < 1 / 3:
        return changed
    return replace(changed, radius=float(rng.uniform(0.25, 0.32)), legs=float(rng.uniform(0.05, 0.09)))


def rounded(waypoints, corner: float = CORNER) -> tuple[tuple[float, float], ...]:
    """A way [P, 2] whose corners are quadratic Bezier curves that leave it at most `corner` m from them."""
    points = np.asarray(waypoints, float)
    smooth = [points[0]]
    for before, at, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        start, end = _towards(at, before, corner), _towards(at, after, corner)
        for t in np.linspace(0, 1, 6):
            smooth.append((1 - t) ** 2 * start + 2 * t * (1 - t) * at + t**2 * end)
    smooth.append(points[-1])
    return tuple(map(tuple, np.array(smooth).tolist()))


def _towards(at: np.ndarray, other: np.ndarray, distance: float) -> np.ndarray:
    length = np.linalg.norm(other - at)
    return at + (other - at) * min(distance, length / 2) / max(length, 1e-9)
