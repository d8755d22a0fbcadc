"""A coupling layer: half of the variables stay, and say how each of the others is transformed (Dinh et al. 2017)."""

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import perceptron, with_condition
from genmodels_ros.models.flow.transforms import Affine, Spline

INITIAL_SCALE = 0.01  # of the last layer: nearly the identity, but not a saddle


class Coupling(nn.Module):
    """Both directions cost one pass of the network."""

    def __init__(self, dimension: int, condition_dimension: int, transform: Affine | Spline, width: int, hidden: int):
        super().__init__()
        self.kept = dimension // 2
        self.transform = transform
        moved = dimension - self.kept
        self.network = perceptron(self.kept + condition_dimension, moved * transform.parameters, width, hidden)
        with torch.no_grad():
            self.network[-1].weight.mul_(INITIAL_SCALE)
            self.network[-1].bias.zero_()

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """z [N, D] and log |det dz/dx| [N]."""
        return self._apply_transform(x, condition, inverse=False)

    def inverse(self, z: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [N, D] and log |det dx/dz| [N]."""
        return self._apply_transform(z, condition, inverse=True)

    def _apply_transform(self, x: Tensor, condition: Tensor | None, inverse: bool) -> tuple[Tensor, Tensor]:
        kept, moved = x[:, : self.kept], x[:, self.kept :]
        parameters = self.network(with_condition(kept, condition)).unflatten(-1, (moved.shape[1], -1))
        moved, log_slope = self.transform(moved, parameters, inverse)
        return torch.cat([kept, moved], dim=-1), log_slope.sum(-1)
