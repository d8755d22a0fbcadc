"""Networks whose output d sees inputs 1 .. d-1 only: MADE (Germain et al. 2015, "Masked Autoencoder for Distribution
Estimation"), the one trick behind autoregressive flows and autoregressive densities.

Every unit carries a degree m: input d has m = d, an output about x_d has m = d, a hidden unit any number between. A
hidden unit sees units of degree up to its own, an output those of lower degree (their eqs. 12 and 13). The condition
has degree 0, so that everything sees it.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from genmodels_ros.models.family import with_condition


class MaskedLinear(nn.Linear):
    """A linear layer with some connections cut; mask: bool [outputs, inputs], True where there is one."""

    def __init__(self, mask: Tensor):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.to(self.weight.dtype), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight * self.mask, self.bias)


class MaskedPerceptron(nn.Module):
    """MADE: [N, D] and a condition [N, C] or None → [N, D, K], whose row d depends on x_1 .. x_{d-1} and the condition.

    outputs: K numbers about each variable; `layers` hidden layers of `width`.
    """

    def __init__(
        self,
        dimension: int,
        condition_dimension: int,
        outputs: int,
        width: int,
        layers: int,
        activation: type[nn.Module] = nn.SiLU,
    ):
        super().__init__()
        self.dimension, self.outputs = dimension, outputs
        *hidden, last = [MaskedLinear(m) for m in made_masks(dimension, condition_dimension, outputs, width, layers)]
        self.network = nn.Sequential(*[m for linear in hidden for m in (linear, activation())], last)

    @property
    def last(self) -> MaskedLinear:
        """The layer that gives the outputs, for whoever initialises them."""
        return self.network[-1]

    def about(self, d: int, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """[N, K] row d alone, for those who draw one variable after the other: most of the last layer is spared."""
        rows = slice(d * self.outputs, (d + 1) * self.outputs)
        hidden = self.network[:-1](with_condition(x, condition))
        return functional.linear(hidden, self.last.weight[rows] * self.last.mask[rows], self.last.bias[rows])

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.network(with_condition(x, condition)).unflatten(-1, (self.dimension, self.outputs))


def made_masks(dimension: int, condition_dimension: int, outputs: int, width: int, layers: int) -> list[Tensor]:
    """bool [units, units of the layer before] of every layer; inputs are x then the condition.

    Outputs are laid out variable by variable, K = `outputs` in a row.
    """
    variables = torch.arange(1, dimension + 1)
    inputs = torch.cat([variables, torch.zeros(condition_dimension, dtype=torch.long)])
    # Degree 0 looks at the condition alone: of use only where there is one, or nothing else to look at.
    lowest = 0 if condition_dimension or dimension == 1 else 1
    hidden = lowest + torch.arange(width) % (dimension - lowest)
    degrees = [inputs, *[hidden] * layers]
    masks = [later[:, None] >= earlier[None] for earlier, later in pairwise(degrees)]
    return [*masks, variables.repeat_interleave(outputs)[:, None] > degrees[-1][None]]
