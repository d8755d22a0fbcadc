"""Simulated frames made to look like a place: an unpaired translation with one style for each place.

The whole run in memory, a few minutes long, for benchmarks that train on a split of their own; the game is that of
translation_game.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.device import generator
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.training.camera.consistency import make_consistency
from genmodels_ros.training.camera.image_domains import ImageDomains
from genmodels_ros.training.camera.translation_game import Settings, TranslationGame
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)


@dataclass(frozen=True)
class Recipe:
    """How long and with what network (ImageTranslationGAN's configuration beside its styles) a run is made."""

    steps: int = 700
    batch_size: int = 8
    network: str = "bilateral"
    settings: Settings = Settings(generator_rate=8e-4)

    def config(self, styles: tuple[str, ...]) -> dict:
        """Of the generator."""
        return {"styles": list(styles), "width": self.settings.width, "network": self.network}


def train_translation(domains: ImageDomains, recipe: Recipe, *, seed: int, device: str = "cpu") -> ImageTranslationGAN:
    """Plays the game and returns the generator of averaged weights, in evaluation mode."""
    torch.manual_seed(seed)  # initial weights
    rng, settings = generator(seed), recipe.settings
    config = recipe.config(domains.styles)
    model = ImageTranslationGAN(**config, **settings.discriminator())
    tie = make_consistency(settings.consistency, lambda: ImageTranslationGAN(**recipe.config(("source",))).generator)
    game = TranslationGame(model, settings, rng, torch.device(device), consistency=tie)
    average = ExponentialMovingAverage(game.model.generator, decay=0.995)
    rates = {"generator": settings.generator_rate, "discriminator": settings.discriminator_rate}
    for step in progress(0, recipe.steps, "translation"):
        for player, rate in rates.items():
            set_learning_rate(game.optimizers[player], cosine_learning_rate(step, recipe.steps, rate, warmup=50))
        game.round(step, lambda: domains.batch(recipe.batch_size, rng))
        average.update(game.model.generator, step)
    shipped = ImageTranslationGAN(**config)
    shipped.generator.load_state_dict(average.average.state_dict())
    return shipped.eval().requires_grad_(False)


@torch.inference_mode()
def translated(model: ImageTranslationGAN, images: Tensor, style: int, *, seed: int, batch_size: int = 64) -> Tensor:
    """uint8 [N, 3, H, W] in one style, each with a code of its own, uint8 [N, 3, H, W]."""
    rng, network, results = generator(seed), model.generator, []
    for part in images.split(batch_size):
        source = part.float() / 255
        z = torch.randn(len(part), network.latent, generator=rng)
        grain = torch.randn(len(part), 1, *network.cells(*part.shape[-2:]), generator=rng)
        chosen = torch.full((len(part),), style)
        transform = network.transform(source, chosen, z, grain=grain)
        clean = transform.apply(source)
        made = transform.add_noise(clean, torch.randn(clean.shape, generator=rng))
        results.append(made.clamp(0, 1).mul(255).round().byte())
    return torch.cat(results)
