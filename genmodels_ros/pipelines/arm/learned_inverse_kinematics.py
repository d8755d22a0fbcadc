"""Inverse kinematics by a flow: many different configurations for one tool pose.

ik = LearnedInverseKinematics.from_checkpoint()
solutions = ik.solve(base_from_tool, rng=generator(0))          # [K, 7]

The flow draws the middle joints given the reduced pose (after IKFlow, Ames et al. 2022), the end joints follow in
closed form (robots/inverse_kinematics/end_joints.py), and a few damped Gauss-Newton steps take what is nearly right to
the pose. Where only solutions are wanted, nearest_configurations.py beside it starts the same steps sooner
(docs/inverse_kinematics.md).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.arm.trajectory_query import check_pose
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.inverse_kinematics.end_joints import EndJoints
from genmodels_ros.robots.inverse_kinematics.least_squares import arrivals, most_different
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.scene_arrays import rotation_matrices

# rad: two solutions are different where a joint differs by more. 0.3 rad about the axis through shoulder and wrist
# moves a Panda's elbow by 6 cm (median), a link's radius: another answer to an obstacle, not the same one.
DISTINCT = 0.3
SAMPLES = 24
SPARE = 2  # times as many are drawn: one in four has an end joint out of its limits and seldom arrives
ITERATIONS = 4
QUATERNION_TOLERANCE = 1e-2  # of its norm: what typing rounds off


@dataclass(frozen=True, eq=False)
class LearnedInverseKinematics:
    """For the one arm that its card names. `samples` are drawn a pose, and refined for `iterations` steps at most."""

    model: Standardised
    card: Card
    ends: EndJoints
    samples: int = SAMPLES
    iterations: int = ITERATIONS

    @classmethod
    def from_checkpoint(cls, folder: Path | None = None, *, robot: str | Robot = "panda") -> "LearnedInverseKinematics":
        """By default the checkpoint that comes with the package for this arm.

        Raises GenModelsError(MODEL_UNAVAILABLE) if it is missing, damaged or for another robot.
        """
        arm = robot if isinstance(robot, Robot) else load_robot(robot)
        folder = shipped(f"{arm.name}_inverse_kinematics") if folder is None else Path(folder)
        model, card = load_checkpoint(folder, "family")
        if card.config.get("data_joints") != list(arm.joint_names):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"{folder} was trained for {card.config.get('data_robot')!r}, not for {arm.name!r}: train one with "
                f"'genmodels train inverse-kinematics --robot {arm.name}'.",
            )
        return cls(model, card, EndJoints(arm))

    @property
    def robot(self) -> Robot:
        return self.ends.robot

    def self_collision_checker(self) -> CollisionChecker:
        """For `solve`: of the arm alone. Not for several threads at once."""
        return CollisionChecker(self.robot, Scene())

    def propose(self, base_from_tool: np.ndarray, count: int, rng: torch.Generator) -> np.ndarray:
        """Draws [count, D] of the flow, clamped to the limits, least clamped ones first: near the pose, not at it."""
        target = torch.as_tensor(np.asarray(base_from_tool, dtype=float))[None]
        with torch.inference_mode():
            middle = self.model.sample(count, self.ends.reduce(target)[0], rng=rng).double()
            return self.ends.starts(middle, base_from_tool)

    def solve(
        self,
        base_from_tool: np.ndarray,
        count: int = 16,
        *,
        rng: torch.Generator,
        checker: CollisionChecker | None = None,
    ) -> np.ndarray:
        """Up to `count` configurations [K, D] within the limits that put the tool frame at base_from_tool [4, 4].

        As exact as robots.inverse_kinematics.least_squares.solve; any two differ by more than DISTINCT in some joint,
        those farthest from each other first. checker: leaves out what touches itself or the checker's scene. Raises
        GenModelsError: WRONG_LENGTH or NOT_FINITE for what is no pose, INVALID_COUNT, GOAL_UNREACHABLE where none of
        the draws arrives, GOAL_IN_COLLISION where all that arrive touch something.
        """
        check_pose(base_from_tool)
        if count < 1:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"Ask for at least one solution, not {count}.")
        starts = self.propose(base_from_tool, SPARE * self.samples, rng)[: self.samples]
        solutions = arrivals(self.robot, base_from_tool, starts, self.iterations)
        if not len(solutions):
            raise GenModelsError(
                ErrorCode.GOAL_UNREACHABLE,
                f"No configuration was found that puts {self.robot.tool_frame} at this pose: is it within reach of "
                f"{self.robot.base_frame}?",
            )
        if checker is not None:
            solutions = solutions[~checker.collisions(solutions)]
            if not len(solutions):
                raise GenModelsError(
                    ErrorCode.GOAL_IN_COLLISION, "Every configuration found at this pose is in collision."
                )
        return most_different(solutions, count, DISTINCT)


def pose_matrix(xyz, quat_xyzw) -> np.ndarray:
    """base_from_tool [4, 4]. Raises GenModelsError(NOT_FINITE) for what is not finite or no unit quaternion."""
    pose, quaternion = np.eye(4), np.asarray(quat_xyzw, dtype=float)
    norm = float(np.linalg.norm(quaternion))
    if not abs(norm - 1) < QUATERNION_TOLERANCE:
        raise GenModelsError(ErrorCode.NOT_FINITE, f"The orientation needs a unit quaternion, its norm is {norm:.3g}.")
    pose[:3, :3], pose[:3, 3] = rotation_matrices(quaternion / norm), xyz
    return pose
