"""A GAN of vectors (Goodfellow et al. 2014): G makes x from a code, D tells made x from real ones; no density.

The code is random signs and normal numbers: a continuous G of a connected code joins the modes of its data by bridges;
with signs it can leave the gaps empty (Khayatkhoei et al. 2018). D sees x and waves of x, without which a small network
is too smooth for sharp modes (Tancik et al. 2020). The game is played by training/families/vector_game.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import Family, FamilyConfig, perceptron, with_condition
from genmodels_ros.models.fourier_features import WIDEST, of_unit_columns

OBJECTIVES = ("minimax", "non_saturating", "wgan", "wgan_gp", "relativistic")  # of training/gan_objectives.py
EXTENT = 3.0  # standard deviations: G is about as wide as the data from the start


@dataclass(frozen=True)
class VectorGANConfig(FamilyConfig):
    """normals, signs: numbers of the code. waves: that D sees, 0 for none; sharpness: scale of the steepest.

    gamma: weight of the R1 and R2 penalties when the game begins; it ends at a twentieth of it, strong first so that
    every mode is found, weak last so that modes get sharp. The other objectives have rules of their own.
    discriminator_rate: learning rate of D over that of G.
    """

    objective: str = "relativistic"
    normals: int = 8
    signs: int = 8
    waves: int = 64
    sharpness: float = 8.0
    gamma: float = 0.1
    discriminator_rate: float = 1.0
    width: int = 64
    layers: int = 3

    def check(self) -> None:
        self.one_of("objective", OBJECTIVES)
        self.within("normals", 1, 4096)
        self.within("signs", 0, 64)
        self.within("waves", 0, 8192)
        self.within("sharpness", WIDEST, 1000.0)
        self.within("gamma", 0.0, 1000.0)
        self.within("discriminator_rate", 0.01, 100.0)
        self.within("width", 1, 8192)
        self.within("layers", 1, 32)


class VectorGAN(Family):
    """sample = generator(code, condition)."""

    Config = VectorGANConfig
    likelihood = "none"

    def __init__(self, config: VectorGANConfig):
        super().__init__(config)
        self.generator, self.discriminator = VectorGenerator(config), VectorDiscriminator(config)

    def code(self, n: int, rng: torch.Generator) -> Tensor:
        """[n, signs + normals]."""
        signs = 2.0 * torch.randint(2, (n, self.config.signs), generator=rng) - 1
        normals = torch.randn(n, self.config.normals, generator=rng)
        return torch.cat([signs, normals], dim=1).to(next(self.parameters()))

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        return self.generator(with_condition(self.code(n, rng), condition))[:, : self.config.dimension]


class VectorGenerator(nn.Module):
    """(code, c) [N, Z + C] → (x, c) [N, D + C]: what D is shown, a real row and its condition or a made one and its."""

    def __init__(self, config: VectorGANConfig):
        super().__init__()
        self.condition_dimension = config.condition_dimension
        inputs = config.signs + config.normals + config.condition_dimension
        self.network = perceptron(inputs, config.dimension, config.width, config.layers, leaky)

    def forward(self, code: Tensor) -> Tensor:
        condition = code[:, code.shape[1] - self.condition_dimension :]
        return torch.cat([EXTENT * self.network(code), condition], dim=1)


class VectorDiscriminator(nn.Module):
    """(x, c) [N, D + C] → logits [N, 1]. c is no part of what gradients are penalised in: G does not choose it."""

    def __init__(self, config: VectorGANConfig):
        super().__init__()
        D, C = config.dimension, config.condition_dimension
        self.dimension = D
        self.features = of_unit_columns(D, config.waves, config.sharpness)
        self.network = perceptron(D + 2 * config.waves + C, 1, config.width, config.layers, leaky)

    def forward(self, joint: Tensor) -> Tensor:
        x, condition = joint[:, : self.dimension], joint[:, self.dimension :].detach()
        return self.network(torch.cat([x, self.features(x), condition], dim=1))


def leaky() -> nn.Module:
    """The rectifier of both players."""
    return nn.LeakyReLU(0.2)
