"""Unpaired, many-valued image-to-image translation by a generative adversarial network (Goodfellow et al. 2014).

min over G, max over D of E_y log D(y, s) + E_x,z log(1 - D(G(x, s, z), s)): the game itself is in
training/gan_objectives.py, its players are here.
"""

from torch import nn

from genmodels_ros.models.gan.discriminator import Discriminator
from genmodels_ros.models.gan.generator import Generator


class ImageTranslationGAN(nn.Module):
    """Generator and, while training, discriminator. `styles` are the names of the style indices."""

    def __init__(
        self,
        styles: tuple[str, ...],
        *,
        latent: int = 8,
        width: int = 48,
        grid: tuple[int, int, int] = (8, 12, 16),
        discriminator_width: int = 0,
    ):
        super().__init__()
        self.styles = tuple(styles)
        self.generator = Generator(len(styles), latent=latent, width=width, grid=tuple(grid))
        if discriminator_width:
            self.discriminator = Discriminator(len(styles), width=discriminator_width)

    @classmethod
    def from_config(cls, config: dict) -> "ImageTranslationGAN":
        """From a card's config; one without `discriminator_width` holds the generator alone, as shipped."""
        return cls(**config)
