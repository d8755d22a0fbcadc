"""Inverse kinematics by a flow, beside starts that nothing has learnt: who reaches the pose, how differently, how soon.

Poses are those of configurations drawn uniformly within the limits, so that every one can be reached. All methods share
the damped Gauss-Newton steps and take turns pose by pose; they differ in where these start. An answer counts if
Pinocchio, which none of them uses, puts the tool within POSITION and ROTATION of the pose and the limits are kept.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.device import generator
from genmodels_ros.evaluation.arm.independent_kinematics import IndependentKinematics
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.arm.learned_inverse_kinematics import DISTINCT, SPARE, LearnedInverseKinematics
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.inverse_kinematics.least_squares import arrivals, most_different, solve
from genmodels_ros.robots.inverse_kinematics.nearest_configurations import SIZE, NearestConfigurations

POSES, QUICK_POSES = 1000, 100
POSITION, ROTATION = 1e-3, np.radians(0.5)  # m, rad
SLOW_EVERY = 5  # the slow solver answers every fifth pose
MANY = 1000  # no method is kept from showing all that it finds
PATIENT = 12  # iterations from a random start: with fewer few arrive, more make it slower
NEAR = 5  # from the nearest of a table
NEAREST = f"nearest of {SIZE} random, end joints in closed form"
SEED_OF_POSES = 2026  # added to the run's: training draws from small seeds

Propose = Callable[[np.ndarray, int], np.ndarray]  # pose [4, 4], count → starts [count, D]


@dataclass
class Method:
    """`answer(pose)` → solutions [K, D]; what it did is collected pose by pose."""

    name: str
    starts: int
    iterations: int
    answer: Callable[[np.ndarray], np.ndarray]
    every: int = 1  # how many poses from one that it is asked to the next
    distinct: list[int] = field(default_factory=list)
    wrong: int = 0
    milliseconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def ask(self, pose: np.ndarray, judge: IndependentKinematics, robot: Robot) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        q = self.answer(pose)
        self.processor.append(1e3 * (time.process_time() - processor))
        self.milliseconds.append(1e3 * (time.perf_counter() - wall))
        right = np.array([robot.within_limits(each) for each in q], dtype=bool)
        if len(q):
            right &= (judge.errors(q, pose) < (POSITION, ROTATION)).all(axis=1)
        self.wrong += int((~right).sum())
        self.distinct.append(len(most_different(q[right], MANY, DISTINCT)))

    def row(self) -> tuple:
        solved = f"{100 * np.mean(np.array(self.distinct) > 0):.1f} %"
        at = [float(np.quantile(times, q)) for times in (self.processor, self.milliseconds) for q in (0.5, 0.95)]
        found = (len(self.distinct), solved, float(np.mean(self.distinct)), self.wrong)
        return (self.name, self.starts, self.iterations, *found, *at)


def bench(options: BenchOptions) -> list[Table]:
    """The table of solutions, and that of the starts before any refinement."""
    torch.set_num_threads(1)
    ik = LearnedInverseKinematics.from_checkpoint(options.checkpoint)
    judge = IndependentKinematics(ik.robot)
    limits, rng = ik.robot.limits, np.random.default_rng(SEED_OF_POSES + options.seed)
    count = QUICK_POSES if options.quick else POSES
    poses = [judge.pose(q) for q in rng.uniform(limits.lower, limits.upper, (count, ik.robot.num_joints))]
    proposals = sources_of_starts(ik, options.seed)
    methods = methods_of(ik, proposals, poses[0], options.seed)
    for index, pose in enumerate(poses):
        for method in methods:
            if index % method.every == 0:
                method.ask(pose, judge, ik.robot)
    return [solution_table(ik, methods, count), start_table(ik, proposals, poses, judge)]


def sources_of_starts(ik: LearnedInverseKinematics, seed: int) -> dict[str, Propose]:
    """The flow and three that have learnt nothing."""
    flow_rng, rng = generator(seed), np.random.default_rng(seed)
    limits, nearest = ik.robot.limits, NearestConfigurations(ik.ends, seed=seed)

    def random(pose: np.ndarray, count: int) -> np.ndarray:
        return rng.uniform(limits.lower, limits.upper, (count, ik.robot.num_joints))

    return {
        "flow": lambda pose, count: ik.propose(pose, count, flow_rng),
        "random": random,
        "random, end joints in closed form": lambda pose, count: ik.ends.starts(
            torch.as_tensor(random(pose, count)[:, 1:-1]), pose
        ),
        NEAREST: nearest.propose,
    }


def methods_of(
    ik: LearnedInverseKinematics, proposals: dict[str, Propose], pose: np.ndarray, seed: int
) -> list[Method]:
    """Each source with the flow's numbers of starts and iterations; random starts in its time, and those of `solve`."""

    def refined(name: str, count: int, iterations: int, label: str = "") -> Method:
        def answer(pose: np.ndarray) -> np.ndarray:
            return arrivals(ik.robot, pose, proposals[name](pose, SPARE * count)[:count], iterations)

        return Method(label or name, count, iterations, answer)

    rng = np.random.default_rng(seed)
    same = [refined(name, ik.samples, ik.iterations) for name in proposals]
    in_time = []
    for name, iterations in (("random", PATIENT), (NEAREST, NEAR)):
        count = _starts_in_time_of(same[0], pose, lambda n, k=name, i=iterations: refined(k, n, i))
        in_time.append(refined(name, count, iterations, f"{name}, in the flow's time"))
    return [
        *same,
        *in_time,
        Method("inverse_kinematics.least_squares.solve", 128, 60, lambda pose: solve(ik.robot, pose, rng), SLOW_EVERY),
    ]


