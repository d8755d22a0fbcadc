"""Light changed alone: each pixel is multiplied by one gain, so that its material keeps its colour.

    x' = f(x) = gain(y, x, Y) · x,   log gain = exposure(y, x) + bend(y, x) · log(Y / Y_0)

Y is the pixel's luma. Exposure and bend are smooth over the image; bend is the only way that brightness matters, so the
tone curve at a place is a power law, and it rises everywhere: edges stay, and contrast, d log Y' / d log Y, stays above
LEAST_CONTRAST. A gain above 1 is eased towards white, where light itself saturates a camera. No noise, no haze. The
same factor for all three channels keeps r / (r + g + b), in gamma-encoded values as in linear light, where it is
gain^2.2. The light's own colour is one gain a channel for the whole image (von Kries), if it is asked for.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.models.gan.bilateral import slice_grid
from genmodels_ros.models.gan.generator import LUMA, ColourTransform

MIDDLE = 0.4  # Y_0
FLOOR = 0.02  # darker pixels take the gain of this luma
LEAST_GAIN, MOST_GAIN = 1 / 8, 2.0
MOST_BEND = 0.3
LEAST_CONTRAST = (1 - MOST_BEND) / MOST_GAIN
LEAST_COLOUR = 0.5  # of the weakest channel beside the strongest
LEVELS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.9)  # grey levels whose change tells what a transform does to the light
GAMMA = 2.2
SIDES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Relighting:
    """Another light for each image of a batch, applied like a ColourTransform.

    field [B, 2, 1, GH, GW]: exposure and bend on a grid whose corners are the image's; colour [B, 3] in (0, 1].
    """

    field: Tensor
    colour: Tensor

    reach = 0  # each pixel of the result depends on one pixel
    cell = 1

    @classmethod
    def from_transform(cls, transform: ColourTransform, *, light_colour: bool = False) -> "Relighting":
        """What `transform` does to grey: its tone curves by least squares, its tint, if asked for, as one colour.

        Its haze, its noise and its tints that vary from place to place are left out.
        """
        levels = torch.tensor(LEVELS, device=transform.grid.device)
        grey = grey_response(transform, levels).clamp(min=FLOOR)  # [B, L, 3, GH, GW]
        luma = (grey * torch.tensor(LUMA, device=grey.device).view(3, 1, 1)).sum(dim=2)
        log_gain = luma.log() - levels.log()[:, None, None]
        along = (levels / MIDDLE).log()
        centred = (along - along.mean())[:, None, None]
        bend = (log_gain * centred).sum(dim=1) / centred.square().sum()
        bend = bend.clamp(-MOST_BEND, MOST_BEND)
        exposure = log_gain.mean(dim=1) - bend * along.mean()
        colour = (grey / luma[:, :, None]).mean(dim=(1, 3, 4))
        colour = (colour / colour.amax(dim=1, keepdim=True)).clamp(min=LEAST_COLOUR)
        colour = colour if light_colour else torch.ones_like(colour)
        return cls(_smooth(torch.stack([exposure, bend], dim=1))[:, :, None], colour)

    @classmethod
    def soft_light(cls, side: str, *, stops: float = 1.0, size: float = 0.5) -> "Relighting":
        """A soft lamp at one of SIDES: `stops` brighter there than on the far side, half of it over the lamp's `size`
        (in sides of the image: small is a near lamp, large an even light). Raises ValueError for another side."""
        if side not in SIDES:
            raise ValueError(f"side must be one of {', '.join(SIDES)}, got {side!r}")
        distance = torch.linspace(0, 1, 16)
        fall = 1 / (1 + distance / size)
        fall = (fall - fall[-1]) / (fall[0] - fall[-1])
        ramp = (fall - fall.mean()) * stops * torch.log(torch.tensor(2.0)) / GAMMA
        ramp = ramp.flip(0) if side in ("right", "bottom") else ramp
        exposure = (ramp[None, :] if side in ("left", "right") else ramp[:, None]).expand(16, 16)
        return cls(torch.stack([exposure, torch.zeros(16, 16)])[None, :, None], torch.ones(1, 3))

    def float(self) -> "Relighting":
        return Relighting(self.field.float(), self.colour.float())

    def to(self, device: torch.device) -> "Relighting":
        return Relighting(self.field.to(device), self.colour.to(device))

    def blended(self, strength: float) -> "Relighting":
        """Between the light as it is (0) and this one (1), in stops."""
        return Relighting(self.field * strength, self.colour**strength)

    def apply(self, image: Tensor, rows: Tensor | None = None, first: int = 0) -> Tensor:
        """gain · x in [0, 1]. image [B, 3, H, W] in [0, 1]; rows [H] as in `slice_grid`."""
        weights = torch.tensor(LUMA, device=image.device).view(1, 3, 1, 1)
        luma = (image * weights).sum(dim=1).clamp(min=FLOOR)
        exposure, bend = slice_grid(self.field, torch.zeros_like(luma), rows).unbind(1)
        gain = exposure + bend * (luma / MIDDLE).log()
        gain = gain.exp().clamp(LEAST_GAIN, MOST_GAIN)[:, None]
        tinted = image * self.colour[:, :, None, None]
        brightest = tinted.amax(dim=1, keepdim=True)
        return tinted * gain / (1 + (gain - 1).clamp(min=0) * brightest)  # g m / (1 + (g - 1) m): white stays white

    def add_noise(self, image: Tensor, eps: Tensor) -> Tensor:
        """Light alone adds none."""
        return image


def grey_response(transform: ColourTransform, levels: Tensor) -> Tensor:
    """The colours [B, L, 3, GH, GW] that a transform gives to grey pixels of `levels` [L] at each place of its grid."""
    depth = transform.grid.shape[2]
    guide = torch.sigmoid(transform.guide[:, :3].sum(dim=1)[:, None] * levels + transform.guide[:, 3:])
    place = guide * (depth - 1)  # [B, L]
    below = place.floor().long().clamp(0, max(0, depth - 2))
    above = (below + 1).clamp(max=depth - 1)
    by_depth = transform.grid.transpose(1, 2)  # [B, D, 12, GH, GW]
    batch = torch.arange(len(by_depth), device=by_depth.device)[:, None]
    weight = (place - below)[:, :, None, None, None]
    rows = torch.lerp(by_depth[batch, below], by_depth[batch, above], weight).unflatten(2, (3, 4))
    return rows[:, :, :, :3].sum(dim=3) * levels.view(1, -1, 1, 1, 1) + rows[:, :, :, 3]


def _smooth(field: Tensor) -> Tensor:
    """Averaged over three cells each way, twice: light has no edges."""
    for _ in range(2):
        field = F.avg_pool2d(F.pad(field, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return field
