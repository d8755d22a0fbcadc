"""Episodes of driving: a random floor with people, a robot of its own slip and latency, a goal, and what came of it."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from genmodels_ros.pipelines.mobile.local_planning import LocalPlanner
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.routes import (
    Patience,
    clear_on,
    next_target,
    plan_route,
    remaining,
    strayed,
    to_base,
)
from genmodels_ros.simulation.floor.gait import vary
from genmodels_ros.simulation.floor.layouts import random_floor_plan
from genmodels_ros.simulation.floor.plan import FloorPlan
from genmodels_ros.simulation.scenes import Base, Lidar, WorldDescription
from genmodels_ros.simulation.world import World

PEOPLE = (2, 6)  # fewest and most
PERIOD = 0.2  # s between decisions
TIME_LIMIT = 60.0  # s of an episode
WAYS = (4.0, 9.0)  # m of route from start to goal
ARRIVED = 0.3  # m
ROOM_AT_START = 1.2  # m from start to the nearest person
MOVING = 0.05  # m/s: who touches at more was not just run into


@dataclass(frozen=True)
class Episode:
    """What happened on one floor with one planner."""

    touched: bool
    at_fault: bool  # touched while it moved
    arrived: bool
    seconds: float  # until the end, whatever it was
    length: float  # m driven
    decision_times: tuple[float, ...]  # s


@dataclass(frozen=True)
class Task:
    """A world to drive in, made anew for each planner."""

    description: WorldDescription
    seed: int
    start: tuple[float, float, float]
    goal: np.ndarray

    def world(self) -> World:
        return World(self.description, self.seed, self.start)


def make_task(seed: int, people: int | None = None, people_yield: bool = False) -> Task:
    """The floor, the robot and the way of an episode; all of it follows from `seed`."""
    rng = np.random.default_rng([seed, 11])
    people = int(rng.integers(PEOPLE[0], PEOPLE[1] + 1)) if people is None else people
    for attempt in range(1000):
        plan = random_floor_plan(seed * 1000 + attempt, people)
        plan = plan.with_walkers(vary(plan.walkers, rng))
        base = replace(Base(), latency=float(rng.uniform(0.0, 0.25)), slip=float(rng.uniform(0.0, 0.1)))
        lidar = replace(Lidar(), noise=float(rng.uniform(0.003, 0.02)))
        description = WorldDescription(plan, None, base, lidar, None, people_yield)
        way = _way(plan, World(description, seed).walker_poses()[:, :2], rng)
        if way is not None:
            return Task(description, seed, (*way[0], float(rng.uniform(-math.pi, math.pi))), way[1])
    raise AssertionError("a thousand floors without a way")


def _way(plan: FloorPlan, people: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """Start and goal on the floor, WAYS apart along the route, the start clear of people."""
    points = plan.sample_free(rng, 40, 0.4)
    for start, goal in zip(points[::2], points[1::2], strict=True):
        if np.linalg.norm(people - start, axis=1).min(initial=math.inf) < ROOM_AT_START:
            continue
        route = plan_route(plan.occupancy(0.05), start, goal)
        if route is not None and WAYS[0] <= _length(route) <= WAYS[1]:
            return start, goal
    return None


def drive(task: Task, planner: LocalPlanner, time_limit: float = TIME_LIMIT) -> Episode:
    """One episode; it ends at the goal, with the first contact, or after `time_limit` s."""
    world, grid = task.world(), task.description.floor.occupancy(0.05)
    is_clear = clear_on(grid)
    route = plan_route(grid, task.start[:2], task.goal)
    patience, driven, times = Patience(), [np.array(task.start[:2])], []
    touched = at_fault = arrived = False
    while not (touched or arrived) and world.time < time_limit:
        pose = np.array(world.base.pose)
        if strayed(route, pose[:2]):
            replanned = plan_route(grid, pose[:2], task.goal)
            if replanned is not None:
                route, patience = replanned, Patience()
        target = to_base(pose, next_target(route, pose[:2], is_clear))
        observation = _observation(world)
        started = time.perf_counter()
        decision = planner.decide(observation, target, patience.waited(remaining(route, pose[:2])))
        times.append(time.perf_counter() - started)
        world.base.set_command(*decision.command)
        touched, at_fault = _advance(world)
        driven.append(np.array(world.base.pose[:2]))
        arrived = not touched and math.hypot(*(task.goal - driven[-1])) < ARRIVED
    return Episode(touched, at_fault, arrived, world.time, _length(np.array(driven)), tuple(times))


def _observation(world: World) -> Observation:
    lidar, odometry = world.description.lidar, world.base.odometry()
    return Observation(
        world.time, world.scan().astype(np.float32), lidar.angle_min, lidar.angle_increment, lidar.range_min,
        lidar.range_max, np.array(odometry.pose), np.array(odometry.twist),
    ).checked()  # fmt: skip


def _advance(world: World) -> tuple[bool, bool]:
    """One PERIOD: whether anything was touched, and whether the base moved when it was."""
    for _ in range(round(PERIOD / world.description.control_period)):
        speed = abs(world.base.twist[0])
        world.step()
        if world.base.touching:
            return True, speed > MOVING
    return False, False


def _length(points: np.ndarray) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
