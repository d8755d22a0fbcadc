"""Inverse kinematics without its easy part: what the first and the last joint do to a tool pose has a closed form.

The first joint turns the whole arm about its axis, the last one the tool about its own. Neither changes where the last
axis lies relative to the first: five numbers, the reduced pose. Only the joints between have to be searched for, and a
configuration of those leaves one best angle for the first and the last.

    last axis: a point p (the last joint's origin) and a direction a, in cylindrical coordinates about the first axis
    reduced pose: (r, h, a_r, a_t, a_h)      r, h in m: p's distance from the first axis and its height along it
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import bodies

REDUCED = 5  # numbers of a reduced pose
LENGTH = 0.3  # m that weigh as much as a radian


@dataclass(frozen=True, eq=False)
class EndJoints:
    """Of a serial arm whose first and last joints turn. Raises GenModelsError(UNSUPPORTED) for another."""

    robot: Robot

    def __post_init__(self):
        chain = self.robot.chain
        last = int(chain.link_bodies[chain.link(self.robot.tool_frame)])
        serial = chain.ancestors(last) == list(range(chain.num_joints)) and not chain.has_followers
        if not serial or chain.num_joints < 3 or chain.prismatic[0] or chain.prismatic[-1]:
            raise GenModelsError(
                ErrorCode.UNSUPPORTED,
                f"{self.robot.name} is no chain of three or more joints whose first and last turn: use "
                "robots.inverse_kinematics.least_squares.solve, which takes any arm.",
            )

    def middle(self, q: Tensor) -> Tensor:
        """Of configurations [N, D] the joints between, [N, D - 2]."""
        return q[:, 1:-1]

    def reduce(self, base_from_tool: Tensor) -> Tensor:
        """Reduced poses [N, 5] of tool poses [N, 4, 4]."""
        _, p, a = self._last_axis_of(base_from_tool)
        return self._cylindrical(p, a)

    def reduced_forward(self, middle: Tensor) -> Tensor:
        """Reduced poses [N, 5] of middle joints [N, D - 2]."""
        frame = self._last_frame(middle)
        return self._cylindrical(frame[:, :3, 3], self._direction(frame))

    def complete(self, middle: Tensor, base_from_tool: Tensor) -> Tensor:
        """Configurations [N, D]: the first and last angle that bring each nearest to its tool pose [N, 4, 4].

        Angles lie in ±π, or a turn further where only that keeps the limits; they may break the limits.
        """
        target, p, a = self._last_axis_of(base_from_tool)
        frame, u, v = self._last_frame(middle), self._axis(0, middle), self._axis(-1, middle)
        first = _angle_about(
            u, torch.stack([frame[:, :3, 3] / LENGTH, self._direction(frame)]), torch.stack([p / LENGTH, a])
        )
        rotation = frame[:, :3, :3].mT @ _rotation(u, -first) @ target[:, :3, :3]
        columns = torch.eye(3, dtype=v.dtype, device=v.device)
        last = _angle_about(v, columns[:, None].expand(3, len(middle), 3), rotation.permute(2, 0, 1))
        return torch.cat([self._turned(first, 0), middle, self._turned(last, -1)], dim=1)

    def starts(self, middle: Tensor, base_from_tool: np.ndarray) -> np.ndarray:
        """Configurations [N, D] for one tool pose [4, 4]: completed, clamped to the limits, least clamped first."""
        target = torch.as_tensor(np.asarray(base_from_tool)).to(middle)
        q = self.complete(middle, target.expand(len(middle), 4, 4)).numpy()
        clamped = q.clip(self.robot.limits.lower, self.robot.limits.upper)
        return clamped[np.abs(q - clamped).max(axis=1).argsort(kind="stable")]

    def _axis(self, joint: int, like: Tensor) -> Tensor:
        return self.robot.chain.tensor("axes", like)[joint]

    def _last_axis_of(self, base_from_tool: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frame of the last body [N, 4, 4] in that of the first joint, and the last axis there: point, direction."""
        chain = self.robot.chain
        link = chain.link(self.robot.tool_frame)
        base_from_first = chain.tensor("constant", base_from_tool)[0]
        body_from_tool = chain.tensor("body_from_link", base_from_tool)[link]
        frame = torch.linalg.inv(base_from_first) @ base_from_tool @ torch.linalg.inv(body_from_tool)
        return frame, frame[:, :3, 3], self._direction(frame)

    def _last_frame(self, middle: Tensor) -> Tensor:
        """Frame of the last body [N, 4, 4] in that of the first joint, both at 0."""
        q = torch.nn.functional.pad(middle, (1, 1))
        base_from_first = self.robot.chain.tensor("constant", middle)[0]
        return torch.linalg.inv(base_from_first) @ bodies(self.robot.chain, q)[-1]

    def _direction(self, frame: Tensor) -> Tensor:
        return frame[:, :3, :3] @ self._axis(-1, frame)

    def _cylindrical(self, p: Tensor, a: Tensor) -> Tensor:
        u = self._axis(0, p)
        h = p @ u
        across = p - h[:, None] * u
        r = across.norm(dim=-1)
        radial = across / r.clamp(min=1e-9)[:, None]
        tangential = torch.linalg.cross(u.expand_as(radial), radial)
        return torch.stack([r, h, (a * radial).sum(-1), (a * tangential).sum(-1), a @ u], dim=-1)

    def _turned(self, angle: Tensor, joint: int) -> Tensor:
        """[N, 1]: a turn further where only that lies within the limits."""
        lower, upper = self.robot.limits.lower[joint], self.robot.limits.upper[joint]
        for turn in (-2 * torch.pi, 2 * torch.pi):
            outside = (angle < lower) | (angle > upper)
            fits = (angle + turn >= lower) & (angle + turn <= upper)
            angle = torch.where(outside & fits, angle + turn, angle)
        return angle[:, None]


def _angle_about(axis: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """[N] the turn about `axis` [3] that brings the vectors `before` [K, N, 3] nearest to `after`, in least squares."""
    across = after - (after @ axis)[..., None] * axis
    sine = (torch.linalg.cross(before, across) @ axis).sum(0)
    return torch.atan2(sine, (before * across).sum(-1).sum(0))


def _rotation(axis: Tensor, angle: Tensor) -> Tensor:
    """[N, 3, 3] by Rodrigues' formula."""
    x, y, z = axis.unbind()
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3)
    sine, cosine = torch.sin(angle)[:, None, None], torch.cos(angle)[:, None, None]
    return torch.eye(3, dtype=axis.dtype, device=axis.device) + sine * cross + (1 - cosine) * (cross @ cross)
