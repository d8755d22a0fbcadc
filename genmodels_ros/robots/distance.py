"""Signed distance from points to boxes, cylinders and spheres: batched, differentiable, Euclidean.

One formula serves all three. In an obstacle's own frame let u = |x| - h, with h its half sizes; then

    d(x) = ||max(u, 0)|| + min(max(u_1, u_2, u_3), 0) - r

is the distance to a box of half sizes h rounded by r (I. Quilez, "Distance functions"). A sphere is a box of size 0
rounded by its radius; for a cylinder, x is first replaced by (sqrt(x_1² + x_2²), 0, x_3) and h_2 by a number beyond
reach.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle, Scene
from genmodels_ros.robots.scene_arrays import BOX, CYLINDER, NOTHING, SPHERE, rotation_matrices

FAR = 1e3  # m; the distance to an entry that only fills the table up
_WIDTH = 17  # three axes, offset, half sizes, rounding, is it a cylinder


@dataclass(frozen=True)
class ObstacleField:
    """O obstacles as a table [*, O, 17]; leading dimensions hold one scene each.

    Columns: the obstacle's axes in the base frame (3 x 3), minus its centre in its own frame (3), half sizes (3),
    rounding radius, 1 for a cylinder; metres.
    """

    table: Tensor
    has_cylinders: bool

    @classmethod
    def from_scene(cls, scene: Scene, dtype=torch.float32, device="cpu", size: int | None = None) -> "ObstacleField":
        """The field of one scene; with `size`, filled up to that many entries by ones at distance FAR."""
        size = max(len(scene.obstacles), 1) if size is None else size
        if size < len(scene.obstacles):
            raise ValueError(f"size {size} cannot hold {len(scene.obstacles)} obstacles")
        table = np.zeros((size, _WIDTH))
        table[:, 15] = -FAR
        for row, obstacle in zip(table, scene.obstacles, strict=False):
            row[:] = _row(obstacle)
        return cls(torch.as_tensor(table).to(device, dtype), has_cylinders=bool(scene.cylinders))

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "ObstacleField":
        """The field [B, O, 17] float32 of B scenes as scene_arrays.py writes them."""
        kind, size = arrays["kind"], arrays["size"].astype(float)
        axes = np.swapaxes(rotation_matrices(arrays["quat_xyzw"]), -1, -2)
        table = np.zeros((*kind.shape, _WIDTH))
        table[..., :9] = axes.reshape(*kind.shape, 9)
        table[..., 9:12] = -(axes @ arrays["center"][..., None].astype(float))[..., 0]
        table[..., 12:15] = np.where((kind == BOX)[..., None], size / 2, 0)
        cylinder, nothing = kind == CYLINDER, kind == NOTHING
        table[cylinder, 12:15] = np.stack(
            [size[cylinder, 0], np.full(cylinder.sum(), FAR), size[cylinder, 1] / 2], axis=-1
        )
        table[..., 15] = np.where(kind == SPHERE, size[..., 0], 0)
        table[..., 16] = cylinder
        table[nothing] = 0
        table[nothing, 15] = -FAR
        return cls(torch.as_tensor(table, dtype=torch.float32), bool(cylinder.any()))

    def to(self, device: torch.device | str) -> "ObstacleField":
        """The same field on another device."""
        return ObstacleField(self.table.to(device), self.has_cylinders)

    @classmethod
    def stack(cls, fields: list["ObstacleField"]) -> "ObstacleField":
        """One field [B, O, 17] of B scenes of equal size."""
        return cls(torch.stack([f.table for f in fields]), any(f.has_cylinders for f in fields))


def distances(field: ObstacleField, points: Tensor) -> Tensor:
    """Signed distance [*, N, O] from points [*, N, 3] (base frame, m) to every obstacle; negative inside.

    `*` is the field's, or anything for a field of one scene.
    """
    rows = field.table.transpose(-1, -2)
    x, y, z = (points @ rows[..., 3 * i : 3 * i + 3, :] + rows[..., 9 + i, None, :] for i in range(3))
    columns = [rows[..., k, None, :] for k in range(12, _WIDTH)]
    return _distance(x, y, z, *columns, field.has_cylinders)


def clearance(field: ObstacleField, points: Tensor) -> Tensor:
    """Signed distance [*, N] from points [*, N, 3] to the nearest obstacle.

    The nearest obstacle is found without gradients, so that the differentiated graph does not grow with the obstacles.
    """
    if not (torch.is_grad_enabled() and points.requires_grad):
        return distances(field, points).amin(dim=-1)
    with torch.no_grad():
        nearest = distances(field, points).argmin(dim=-1)
    return distances_to(field, points, nearest)


def distances_to(field: ObstacleField, points: Tensor, index: Tensor) -> Tensor:
    """Signed distance [*, N] from each point [*, N, 3] to an obstacle of its own, index [*, N]."""
    if field.table.dim() == 2:
        own = field.table[index]
    else:
        own = torch.take_along_dim(field.table, index[..., None], dim=-2)
    x, y, z = ((points * own[..., 3 * i : 3 * i + 3]).sum(-1) + own[..., 9 + i] for i in range(3))
    return _distance(x, y, z, *own[..., 12:].unbind(-1), field.has_cylinders)


def nearest_obstacles(field: ObstacleField, points: Tensor) -> tuple[Tensor, Tensor]:
    """Signed distance [*, N] from points [*, N, 3] to the nearest obstacle, and its gradient [*, N, 3].

    The gradient is that of `distance_and_gradient`, for torch and without autograd. `*` is the field's, or anything for
    a field of one scene.
    """
    index = distances(field, points).argmin(dim=-1)
    if field.table.dim() > 2:
        scene = torch.arange(field.table[..., 0, 0].numel(), device=index.device) * field.table.shape[-2]
        index = index + scene.reshape(*index.shape[:-1], 1)
    own = field.table.flatten(0, -2).T.contiguous().index_select(1, index.flatten()).unflatten(1, index.shape)
    x, y, z = points.unbind(-1)
    local = [own[3 * i] * x + own[3 * i + 1] * y + own[3 * i + 2] * z + own[9 + i] for i in range(3)]
    (x, y, z), cylinder = local, own[16] > 0
    radius = (x * x + y * y + 1e-20).sqrt()
    u = torch.stack([torch.where(cylinder, radius, x.abs()), torch.where(cylinder, 0, y.abs()), z.abs()]) - own[12:15]
    outside, deepest = u.clamp(min=0), u.amax(0)
    gap = outside.square().sum(0).sqrt()
    slope = torch.where(gap > 0, outside / gap.clamp(min=1e-12), (u == deepest).to(u.dtype))
    x = torch.where(cylinder, slope[0] * x / radius, slope[0] * x.sign())
    y = torch.where(cylinder, slope[0] * y / radius, slope[1] * y.sign())
    z = slope[2] * z.sign()
    gradient = torch.stack([own[i] * x + own[3 + i] * y + own[6 + i] * z for i in range(3)], dim=-1)
    return gap + deepest.clamp(max=0) - own[15], gradient


def _distance(x, y, z, half_x, half_y, half_z, rounding, cylinder, has_cylinders: bool) -> Tensor:
    if has_cylinders:
        x = torch.where(cylinder > 0, torch.sqrt(x * x + y * y + 1e-20), x)
        y = torch.where(cylinder > 0, torch.zeros_like(y), y)
    if not (torch.is_grad_enabled() and x.requires_grad):
        return _distance_in_place(x, y, z, half_x, half_y, half_z, rounding)
    x, y, z = x.abs() - half_x, y.abs() - half_y, z.abs() - half_z
    inside = torch.maximum(torch.maximum(x, y), z).clamp(max=0)
    squared = x.clamp(min=0) ** 2 + y.clamp(min=0) ** 2 + z.clamp(min=0) ** 2
    # The square root's slope is infinite at 0: points inside keep the gradient of `inside` alone.
    outside = torch.where(squared > 0, squared, 1.0).sqrt() * (squared > 0)
    return outside + inside - rounding


def _distance_in_place(x, y, z, half_x, half_y, half_z, rounding) -> Tensor:
    """The same without a graph, two and a half times as fast: these are the largest arrays there are."""
    x, y, z = x.abs_().sub_(half_x), y.abs_().sub_(half_y), z.abs_().sub_(half_z)
    inside = torch.maximum(x, y).maximum(z).clamp_(max=0).sub_(rounding)
    x, y, z = x.clamp_(min=0), y.clamp_(min=0), z.clamp_(min=0)
    return x.mul_(x).addcmul_(y, y).addcmul_(z, z).sqrt_().add_(inside)


def signed_distance(columns: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The same in numpy, of points [3, *] to obstacles given by columns [17, *] of the table, shapes that broadcast."""
    return _distance_and_outside(_own_frame(columns, points), columns)[0]


