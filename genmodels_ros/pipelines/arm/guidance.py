"""Cost guidance: what pulls the estimates of x_0 downhill while they are sampled.

Given x_t, the network's estimate x_0 has the variance sigma_t² / (alpha_t² + sigma_t²) =: s² for data of unit variance.
With a cost E of curvature H, the most likely x_0 under the density tilted by exp(-E) is a Gauss-Newton step away,

    x_0 - (I / s² + H)^-1 grad E = x_0 - s² (I + s² H)^-1 grad E

which, unlike s² grad E alone (Dhariwal & Nichol 2021, classifier guidance), cannot overshoot where E is steep.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.pipelines.arm.trajectory_query import GuidanceWeights
from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.paths.cost import CostSettings, Expansion, PathCost
from genmodels_ros.robots.paths.features import paths_of
from genmodels_ros.robots.paths.optimisation import newton_step

STRENGTH = CostSettings(length=1.0, smoothness=1.0, collision=1e5, workspace=1e3)  # at weights of 1


@dataclass(frozen=True)
class CostGuidance:
    """The cost of one query's paths, and how strongly each part of it pulls.

    workspace: [2, 3] m, or None
    """

    proximity: Proximity
    weights: GuidanceWeights
    workspace: np.ndarray | None = None

    @property
    def active(self) -> bool:
        """Whether anything pulls at all."""
        w = self.weights
        return w.collision > 0 or w.length > 0 or w.smoothness > 0 or (w.workspace > 0 and self.workspace is not None)

    def cost(self, num_control_points: int) -> PathCost:
        """E of paths of N control points."""
        names = ("collision", "length", "smoothness", "workspace")
        settings = CostSettings(**{name: getattr(STRENGTH, name) * getattr(self.weights, name) for name in names})
        return PathCost(self.proximity, settings, num_control_points, self.workspace)


def damped_gradient(
    cost: PathCost, x_0: Tensor, variance: float, scale: np.ndarray, start: np.ndarray, goal: np.ndarray
) -> Tensor:
    """(I + s² H)^-1 grad E at estimates x_0 [B, n, D], for s² = variance.

    scale [D]: rad a unit of x_0; start [B, D], goal [B, D] rad of each path.
    """
    paths = paths_of(start, goal, x_0.double().cpu().numpy() * scale).astype(np.float32)
    placed = cost.place(paths)
    at = cost.expand(paths, placed, cost.near_pairs(placed))
    units = np.tile(scale, x_0.shape[1]).astype(np.float32)
    gradient, curvature = at.gradient * units, at.curvature * units[:, None] * units
    damped = np.eye(len(units), dtype=np.float32) + np.float32(variance) * curvature
    step = newton_step(Expansion(gradient, damped))
    return torch.from_numpy(-step).reshape(x_0.shape).to(x_0)
