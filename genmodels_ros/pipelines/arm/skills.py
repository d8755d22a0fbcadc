"""Skills from a few demonstrations: learn, bend through via-points, time, verify; only what was verified is returned.

skill = MovementPrimitive.learn(demonstrations)
performance = SkillPlayer(skill, robot).play([ViaPoint(tool=[0.4, 0.1, 0.5])])
performance.candidate.trajectory
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.movement_primitive import (
    Condition,
    MovementPrimitive,
    at_phase,
    control_points,
    phase_row,
)
from genmodels_ros.pipelines.arm.ranking import judged
from genmodels_ros.pipelines.arm.trajectory_query import MODEL, Candidate, CostWeights
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import jacobian, link_pose
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.optimisation import OptimisationSettings, optimise

TOOL_RESOLUTION, JOINT_RESOLUTION = 2e-3, 5e-3  # m, rad; how exactly demonstrations tell a point
UNUSUAL = 3.0  # Mahalanobis; from here on a via-point is not what was demonstrated
# Of refining and bending back in turn. A weak pull on length and smoothness leaves the skill its shape: with a ball in
# the way 13 of 13 made-up skills found a way, where the settings of the generator's own search found one for 10.
ROUNDS, REFINEMENT = 8, OptimisationSettings(iterations=3, refresh=3, length=0.01, smoothness=0.1)
PHASES = np.linspace(0, 1, 101)
INNER = slice(5, 96)  # of PHASES, where a via-point is sought: not at the ends, which have their own conditions


@dataclass(frozen=True)
class ViaPoint:
    """Where to be: tool [3] m in the base frame, or joints [D] rad. phase: when, as the share of the way gone; None for
    where the mean demonstration comes nearest. A point that was moved needs the phase of where it was.
    """

    tool: np.ndarray | None = None
    joints: np.ndarray | None = None
    phase: float | None = None


@dataclass(frozen=True)
class Performance:
    """candidate: verified, None unless code is SUCCESS; surprise: of each via-point, see MovementPrimitive.surprise;
    warnings: sentences; bent [M, N, D]: the demonstrations' control points under the same conditions.
    """

    code: ErrorCode
    message: str = ""
    candidate: Candidate | None = None
    surprise: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    bent: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0)))


class SkillPlayer:
    """A skill on its robot. Raises GenModelsError(WRONG_LENGTH) where they do not fit."""

    def __init__(self, skill: MovementPrimitive, robot: Robot):
        if skill.mean.shape[1] != robot.num_joints:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH,
                f"The skill has {skill.mean.shape[1]} joints and {robot.name} {robot.num_joints}: name its robot.",
            )
        self.skill, self.robot = skill, robot

    def play(
        self,
        via: Sequence[ViaPoint] = (),
        *,
        start: np.ndarray | None = None,
        goal: np.ndarray | None = None,
        scene: Scene | None = None,
        velocity_scaling: float = 1.0,
        acceleration_scaling: float = 1.0,
    ) -> Performance:
        """The mean bent through the via-points, or where it does not pass verification the best that is near it.

        start, goal: [D] rad, by default the demonstrations' mean ones. Tried in turn: the bent mean, each bent
        demonstration, then all of these refined on the obstacles and bent back. Errors end in code and message.
        """
        try:
            skill, via = self.skill, [self._checked(point) for point in via]
            conditions = [*self._ends(start, goal), *map(self._condition, via)]
            resolution = [JOINT_RESOLUTION if point.tool is None else TOOL_RESOLUTION for point in via]
            surprise = tuple(map(skill.surprise, conditions[2:], resolution))
            bent = np.stack([skill.bend(w, conditions) for w in (skill.mean, *skill.weights)])
            checker = CollisionChecker(self.robot, scene or Scene())
            scalings = (velocity_scaling, acceleration_scaling)
            found = self._first_verified(bent, conditions, checker, scalings)
        except GenModelsError as error:
            return Performance(error.code, error.message)
        warnings = tuple(
            f"The via-point at phase {point.phase:g} is {d:.1f} deviations from what was demonstrated."
            for point, d in zip(via, surprise, strict=True)
            if d > UNUSUAL
        )
        if found is None:
            return Performance(
                ErrorCode.NO_SOLUTION,
                "No way through the via-points is free and within the limits: move them, or the obstacles.",
                surprise=surprise,
                warnings=warnings,
            )
        return Performance(ErrorCode.SUCCESS, "", found, surprise, warnings, control_points(bent[1:]))

    def at_tool(self, phase: float, position: np.ndarray) -> Condition:
        """The tool's position at a phase; the orientation is left to the skill."""
        row, chain, frame = phase_row(phase), self.robot.chain, self.robot.tool_frame

        def evaluate(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            pose, columns = jacobian(chain, torch.as_tensor(row @ w), frame)
            return pose[:3, 3].numpy(), np.kron(row, columns[:3].numpy())

        return Condition(np.asarray(position, dtype=float), evaluate)

    def tool_spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Along PHASES: the demonstrations' mean tool position [P, 3] and their spread [P] about it, m."""
        tools = self.tool_paths(self.skill.weights)
        return tools.mean(0), np.sqrt(np.square(tools - tools.mean(0)).sum(-1).sum(0) / (len(tools) - 1))

    def nearest_phase(self, point: ViaPoint) -> float:
        """Where the mean demonstration comes nearest to a point, away from the ends."""
        q = phase_row(PHASES[INNER]) @ self.skill.mean
        path, target = (q, point.joints) if point.tool is None else (tool_positions(self.robot, q), point.tool)
        return float(PHASES[INNER][np.linalg.norm(path - target, axis=1).argmin()])

    def tool_paths(self, weights: np.ndarray) -> np.ndarray:
        """[*, P, 3] m along PHASES, of weights [*, W, D]."""
        return tool_positions(self.robot, phase_row(PHASES) @ weights)

    def _ends(self, start, goal) -> list[Condition]:
        mean = self.skill.mean
        ends = (mean[0] if start is None else start, mean[-1] if goal is None else goal)
        return [at_phase(phase, self._joints(q)) for phase, q in enumerate(ends)]

    def _checked(self, point: ViaPoint) -> ViaPoint:
        """The same with its phase."""
        if (point.tool is None) == (point.joints is None):
            raise GenModelsError(ErrorCode.INVALID_PATH, "A via-point is a tool position or joint positions.")
        if point.phase is not None and not 0 < point.phase < 1:
            raise GenModelsError(
                ErrorCode.INVALID_PATH, f"A via-point's phase lies between 0 and 1, not at {point.phase:g}."
            )
        if point.tool is None:
            point = replace(point, joints=self._joints(point.joints))
        else:
            point = replace(point, tool=_finite(point.tool, 3, "A tool position"))
        return point if point.phase is not None else replace(point, phase=self.nearest_phase(point))

    def _condition(self, point: ViaPoint) -> Condition:
        return at_phase(point.phase, point.joints) if point.tool is None else self.at_tool(point.phase, point.tool)

    def _joints(self, q) -> np.ndarray:
        return _finite(q, self.robot.num_joints, "A configuration")

    def _first_verified(
        self, bent: np.ndarray, conditions: list[Condition], checker: CollisionChecker, scalings: tuple[float, float]
    ) -> Candidate | None:
        paths = control_points(bent)
        for round_ in range(ROUNDS + 1):
            if round_ > 0:
                refined, _ = optimise(paths, self.robot, checker.scene, REFINEMENT, checker.proximity)
                paths = self._bent_back(refined, conditions)
            for path in paths:
                found = judged(path, checker, MODEL, CostWeights(), *scalings)
                if found is not None:
                    return found
        return None

    def _bent_back(self, paths: np.ndarray, conditions: list[Condition]) -> np.ndarray:
        """Of refined paths [B, N, D] those that could be led through the via-points again."""
        bent = []
        for weights in paths[:, 1:-1]:
            with contextlib.suppress(GenModelsError):
                bent.append(self.skill.bend(weights, conditions))
        return control_points(np.array(bent).reshape(-1, *paths[0, 1:-1].shape))


def tool_positions(robot: Robot, q: np.ndarray) -> np.ndarray:
    """[*, 3] m in the base frame, of configurations [*, D]."""
    return link_pose(robot.chain, torch.as_tensor(q), robot.tool_frame)[..., :3, 3].numpy()


def _finite(values, count: int, what: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.shape != (count,):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{what} needs {count} numbers, got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{what} must be finite, got {array.tolist()}.")
    return array
