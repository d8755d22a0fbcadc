"""Digits stacked as the channels of one picture: 10^n modes, of which a GAN that collapses shows few.

Three digits make the thousand modes of Stacked MNIST (Metz et al. 2017); here they are the 8x8 digits that scikit-learn
brings along (Alpaydin and Kaynak 1998), so that nothing is downloaded and a run takes minutes. A picture's mode is read
channel by channel as the label of its nearest digit; what lies farther from every digit than digits lie from each other
shows none.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.gan_objectives.toy_players import perceptron, play
from genmodels_ros.training.gan_objectives import OBJECTIVES

PIXELS, GREYS = 64, 16.0
RECOGNISED = 0.99  # share of the real digits that the distance limit lets through

# The same for every seed.
UPDATES = 8_000
BATCH, LATENT, RATE, WIDTH = 128, 32, 1e-3, 192
GAMMA = {"minimax": 0.3, "non_saturating": 0.3, "relativistic": 0.3, "wgan_gp": 10.0, "wgan": None}


@dataclass(frozen=True)
class StackedScore:
    """modes found of 10^digits; divergence KL(found ‖ uniform) [nat]; recognised: share that shows digits at all."""

    modes: int
    divergence: float
    recognised: float
    seconds: float
    samples: Tensor


class Digits:
    """The real digits, the classifier and its limit."""

    def __init__(self):
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, "The stacked digits need scikit-learn: pip install scikit-learn==1.9.1."
            ) from error
        digits = load_digits()
        self.pixels = torch.from_numpy(digits.data).float() / GREYS  # [1797, 64]
        self.labels = torch.from_numpy(digits.target)
        others = torch.cdist(self.pixels, self.pixels).fill_diagonal_(torch.inf)
        self.limit = float(others.amin(dim=1).quantile(RECOGNISED))

    def stacked(self, count: int, channels: int, rng: torch.Generator) -> Tensor:
        """[count, channels * 64], each channel a digit drawn on its own."""
        chosen = torch.randint(len(self.pixels), (count, channels), generator=rng)
        return self.pixels[chosen].flatten(1)

    def modes(self, samples: Tensor, channels: int) -> Tensor:
        """The number that each sample [N, channels * 64] shows, or -1."""
        distance, nearest = torch.cdist(samples.unflatten(1, (channels, PIXELS)).flatten(0, 1), self.pixels).min(dim=1)
        places = 10 ** torch.arange(channels - 1, -1, -1)
        number = (self.labels[nearest].view(-1, channels) * places).sum(dim=1)
        return torch.where((distance <= self.limit).view(-1, channels).all(dim=1), number, -1)

    def score(self, samples: Tensor, channels: int) -> tuple[int, float, float]:
        """(modes, divergence, recognised)."""
        shown = self.modes(samples, channels)
        counts = torch.bincount(shown[shown >= 0], minlength=10**channels).double()
        shares = counts / counts.sum().clamp(min=1)
        divergence = float(torch.special.xlogy(shares, shares * len(shares)).sum())
        return int((counts > 0).sum()), divergence, float((shown >= 0).double().mean())


def play_on_digits(name: str, seed: int, channels: int, updates: int = UPDATES) -> StackedScore:
    """One game with the objective called `name`; 26 samples a mode are judged, as is usual for Stacked MNIST."""
    torch.manual_seed(seed)
    rng, digits = torch.Generator().manual_seed(seed), Digits()
    inputs = channels * PIXELS
    generator, _, seconds = play(
        OBJECTIVES[name],
        perceptron(LATENT, WIDTH, WIDTH, inputs),
        perceptron(inputs, WIDTH, WIDTH, 1),
        lambda: digits.stacked(BATCH, channels, rng),
        lambda: torch.randn(BATCH, LATENT, generator=rng),
        updates=updates,
        rate=RATE,
        gamma=GAMMA[name],
        rng=rng,
    )
    with torch.no_grad():
        samples = generator(torch.randn(26 * 10**channels, LATENT, generator=rng)).clamp(0, 1)
    return StackedScore(*digits.score(samples, channels), seconds, samples)
