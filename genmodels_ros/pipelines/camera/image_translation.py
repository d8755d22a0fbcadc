"""A generator at work on one picture of any size: the picture in bands, the noise drawn as they come."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.gan.bilateral import image_rows
from genmodels_ros.models.gan.relighting import Relighting

MAX_PIXELS = 4096 * 4096
BAND = 320_000  # pixels of a band: it stays in the cache, and 12 megapixels need no gigabyte


@dataclass(frozen=True)
class StyleCode:
    """Which style (an index), and which of its many pictures: z [latent], standard normal."""

    style: int
    z: Tensor


def translate(
    generator: nn.Module,
    image: np.ndarray,
    code: StyleCode,
    *,
    strength: float,
    rng: torch.Generator,
    labels: np.ndarray | None = None,
    lighting_only: bool = False,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> np.ndarray:
    """`image` uint8 [H, W, 3] in the style of `code`, as strongly as `strength` in (0, 1] says, uint8 [H, W, 3].

    lighting_only: of the style its brightness alone, as models/gan/relighting.py takes it over.
    """
    pixels = torch.from_numpy(image).to(device)
    height, width = image.shape[:2]
    conditions = {
        "labels": None if labels is None else torch.from_numpy(labels.astype(np.int64))[None].to(device),
        "grain": torch.randn(1, 1, *generator.cells(height, width), generator=rng).to(device),
    }
    with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        style, z = torch.tensor([code.style], device=device), code.z[None].to(device)
        transform = generator.transform(as_batch(pixels), style, z, **conditions).float()
        transform = (Relighting.from_transform(transform.light) if lighting_only else transform).blended(strength)
        rows, result = image_rows(height, device), np.empty_like(image)
        step = _band_rows(height, width, transform.cell)
        for first in range(0, height, step):
            last, top = min(height, first + step), max(0, first - transform.reach)
            seen = slice(top, last + transform.reach)
            band = transform.apply(as_batch(pixels[seen]), rows[seen], top)[:, :, first - top : last - top]
            eps = torch.randn(band.shape, generator=rng).to(device)
            translated = transform.add_noise(band, eps).clamp_(0, 1).mul_(255).round_()
            result[first:last] = translated[0].permute(1, 2, 0).to(torch.uint8).cpu().numpy()
    return result


def _band_rows(height: int, width: int, cell: int) -> int:
    """Rows of a band, a multiple of `cell`: as few bands as BAND allows, all of nearly one height."""
    rows = -(-height // max(1, -(-height * width // BAND)))
    return -(-rows // cell) * cell


def as_batch(pixels: Tensor) -> Tensor:
    """uint8 [H, W, 3] → [1, 3, H, W] in [0, 1]."""
    return (pixels.permute(2, 0, 1)[None].float() / 255).contiguous()


def checked_image(image: np.ndarray) -> np.ndarray:
    """A copy, uint8 [H, W, 3], of an RGB or grey picture. Raises GenModelsError(INVALID_IMAGE) for anything else."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"An image must be uint8 [H, W, 3] RGB or [H, W], got {image.dtype} {image.shape}."
        )
    height, width = image.shape[:2]
    if height * width == 0 or height * width > MAX_PIXELS:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"The image has {width}x{height} pixels: 1 to {MAX_PIXELS} are accepted."
        )
    if image.ndim == 2:
        image = image[..., None]
    return np.array(np.broadcast_to(image, (height, width, 3)))


def checked_labels(labels: np.ndarray | None, image: np.ndarray) -> np.ndarray | None:
    """Whole numbers [H, W] of the image's size, or None. Raises GenModelsError(LABEL_MISMATCH)."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub" or labels.shape != image.shape[:2]:
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH,
            f"Labels must be whole numbers {list(image.shape[:2])}, got {labels.dtype} {list(labels.shape)}.",
        )
    return labels