def distance_and_gradient(columns: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed distances [P] and their gradients [3, P] at points [3, P], each to the obstacle of its column [17, P].

    Outside, the gradient points away from the nearest point of the surface; inside, along the axis nearest to it.
    """
    local, cylinder = _own_frame(columns, points), columns[16] > 0
    distance, outside, u = _distance_and_outside(local, columns)
    gap = np.sqrt((outside * outside).sum(axis=0))
    inside = gap == 0
    slope = np.where(inside, u == u.max(axis=0), outside / np.where(inside, 1, gap))
    slope[:, inside] /= slope[:, inside].sum(axis=0)
    if cylinder.any():
        around = np.sqrt(local[0] ** 2 + local[1] ** 2 + 1e-20)
        slope[1] = np.where(cylinder, slope[0] * local[1] / around, slope[1] * np.sign(local[1]))
        slope[0] = np.where(cylinder, slope[0] * local[0] / around, slope[0] * np.sign(local[0]))
        slope[2] *= np.sign(local[2])
    else:
        slope *= np.sign(local)
    return distance, np.stack([sum(columns[3 * i + k] * slope[i] for i in range(3)) for k in range(3)])


def _own_frame(columns: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points in their obstacle's own frame [3, *]."""
    x, y, z = points
    return np.stack(
        [columns[3 * i] * x + columns[3 * i + 1] * y + columns[3 * i + 2] * z + columns[9 + i] for i in range(3)]
    )


def _distance_and_outside(local: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signed distance [*], max(u, 0) [3, *] and u [3, *] of the module's formula."""
    u = np.abs(local)
    cylinder = np.broadcast_to(columns[16] > 0, u.shape[1:])
    if cylinder.any():
        u[0] = np.where(cylinder, np.sqrt(local[0] ** 2 + local[1] ** 2), u[0])
        u[1] = np.where(cylinder, 0, u[1])
    for i in range(3):
        u[i] -= columns[12 + i]
    outside = np.maximum(u, 0)
    distance = np.sqrt(outside[0] ** 2 + outside[1] ** 2 + outside[2] ** 2)
    distance += np.minimum(np.maximum(np.maximum(u[0], u[1]), u[2]), 0)
    distance -= columns[15]
    return distance, outside, u


def _row(obstacle: Obstacle) -> list[float]:
    axes = rotation_matrices(getattr(obstacle, "quat_xyzw", (0.0, 0.0, 0.0, 1.0))).T
    if isinstance(obstacle, Box):
        half, rounding = obstacle.dims / 2, 0.0
    elif isinstance(obstacle, Cylinder):
        half, rounding = (obstacle.radius, FAR, obstacle.height / 2), 0.0
    else:
        half, rounding = (0.0, 0.0, 0.0), obstacle.radius
    return [*axes.ravel(), *(-axes @ obstacle.center), *half, rounding, float(isinstance(obstacle, Cylinder))]