def _starts_in_time_of(model: Method, pose: np.ndarray, make: Callable[[int], Method], repeats: int = 10) -> int:
    """The largest number of starts, in steps of 8, that costs no more processor time than the method."""

    def cost(method: Method) -> float:
        times = []
        for _ in range(repeats):
            before = time.process_time()
            method.answer(pose)
            times.append(time.process_time() - before)
        return float(np.median(times))

    budget, count = cost(model), 8
    while count < 256 and cost(make(count + 8)) <= budget:
        count += 8
    return count


def solution_table(ik: LearnedInverseKinematics, methods: list[Method], poses: int) -> Table:
    return Table(
        f"Inverse kinematics, {ik.robot.name}, {poses} reachable poses one at a time, one thread",
        ("starts", "number", "iterations", "poses", "solved", "distinct solutions", "wrong",
         "processor ms, median", "95 %", "clock ms, median", "95 %"),
        tuple(method.row() for method in methods),
        (
            f"Solved: within {1e3 * POSITION:.0f} mm and {np.degrees(ROTATION):.1f}°, within limits, by Pinocchio. "
            f"Distinct: more than {DISTINCT} rad apart in some joint. solve keeps at most 16, others all they find.",
        ),
    )  # fmt: skip


def start_table(
    ik: LearnedInverseKinematics, proposals: dict[str, Propose], poses: list[np.ndarray], judge: IndependentKinematics
) -> Table:
    """Before refinement; of every fifth pose, all that are drawn."""
    rows = []
    for name, propose in proposals.items():
        errors = np.concatenate([judge.errors(propose(pose, ik.samples), pose) for pose in poses[::5]])
        position, rotation = 1e3 * errors[:, 0], np.degrees(errors[:, 1])
        at = [float(np.quantile(values, q)) for values in (position, rotation) for q in (0.5, 0.9)]
        rows.append((name, *at))
    return Table(
        f"The starts themselves, {ik.robot.name}",
        ("starts", "position mm, median", "90 %", "rotation °, median", "90 %"),
        tuple(rows),
    )
