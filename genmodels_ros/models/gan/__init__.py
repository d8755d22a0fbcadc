"""Unpaired, many-valued image-to-image translation by a generative adversarial network (Goodfellow et al. 2014).

min over G, max over D of E_y log D(y, s) + E_x,z log(1 - D(G(x, s, z), s)): the game itself is in
training/gan_objectives.py, its players are here.
"""

from torch import nn

from genmodels_ros.models.gan.discriminator import Discriminator
from genmodels_ros.models.gan.generator import Generator
from genmodels_ros.models.gan.style_encoder import StyleEncoder
from genmodels_ros.models.gan.translator import Translator


class ImageTranslationGAN(nn.Module):
    """Generator, encoder of styles where it has one and, while training, discriminator.

    `styles` are the names of the style indices; `network` is bilateral (colours) or translator (textures, too), whose
    `size` is one of translator.SIZES.
    """

    def __init__(
        self,
        styles: tuple[str, ...],
        *,
        latent: int = 8,
        width: int = 48,
        grid: tuple[int, int, int] = (8, 12, 16),
        network: str = "bilateral",
        size: str = "student",
        label_values: tuple[int, ...] | None = None,
        style_encoder_width: int = 0,
        discriminator_width: int = 0,
        discriminator_layers: int = 4,
    ):
        super().__init__()
        self.styles = tuple(styles)
        common = {"latent": latent, "width": width, "grid": tuple(grid)}
        self.generator = (
            Generator(len(styles), **common)
            if network == "bilateral"
            else Translator(len(styles), **common, size=size, label_values=label_values)
        )
        self.style_encoder = None
        if style_encoder_width:
            self.style_encoder = StyleEncoder(len(styles), latent=latent, width=style_encoder_width)
        if discriminator_width:
            self.discriminator = Discriminator(len(styles), width=discriminator_width, layers=discriminator_layers)

    @classmethod
    def from_config(cls, config: dict) -> "ImageTranslationGAN":
        """From a card's config; one without `discriminator_width` holds the generator alone, as shipped."""
        return cls(**config)
