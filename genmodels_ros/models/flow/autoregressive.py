"""A masked autoregressive layer: each variable is transformed as the ones before it say (Papamakarios et al. 2017)."""

import torch
from torch import Tensor, nn

from genmodels_ros.models.flow.coupling import INITIAL_SCALE
from genmodels_ros.models.flow.transforms import Affine, Spline
from genmodels_ros.models.masked_linear import MaskedPerceptron


class Autoregressive(nn.Module):
    """Data to noise, the way of log_prob, costs one pass of the network; noise to data D passes, one a variable."""

    def __init__(self, dimension: int, condition_dimension: int, transform: Affine | Spline, width: int, hidden: int):
        super().__init__()
        self.transform = transform
        self.network = MaskedPerceptron(dimension, condition_dimension, transform.parameters, width, hidden)
        with torch.no_grad():
            self.network.last.weight.mul_(INITIAL_SCALE)
            self.network.last.bias.zero_()

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """z [N, D] and log |det dz/dx| [N]."""
        z, log_slope = self.transform(x, self.network(x, condition))
        return z, log_slope.sum(-1)

    def inverse(self, z: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [N, D] and log |det dx/dz| [N]."""
        x, total = torch.zeros_like(z), z.new_zeros(len(z))
        for d in range(z.shape[1]):
            parameters = self.network.about(d, x, condition)
            value, log_slope = self.transform(z[:, d], parameters, inverse=True)
            x, total = torch.cat([x[:, :d], value[:, None], x[:, d + 1 :]], dim=1), total + log_slope
        return x, total
