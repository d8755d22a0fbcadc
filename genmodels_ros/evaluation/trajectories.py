"""How well arm motions are generated, beside OMPL's RRTConnect with the same exact checker in the same run."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.problems import Problem, load_problems
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.trajectory_generation import GenerationResult, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.robots.bspline import along
from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.planning import plan
from genmodels_ros.robots.timing import time_parameterise
from genmodels_ros.robots.verification import verify
from genmodels_ros.simulation.arm_scenes import random_arm_scene, random_problems

TIME_LIMIT = 10.0  # s a problem, for each planner
QUICK = 20  # problems a set
MADE_UP = 100  # problems where no files are given
RAW_SAMPLES = 32
MODE_DISTANCE = 0.5  # rad that two paths must be apart somewhere to count as different ways


@dataclass(frozen=True)
class Outcome:
    """One problem: the service's answer, and the baselines'.

    raw: whether one of RAW_SAMPLES unrefined samples verifies; straight: whether the straight line does
    violations: of the answer's trajectories, how many a fresh verification refuses
    planner_length: rad, None where OMPL found nothing; planner_time: s
    """

    result: GenerationResult
    raw: bool
    straight: bool
    violations: int
    planner_length: float | None
    planner_time: float


def bench(
    *,
    data: Path | None = None,
    device: str = "auto",
    seed: int = 0,
    quick: bool = False,
    checkpoint: Path | None = None,
) -> list[Table]:
    """One table a problem file (with joint goals) in `data` or its folder `planning`; without data, over scenes made up
    from `seed`.

    quick: QUICK problems of each, evenly spread over the file.
    """
    generator = TrajectoryGenerator.from_checkpoint(checkpoint, device=device)
    tables = []
    for name, problems in _problem_sets(data, seed, quick).items():
        outcomes = [
            evaluate(generator, problem, seed) for problem in tqdm(problems, desc=name, unit="problem", disable=None)
        ]
        tables.append(summarise(name, outcomes))
    return tables


def evaluate(generator: TrajectoryGenerator, problem: Problem, seed: int) -> Outcome:
    """The service with its defaults, the model alone, the straight line and OMPL on one problem."""
    query = TrajectoryQuery.from_problem(problem, seed=seed, time_limit=TIME_LIMIT)
    result = generator.generate(query)
    robot = load_robot(generator.robot.name, problem.finger_position)
    violations = sum(not verify(candidate.trajectory, robot, problem.scene).valid for candidate in result.candidates)
    checker = CollisionChecker(robot, problem.scene)
    began = time.monotonic()
    waypoints = plan(checker, problem.start, problem.goal_config, TIME_LIMIT, seed)
    planner_time = time.monotonic() - began
    return Outcome(
        result,
        raw=_any_valid(_raw_samples(generator, problem, robot, seed), checker),
        straight=_any_valid(np.array([[problem.start] * 2 + [problem.goal_config] * 2]), checker),
        violations=violations,
        planner_length=None if waypoints is None else _length(waypoints),
        planner_time=planner_time,
    )


def summarise(name: str, outcomes: list[Outcome]) -> Table:
    """The table of one problem set."""
    solved = [o for o in outcomes if o.result.candidates]
    by_planner = [o for o in outcomes if o.planner_length is not None]
    both = [o for o in solved if o.planner_length is not None]
    ratios = [o.result.candidates[0].length / o.planner_length for o in both]
    service, planner = ([o.result.planning_time for o in outcomes], [o.planner_time for o in outcomes])
    rows = [
        ("solved, full service", _share(solved, outcomes), _share(by_planner, outcomes)),
        ("answered by the model, not the fallback", _share(_from_model(solved), outcomes), None),
        (f"unrefined samples, best of {RAW_SAMPLES}", _share([o for o in outcomes if o.raw], outcomes), None),
        ("straight line in joint space", _share([o for o in outcomes if o.straight], outcomes), None),
        ("at least 3 verified candidates", _share([o for o in outcomes if o.result.num_verified >= 3], outcomes), None),
        ("at least 2 different ways", _share([o for o in solved if _ways(o.result) >= 2], outcomes), None),
        ("returned trajectories that verification refuses", sum(o.violations for o in outcomes), None),
        ("path length over OMPL's, median", _percentile(ratios, 50), 1.0 if both else None),
        ("path length over OMPL's, 95th percentile", _percentile(ratios, 95), 1.0 if both else None),
        ("time to answer, median [ms]", 1e3 * _percentile(service, 50), 1e3 * _percentile(planner, 50)),
        ("time to answer, 95th percentile [ms]", 1e3 * _percentile(service, 95), 1e3 * _percentile(planner, 95)),
    ]
    title = f"Arm motions: {name}, {len(outcomes)} problems"
    return Table(title, ("measure", "genmodels", "OMPL RRTConnect + simplify"), tuple(rows))


def _problem_sets(data: Path | None, seed: int, quick: bool) -> dict[str, list[Problem]]:
    if data is None:
        return {"made-up scenes": made_up_problems(QUICK if quick else MADE_UP, seed)}
    folder = Path(data) / "planning" if (Path(data) / "planning").is_dir() else Path(data)
    sets = {path.stem: load_problems(path) for path in sorted(folder.glob("*.json"))}
    if not sets:
        raise FileNotFoundError(f"No problem files (*.json) in {folder}.")
    return {name: _spread(problems, QUICK) if quick else problems for name, problems in sets.items()}


def made_up_problems(count: int, seed: int) -> list[Problem]:
    """Problems in random scenes, one a scene; none of them was trained on (training's scenes have other seeds)."""
    robot, problems = load_robot("panda"), []
    rng = np.random.default_rng([seed, 2**31])
    while len(problems) < count:
        scene = random_arm_scene(rng)
        for start, goal in random_problems(CollisionChecker(robot, scene), rng, 1):
            problems.append(Problem(f"made-up/{len(problems)}", "made-up", start, goal, None, scene))
    return problems


def _raw_samples(generator: TrajectoryGenerator, problem: Problem, robot, seed: int) -> np.ndarray:
    return generator.sampler.sample(
        robot, problem.start, problem.goal_config[None], problem.scene, num_samples=RAW_SAMPLES, seed=seed
    )


def _any_valid(paths: np.ndarray, checker: CollisionChecker) -> bool:
    robot = checker.robot
    timed = (time_parameterise(path, robot.limits, joint_names=robot.joint_names) for path in paths)
    return any(verify(trajectory, robot, checker.scene, checker=checker).valid for trajectory in timed)


def _ways(result: GenerationResult) -> int:
    """Candidates that differ by MODE_DISTANCE somewhere from every one counted before."""
    ways: list[np.ndarray] = []
    for candidate in result.candidates:
        path = along(candidate.trajectory.positions, np.linspace(0, 1, 33))
        if all(np.abs(path - other).max() > MODE_DISTANCE for other in ways):
            ways.append(path)
    return len(ways)


def _from_model(solved: list[Outcome]) -> list[Outcome]:
    return [o for o in solved if o.result.candidates[0].source == "model"]


def _length(waypoints: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(waypoints, axis=0), axis=1).sum())


def _spread(items: list, count: int) -> list:
    return [items[i] for i in np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def _share(some: list, of: list) -> str:
    return f"{100 * len(some) / max(len(of), 1):.1f} %"


def _percentile(values: list[float], q: float) -> float | None:
    return float(np.percentile(values, q)) if values else float("nan")
