"""The repainting translator: the bilateral generator's picture, and a bounded texture painted over it.

    x' = A(x) x + B tanh(T(x, A(x) x, labels; s, z)),   |texture| <= B

A(x) gives light and colour (models/gan/generator.py); T is a residual convolutional network that adds what colour
alone cannot: the grain of a floor, worn paint, another lens's blur. Most of it works on cells of `stride` pixels, where
a convolution is stride² times cheaper. Its features are brought back to pixels by a smooth interpolation and two
convolutions that see the picture itself, which all treat every pixel alike (Odena et al. 2016): a pixel shuffle has
weights of its own for each place in a cell, and paints the grid of the cells. No layer normalises over the picture: T
reaches `reach` pixels and no further, and a picture in bands is the whole picture.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels_ros.models.gan.generator import ColourTransform, Generator, ModulatedBlock
from genmodels_ros.models.gan.label_cells import label_cells, padded_to_cells

BOUND = 0.5  # of the texture, in units of the full range of a channel


@dataclass(frozen=True)
class Size:
    """Of the texture network: feature channels of a cell and of a pixel, residual blocks, side of a cell in pixels."""

    channels: int
    detail: int
    blocks: int
    stride: int = 4


SIZES = {"student": Size(24, 8, 3), "teacher": Size(64, 16, 6), "large": Size(64, 24, 9, stride=2)}


@dataclass(frozen=True)
class Repainting:
    """What the network decided for each image of a batch, to be applied as a ColourTransform is.

    condition [B, C, ceil(H / stride), ceil(W / stride)]: grain and labels, in cells; w [B, style channels].
    """

    light: ColourTransform
    texture: "TextureNetwork"
    condition: Tensor
    w: Tensor
    strength: float = 1.0

    @property
    def reach(self) -> int:
        """Rows beyond a band that change what is in it; a multiple of the cell's side."""
        return self.texture.reach

    @property
    def cell(self) -> int:
        """Rows that a band's borders must be a multiple of."""
        return self.texture.size.stride

    def float(self) -> "Repainting":
        return replace(self, light=self.light.float())

    def blended(self, strength: float) -> "Repainting":
        """Between the identity (0) and this (1)."""
        return replace(self, light=self.light.blended(strength), strength=self.strength * strength)

    def apply(self, image: Tensor, rows: Tensor | None = None, first: int = 0) -> Tensor:
        """x', not clamped; `rows` as in `slice_grid`, `first` the picture's row that `image` begins with."""
        lit = self.light.apply(image, rows)
        top, side = first // self.cell, -(-image.shape[-2] // self.cell)
        painted = self.texture(image, lit, self.condition[:, :, top : top + side], self.w)
        return lit + self.strength * painted.float()

    def add_noise(self, image: Tensor, eps: Tensor) -> Tensor:
        return self.light.add_noise(image, eps)


