"""Twenty-five Gaussians on a grid: how many of them does a GAN find, and how exactly?

The grid of 5 x 5 points two units apart with a standard deviation of 0.05 is the one of VEEGAN (Srivastava et al. 2017)
and PacGAN (Lin et al. 2018); a sample is of high quality within three deviations of a centre, which 98.9 % of the true
samples are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.data.toys import grid
from genmodels_ros.evaluation.distribution.modes import mode_score
from genmodels_ros.evaluation.gan_objectives.toy_players import Scaled, perceptron, play
from genmodels_ros.models.fourier_features import FourierFeatures
from genmodels_ros.training.gan_objectives import OBJECTIVES

GRID = grid()
CENTRES, DEVIATION = GRID.centres.float(), GRID.deviation  # [25, 2]
EXTENT = 4.0
SAMPLES = 10_000

# The same for every seed, chosen on seeds 0, 1 and 100 to 103; gamma where the penalty has no scale of its own.
UPDATES = 28_000
BATCH, WIDTH, WAVES = 512, 64, 64
SIGNS, NORMALS = 10, 2  # of a code
RATE, MOMENTUM = 4e-3, 0.5
SCALES = (0.3, 8.0)  # of the waves that D sees, per unit
GAMMA = {"minimax": 0.2, "non_saturating": 0.2, "relativistic": 0.2, "wgan_gp": 10.0, "wgan": None}
LAST_GAMMA = 0.05  # of gamma, at the end: strong first, so that every mode is found, weak last, so that modes get sharp


@dataclass(frozen=True)
class GridScore:
    """modes found of 25; high_quality share; divergence: KL(found ‖ uniform) [nat] of the high-quality samples."""

    modes: int
    high_quality: float
    divergence: float
    seconds: float
    warnings: tuple[str, ...]
    samples: Tensor


def true_samples(count: int, rng: torch.Generator) -> Tensor:
    """[count, 2]."""
    return GRID.sample(count, rng)


def score(samples: Tensor) -> tuple[int, float, float]:
    """(modes, high quality, divergence) of samples [N, 2]."""
    found = mode_score(samples, CENTRES, DEVIATION)
    return found.modes, found.high_quality, found.divergence


def codes(count: int, rng: torch.Generator) -> Tensor:
    """[count, 12]: random signs and normal numbers. A continuous G of a connected code joins the modes by bridges; with
    signs it can leave the gaps empty (Khayatkhoei et al. 2018)."""
    signs = 2.0 * torch.randint(2, (count, SIGNS), generator=rng) - 1
    return torch.cat([signs, torch.randn(count, NORMALS, generator=rng)], dim=1)


def players() -> tuple[nn.Module, nn.Module]:
    """G is as wide as the grid from the start; D sees waves, as sharp modes need."""
    generator = nn.Sequential(perceptron(SIGNS + NORMALS, WIDTH, WIDTH, 2), Scaled(EXTENT))
    scales = torch.logspace(*torch.tensor(SCALES).log10().tolist(), WAVES)
    return generator, nn.Sequential(FourierFeatures(2, scales), perceptron(2 * WAVES, WIDTH, WIDTH, 1))


def play_on_grid(name: str, seed: int, updates: int = UPDATES) -> GridScore:
    """One game with the objective called `name`."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    generator, watch, seconds = play(
        OBJECTIVES[name],
        *players(),
        lambda: true_samples(BATCH, rng),
        lambda: codes(BATCH, rng),
        updates=updates,
        rate=RATE,
        gamma=GAMMA[name],
        rng=rng,
        momentum=MOMENTUM,
        last_gamma=LAST_GAMMA,
    )
    with torch.no_grad():
        samples = generator(codes(SAMPLES, rng))
    return GridScore(*score(samples), seconds, tuple(watch.warnings()), samples)
