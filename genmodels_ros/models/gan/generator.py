"""The generator: a small copy of the image and a style go in, a bilateral grid of colour transforms and a noise level
come out, and these are applied to the image itself.

What it can do: light, colour, haze that follows depth as far as a small picture shows it, contrast, sensor noise. What
it cannot do: move an edge or add an object, so labels of the source are labels of the result. Cost: the network sees
64x48 pixels whatever the image's size; a full-resolution pixel costs one look-up and one 3x4 product.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels_ros.models.gan.bilateral import AFFINE, apply_transforms, identity_transform, slice_grid

MAX_NOISE = 0.25  # standard deviation, image in [0, 1]
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class ColourTransform:
    """What the network decided for each image of a batch.

    grid [B, 12, D, GH, GW]: affine transforms; guide [B, 4]: the guide map is sigmoid(guide[:3] · rgb + guide[3]);
    noise [B, 2]: standard deviations, of the read noise and, at full brightness, of the shot noise.
    """

    grid: Tensor
    guide: Tensor
    noise: Tensor

    reach = 0  # each pixel of the result depends on one pixel
    cell = 1

    @property
    def light(self) -> "ColourTransform":
        """Itself; a Repainting has more than light."""
        return self

    def float(self) -> "ColourTransform":
        """In float32, which the look-up at full resolution needs whatever precision the network ran in."""
        return ColourTransform(self.grid.float(), self.guide.float(), self.noise.float())

    def blended(self, strength: float) -> "ColourTransform":
        """Between the identity (0) and this transform (1), linear in the coefficients and in the noise's deviation."""
        identity = identity_transform().to(self.grid).view(1, AFFINE, 1, 1, 1)
        return ColourTransform(torch.lerp(identity, self.grid, strength), self.guide, self.noise * strength)

    def apply(self, image: Tensor, rows: Tensor | None = None, first: int = 0) -> Tensor:
        """A(x) x, not clamped. image [B, 3, H, W] in [0, 1]; rows [H] as in `slice_grid`; `first` as in Repainting."""
        weights = self.guide[:, :, None, None]
        guide = weights[:, 0] * image[:, 0] + weights[:, 1] * image[:, 1] + weights[:, 2] * image[:, 2] + weights[:, 3]
        return apply_transforms(slice_grid(self.grid, torch.sigmoid(guide), rows), image)

    def add_noise(self, image: Tensor, eps: Tensor) -> Tensor:
        """x + sigma(x) eps: read noise and shot noise, sigma² = read² + shot² x; eps like image, standard normal."""
        read, shot = (self.noise**2)[:, :, None, None, None].unbind(1)
        return image + torch.sqrt(read + shot * image.clamp(0, 1) + 1e-12) * eps


class ModulatedBlock(nn.Module):
    """Residual pair of 3x3 convolutions whose features the style scales and shifts (FiLM, Perez et al. 2018)."""

    def __init__(self, channels: int, style_channels: int, dilation: int = 1):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(style_channels, 2 * channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale, shift = self.modulation(w)[:, :, None, None].chunk(2, dim=1)
        h = self.first(F.silu(x)) * (1 + scale) + shift
        return x + self.second(F.silu(h))


class Generator(nn.Module):
    """G(x, style, z): style is an index, z the code that makes one style many-valued.

    grid (D, GH, GW) divides the input's low resolution (4 GH, 4 GW). A new network is the identity without noise.
    """

    def __init__(self, num_styles: int, *, latent: int = 8, width: int = 48, grid: tuple[int, int, int] = (8, 12, 16)):
        super().__init__()
        self.latent, self.grid = latent, tuple(grid)
        style_channels = 2 * width
        self.embedding = nn.Embedding(num_styles, 16)
        self.mapping = nn.Sequential(
            nn.Linear(16 + latent, style_channels), nn.SiLU(), nn.Linear(style_channels, style_channels), nn.SiLU()
        )
        self.stem = nn.Sequential(
            nn.Conv2d(5, width // 2, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(width // 2, width, 3, 2, padding=1)
        )
        self.blocks = nn.ModuleList(ModulatedBlock(width, style_channels, dilation) for dilation in (1, 2, 4, 1))
        self.overall = nn.Sequential(nn.Linear(2 * width + style_channels, style_channels), nn.SiLU())
        self.mix = nn.Linear(style_channels, width)
        self.to_grid = nn.Conv2d(width, AFFINE * self.grid[0], 1)
        self.to_guide = nn.Linear(style_channels, 4)
        self.to_noise = nn.Linear(style_channels, 2)
        self._start_as_identity()

    def _start_as_identity(self):
        for layer in (self.to_grid, self.to_guide, self.to_noise):
            nn.init.normal_(layer.weight, std=1e-3)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.to_guide.bias[:3] = 6 * torch.tensor(LUMA)
            self.to_guide.bias[3] = -3
            self.to_noise.bias.fill_(-5)

    def style_vector(self, style: Tensor, z: Tensor) -> Tensor:
        """What modulates the blocks, w [B, style channels]."""
        return self.mapping(torch.cat([self.embedding(style), z], dim=1))

    def transform(
        self, image: Tensor, style: Tensor, z: Tensor, labels: Tensor | None = None, grain: Tensor | None = None
    ) -> ColourTransform:
        """image [B, 3, H, W] in [0, 1], style [B] indices, z [B, latent] standard normal.

        Colours alone need neither labels nor grain, which are there for `Translator`.
        """
        depth, grid_height, grid_width = self.grid
        w = self.style_vector(style, z)
        h = self.stem(_with_position(_reduced(image, (4 * grid_height, 4 * grid_width))))
        for block in self.blocks:
            h = block(h, w)
        statistics = torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3)), w], dim=1)
        overall = self.overall(statistics)
        grid = self.to_grid(F.silu(h + self.mix(overall)[:, :, None, None]))
        grid = grid.view(-1, AFFINE, depth, grid_height, grid_width)
        identity = identity_transform().to(grid).view(1, AFFINE, 1, 1, 1)
        return ColourTransform(
            grid=identity + grid,
            guide=self.to_guide(overall),
            noise=MAX_NOISE * torch.sigmoid(self.to_noise(overall)),
        )

    cell = 1  # side in pixels: none

    def cells(self, height: int, width: int) -> tuple[int, int]:
        """How much grain `transform` takes: none."""
        return 0, 0

    def forward(self, image: Tensor, style: Tensor, z: Tensor, eps: Tensor, labels: Tensor | None = None) -> Tensor:
        """The translated image x' = A(x) x + sigma eps, [B, 3, H, W], not clamped."""
        transform = self.transform(image, style, z)
        return transform.add_noise(transform.apply(image), eps)


def _reduced(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Area-averaged to `size`; averaged too where one side is smaller than it, so that 1x1 works like the rest."""
    return F.adaptive_avg_pool2d(image, size)


def _with_position(image: Tensor) -> Tensor:
    """Two more channels, y and x in [-1, 1]: where a pixel lies tells much about how far it is."""
    batch, _, height, width = image.shape
    y = torch.linspace(-1, 1, height, device=image.device).view(1, 1, height, 1).expand(batch, 1, height, width)
    x = torch.linspace(-1, 1, width, device=image.device).view(1, 1, 1, width).expand(batch, 1, height, width)
    return torch.cat([image * 2 - 1, y.to(image), x.to(image)], dim=1)
