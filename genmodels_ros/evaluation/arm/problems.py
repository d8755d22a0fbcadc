"""Planning problems to measure an arm planner on: from files, or made up."""

from pathlib import Path

import numpy as np

from genmodels_ros.data.problems import Problem, load_problems
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.simulation.arm.problems import random_problems
from genmodels_ros.simulation.arm.scenes import random_arm_scene
from genmodels_ros.simulation.arm.space import arm_space

MADE_UP = 100  # problems where no files are given


def problem_sets(data: Path | None, robot: Robot, seed: int, limit: int | None) -> dict[str, list[Problem]]:
    """Problems with joint goals by the name of their set, one set a JSON file in `data` or its folder `planning`;
    without data, one set made up from `seed`.

    limit: problems of each set at most, evenly spread over it. Raises FileNotFoundError for a folder without any for
    this robot.
    """
    if data is None:
        return {"made-up scenes": made_up_problems(robot, limit or MADE_UP, seed)}
    folder = Path(data) / "planning" if (Path(data) / "planning").is_dir() else Path(data)
    sets = {path.stem: _for_robot(load_problems(path), robot) for path in sorted(folder.glob("*.json"))}
    if not any(sets.values()):
        raise FileNotFoundError(f"No problems for {robot.name} (*.json) in {folder}.")
    return {name: _spread(problems, limit) for name, problems in sets.items() if problems}


def made_up_problems(robot: Robot, count: int, seed: int) -> list[Problem]:
    """Problems in random scenes, one a scene; none of them was trained on (training's scenes have other seeds)."""
    problems: list[Problem] = []
    rng = np.random.default_rng([seed, 2**31])
    while len(problems) < count:
        scene = random_arm_scene(rng, arm_space(robot))
        for start, goal in random_problems(CollisionChecker(robot, scene), rng, 1):
            problems.append(Problem(f"made-up/{len(problems)}", "made-up", start, goal, None, scene))
    return problems


def _for_robot(problems: list[Problem], robot: Robot) -> list[Problem]:
    """Those with a joint goal for that many joints."""
    return [p for p in problems if p.goal_config is not None and len(p.start) == robot.num_joints]


def _spread(items: list, limit: int | None) -> list:
    count = min(limit or len(items), len(items))
    return [items[i] for i in np.linspace(0, len(items) - 1, count).astype(int)]
