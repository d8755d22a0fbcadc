"""MADE (Germain et al. 2015) with the transformer's methods: all conditionals by one masked perceptron."""

from torch import Tensor, nn
from torch.nn import functional

from genmodels_ros.models.masked_linear import MaskedPerceptron


class MaskedAutoencoder(nn.Module):
    """values [N, D], condition [N, C] or None → logits [N, D, K]."""

    def __init__(self, dimension: int, condition_dimension: int, outputs: int, width: int, layers: int):
        super().__init__()
        self.dimension = dimension
        self.network = MaskedPerceptron(dimension, condition_dimension, outputs, width, layers)
        nn.init.zeros_(self.network.last.weight)
        nn.init.zeros_(self.network.last.bias)

    def forward(self, values: Tensor, condition: Tensor | None) -> Tensor:
        return self.network(values, condition)

    def new_cache(self) -> None:
        """It keeps nothing."""

    def step(self, values: Tensor, condition: Tensor | None, cache: None) -> Tensor:
        """Logits [N, K] of the number that follows values [N, i]; what is still unknown is not looked at."""
        i = values.shape[1]
        return self(functional.pad(values, (0, self.dimension - i)), condition)[:, i]