class TextureNetwork(nn.Module):
    """T: [B, 3, H, W] → [B, 3, H, W] within ±BOUND, nothing at the start."""

    def __init__(self, size: Size, style_channels: int, condition_channels: int):
        super().__init__()
        self.size = size
        dilations = [1 + block % 2 for block in range(size.blocks)]
        self.entry_image, self.entry_lit = (
            nn.Conv2d(3, size.channels, size.stride, stride=size.stride) for _ in range(2)
        )
        self.entry_condition = nn.Conv2d(condition_channels, size.channels, 1)
        self.blocks = nn.ModuleList(ModulatedBlock(size.channels, style_channels, dilation) for dilation in dilations)
        self.to_pixels = nn.Conv2d(size.channels, size.detail, 1)
        self.detail = nn.Conv2d(size.detail + 6, size.detail, 3, padding=1, padding_mode="replicate")
        self.exit = nn.Conv2d(size.detail, 3, 3, padding=1, padding_mode="replicate")
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)
        self.reach = size.stride * (4 + sum(dilation + 1 for dilation in dilations))

    def forward(self, image: Tensor, lit: Tensor, condition: Tensor, w: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        image, lit = (  # with channels last a CPU convolves a third faster
            padded_to_cells(x, self.size.stride).contiguous(memory_format=torch.channels_last) for x in (image, lit)
        )
        h = self.entry_image(image) + self.entry_lit(lit) + self.entry_condition(condition)
        for block in self.blocks:
            h = block(h, w)
        coarse = enlarged(self.to_pixels(F.silu(h)), self.size.stride)
        fine = self.detail(torch.cat([coarse, image * 2 - 1, lit * 2 - 1], dim=1))
        return BOUND * torch.tanh(self.exit(F.silu(fine)).contiguous())[..., :height, :width]


def enlarged(cells: Tensor, side: int) -> Tensor:
    """Features [B, C, h, w] → [B, C, side h, side w], nearly as smooth as a cubic B-spline.

    Bilinear interpolation alone would leave the grid in what is random: between two cells the mean of their noise is
    weaker than at either. A binomial filter over the cells beforehand evens that out.
    """
    kernel = torch.tensor([0.25, 0.5, 0.25], device=cells.device, dtype=cells.dtype).expand(cells.shape[1], 1, 1, 3)
    padded = F.pad(cells, (1, 1, 1, 1), mode="replicate")
    across = F.conv2d(padded, kernel, groups=cells.shape[1])
    smooth = F.conv2d(across, kernel.mT, groups=cells.shape[1])
    return F.interpolate(smooth, scale_factor=side, mode="bilinear", align_corners=False)


class Translator(nn.Module):
    """G(x, style, z, labels) with the interface of `Generator`. A new network is the identity without noise.

    label_values: the classes that steer it; () for the borders of instances alone, None for a network without labels.
    A condition that is not given is zero: no grain, no labels.
    """

    def __init__(
        self,
        num_styles: int,
        *,
        latent: int = 8,
        width: int = 48,
        grid: tuple[int, int, int] = (8, 12, 16),
        size: str = "student",
        label_values: tuple[int, ...] | None = None,
    ):
        super().__init__()
        self.latent, self.label_values = latent, None if label_values is None else tuple(label_values)
        self.light = Generator(num_styles, latent=latent, width=width, grid=grid)
        self.label_channels = 0 if label_values is None else len(label_values) + 1
        self.texture = TextureNetwork(SIZES[size], 2 * width, 1 + self.label_channels)

    def transform(
        self, image: Tensor, style: Tensor, z: Tensor, labels: Tensor | None = None, grain: Tensor | None = None
    ) -> Repainting:
        """image [B, 3, H, W] in [0, 1], style [B], z [B, latent]; labels [B, H, W] whole numbers; grain standard
        normal, one number a cell [B, 1, ceil(H / stride), ceil(W / stride)]."""
        cells = self.cells(*image.shape[-2:])
        condition = image.new_zeros(len(image), 1 + self.label_channels, *cells)
        if grain is not None:
            condition[:, :1] = grain
        if labels is not None and self.label_values is not None:
            condition[:, 1:] = label_cells(labels, self.label_values, self.texture.size.stride)
        return Repainting(
            light=self.light.transform(image, style, z),
            texture=self.texture,
            condition=condition,
            w=self.light.style_vector(style, z),
        )

    @property
    def cell(self) -> int:
        """Side of its cells in pixels."""
        return self.texture.size.stride

    def cells(self, height: int, width: int) -> tuple[int, int]:
        """How many cells cover a picture of this size."""
        return -(-height // self.texture.size.stride), -(-width // self.texture.size.stride)

    def forward(self, image: Tensor, style: Tensor, z: Tensor, eps: Tensor, labels: Tensor | None = None) -> Tensor:
        """The translated image, [B, 3, H, W], not clamped; the grain is the first number of eps in each cell."""
        stride = self.texture.size.stride
        transform = self.transform(image, style, z, labels, eps[:, :1, ::stride, ::stride])
        return transform.add_noise(transform.apply(image), eps)
