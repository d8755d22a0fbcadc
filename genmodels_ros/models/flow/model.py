"""A normalizing flow: an invertible network f between data and Gaussian noise, with the exact density of what it draws.

    z = f(x),  z ~ N(0, I)        log p(x) = log N(f(x); 0, I) + log |det df/dx|        (change of variables)

Coupling layers (Dinh et al. 2017, RealNVP) are quick both ways; autoregressive ones (Papamakarios et al. 2017, MAF)
are the richer density and slow to sample. Both by affine functions or by monotone splines (Durkan et al. 2019). A
survey: Papamakarios et al. 2021.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import Family, FamilyConfig
from genmodels_ros.models.flow.autoregressive import Autoregressive
from genmodels_ros.models.flow.coupling import Coupling
from genmodels_ros.models.flow.transforms import Affine, Spline
from genmodels_ros.sampling.normal import standard_normal_log_prob

STRUCTURES = {"coupling": Coupling, "autoregressive": Autoregressive}


@dataclass(frozen=True)
class NormalizingFlowConfig(FamilyConfig):
    """layers: of the flow, each with a network of `hidden` layers of `width`.

    bins, bound: of splines, which are the identity beyond ±bound (data and noise have variance one).
    """

    structure: str = "coupling"
    transform: str = "spline"
    layers: int = 4
    width: int = 64
    hidden: int = 2
    bins: int = 16
    bound: float = 4.0

    def check(self) -> None:
        self.one_of("structure", STRUCTURES)
        self.one_of("transform", ("affine", "spline"))
        self.within("layers", 1, 64)
        self.within("width", 1, 8192)
        self.within("hidden", 1, 16)
        self.within("bins", 2, 256)
        self.within("bound", 0.1, 1000.0)


class NormalizingFlow(Family):
    """The order of the variables changes from layer to layer, so that any two of them come to depend on each other."""

    Config = NormalizingFlowConfig
    likelihood = "exact"

    def __init__(self, config: NormalizingFlowConfig):
        super().__init__(config)
        D, C = config.dimension, config.condition_dimension
        transform = Affine() if config.transform == "affine" else Spline(config.bins, config.bound)
        layer = STRUCTURES[config.structure]
        self.layers = nn.ModuleList(layer(D, C, transform, config.width, config.hidden) for _ in range(config.layers))
        orders = variable_orders(D, config.layers)
        self.register_buffer("orders", orders)
        self.register_buffer("back", orders.argsort(dim=1), persistent=False)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """z [N, D] and log |det dz/dx| [N]."""
        total = x.new_zeros(len(x))
        for layer, order in zip(self.layers, self.orders, strict=True):
            x, log_det = layer(x[:, order], condition)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x [N, D] and log |det dx/dz| [N]."""
        total = z.new_zeros(len(z))
        for layer, back in zip(reversed(self.layers), self.back.flip(0), strict=True):
            z, log_det = layer.inverse(z, condition)
            z, total = z[:, back], total + log_det
        return z, total

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        z, log_det = self(x, condition)
        return log_det + standard_normal_log_prob(z)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        return -self.log_prob(x, condition).mean()

    def encode(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return self(x, condition)[0]

    def decode(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.inverse(z, condition)[0]

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        like = next(self.parameters())
        z = torch.randn(n, self.config.dimension, generator=rng, dtype=like.dtype).to(like.device)
        return self.decode(z, condition)


def variable_orders(dimension: int, layers: int) -> Tensor:
    """How each layer rearranges what it is given, [layers, D]: not at all, reversed, at random, reversed, at random, …

    Reversing makes a coupling layer move what the layer before it kept; chance brings new pairs together.
    """
    rng = torch.Generator().manual_seed(0)
    reverse = torch.arange(dimension).flip(0)
    even = [torch.arange(dimension), *[torch.randperm(dimension, generator=rng) for _ in range(1, layers, 2)]]
    return torch.stack([reverse if layer % 2 else even[layer // 2] for layer in range(layers)])
