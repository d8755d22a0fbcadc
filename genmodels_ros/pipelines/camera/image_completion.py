"""Image and mask → the image with what lay under the mask painted over, as the surroundings suggest.

completer = ImageCompleter.from_checkpoint()
completer.complete(image, mask, seed=7).image
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.gan.inpainter import REDUCTION, ImageCompletionGAN
from genmodels_ros.models.gan.pull_push import pull_push
from genmodels_ros.pipelines.camera.hole_windows import hole_windows
from genmodels_ros.pipelines.camera.image_translation import checked_image
from genmodels_ros.pipelines.camera.provenance import provenance
from genmodels_ros.pipelines.camera.watermark import embed

WORKING_SIDE = 112  # pixels of the longer side that the network sees; a larger window is reduced


@dataclass(frozen=True)
class CompletedImage:
    """image uint8 [H, W, 3] RGB of the source's size; `seed` makes it again."""

    image: np.ndarray
    seed: int
    repainted: int  # pixels


class ImageCompleter:
    """The completion network with what surrounds it: checks, windows around the holes, device, mark, provenance."""

    def __init__(self, model: ImageCompletionGAN, card: Card, *, device: str = "auto", mark: bool = True):
        self.card, self.device, self.mark = card, resolve_device(device), mark
        self._generator = model.generator.to(self.device).eval().requires_grad_(False)

    @classmethod
    def from_checkpoint(cls, folder: Path | str | None = None, device: str = "auto", *, mark: bool = True):
        """From `folder`, or the checkpoint that comes with the package. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        folder = shipped("camera_completion") if folder is None else Path(folder)
        return cls(*load_checkpoint(folder, "image_completion_gan"), device=device, mark=mark)

    @torch.inference_mode()
    def complete(self, image: np.ndarray, mask: np.ndarray, *, seed: int = 0) -> CompletedImage:
        """`image` uint8 [H, W, 3] RGB or [H, W] grey; `mask` bool or uint8 [H, W], not 0 where to paint.

        Without the mark, pixels outside the mask are returned bit for bit; the mark (`mark=True`) lies, invisibly, over
        the whole image, as no part of it alone says that the picture was made up. What stands under the mask has no
        influence, and the same arguments give the same answer.

        Raises GenModelsError: INVALID_IMAGE for an image that is none and for a mask of nothing or of everything;
        LABEL_MISMATCH for a mask of another size or type.
        """
        image = checked_image(image)
        mask = checked_mask(mask, image.shape[:2])
        rng, result = generator(seed), image.copy()
        for window in hole_windows(mask):
            painted = self._paint(image[window.area], mask[window.area], rng)
            result[window.area][window.hole] = painted[window.hole]
        if self.mark:
            result = embed(result)
        return CompletedImage(image=result, seed=int(seed), repainted=int(mask.sum()))

    def provenance(self, completed: CompletedImage) -> dict:
        """Where a completed image comes from: the fields that variants have, too."""
        return provenance(self.card, seed=completed.seed, marked=self.mark, repainted_pixels=completed.repainted)

    def _paint(self, image: np.ndarray, mask: np.ndarray, rng: torch.Generator) -> np.ndarray:
        """The window with its holes filled: smoothly at full size, and what the network adds at its working size."""
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(self.device)
        pixels = (pixels.permute(2, 0, 1)[None].float() / 255).contiguous()
        known = torch.from_numpy(~mask).to(self.device)[None, None].float()
        residual = self._residual(*_reduced(pixels, known), rng)
        residual = F.interpolate(residual, size=mask.shape, mode="bilinear", align_corners=False)
        painted = (pull_push(pixels, known) + residual).clamp_(0, 1).mul_(255).round_()
        return painted[0].permute(1, 2, 0).to(torch.uint8).cpu().numpy()

    def _residual(self, image: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """What the network adds inside the holes [1, 3, h, w]; it is shown multiples of REDUCTION, the rest unknown."""
        height, width = image.shape[-2:]
        missing = (0, -width % REDUCTION, 0, -height % REDUCTION)
        hole = 1 - F.pad(known, missing)
        eps = torch.randn(hole.shape, generator=rng).to(self.device)
        residual, _ = self._generator.residual(F.pad(image, missing), hole, eps)
        return (residual * hole)[..., :height, :width]


def _reduced(pixels: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Image and known pixels, area-averaged so that the longer side is at most WORKING_SIDE.

    What is unknown has no part in any average. A pixel counts as known if half of it is: holes finer than that are
    left to the smooth filling.
    """
    height, width = known.shape[-2:]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return pixels, known
    size = max(1, round(height * scale)), max(1, round(width * scale))
    share = F.adaptive_avg_pool2d(known, size)
    return F.adaptive_avg_pool2d(pixels * known, size) / share.clamp(min=1e-6), (share >= 0.5).float()


def checked_mask(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool [H, W] with some pixels inside and some outside."""
    mask = np.asarray(mask)
    if mask.dtype not in (np.bool_, np.uint8) or mask.ndim != 2:
        raise _mismatch(f"A mask must be bool or uint8 [H, W], got {mask.dtype} {mask.shape}.")
    if mask.shape != shape:
        size, wanted = (f"{width}x{height}" for height, width in (mask.shape, shape))
        raise _mismatch(f"The mask is {size} pixels, the image {wanted}: make the mask for this very image.")
    mask = mask != 0
    if not mask.any():
        raise GenModelsError(ErrorCode.INVALID_IMAGE, "The mask is empty: mark the pixels to paint over.")
    if mask.all():
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, "The mask covers the whole image: leave some of it to go by, or generate one."
        )
    return mask


def _mismatch(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.LABEL_MISMATCH, message)
