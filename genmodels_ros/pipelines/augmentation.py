"""Image → the same scene in another light or weather, with the labels it had and a note of where it comes from.

augmenter = ImageAugmenter.from_checkpoint()
night = augmenter.augment(image, style="night", strength=1.0, seed=7)
night.image, night.quality, night.accepted
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.device import generator, resolve_device, resolve_precision
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.models.gan.bilateral import image_rows
from genmodels_ros.pipelines.quality_gate import MIN_AGREEMENT, judge

RANDOM = "random"
MAX_PIXELS = 4096 * 4096
BAND = 300_000  # pixels of a band: it stays in the cache, and 12 megapixels need no gigabyte
# IPTC NewsCodes, Digital Source Type: a picture modified by a generative model, as opposed to one made by it.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class AugmentedImage:
    """image uint8 [H, W, 3] RGB, of the source's size and geometry: the source's labels are its labels.

    `quality` is the share of the source's edges kept, in [0, 1]; `style`, `strength` and `seed` make it again.
    """

    image: np.ndarray
    quality: float
    accepted: bool
    rejection_reason: str
    style: str
    strength: float
    seed: int


class ImageAugmenter:
    """The generator with what surrounds it: checks of the input, device, random codes, the quality gate, provenance."""

    def __init__(self, model: ImageTranslationGAN, card: Card, *, device: str = "auto", precision: str = "float32"):
        self.card = card
        self.device, self.dtype = resolve_device(device), resolve_precision(precision)
        self.min_agreement = float(card.metrics.get("min_edge_agreement", MIN_AGREEMENT))
        self._styles = tuple(model.styles)
        self._generator = model.generator.to(self.device).eval().requires_grad_(False)

    @classmethod
    def from_checkpoint(cls, folder: Path | str | None = None, *, device: str = "auto", precision: str = "float32"):
        """From `folder`, or the checkpoint that comes with the package. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        model, card = load_checkpoint(
            shipped("camera_gan") if folder is None else Path(folder), "image_translation_gan"
        )
        return cls(model, card, device=device, precision=precision)

    @property
    def styles(self) -> tuple[str, ...]:
        """The names that `augment` knows beside 'random'."""
        return self._styles

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self._generator.parameters())

    @torch.inference_mode()
    def augment(
        self, image: np.ndarray, *, style: str = RANDOM, strength: float = 1.0, seed: int = 0
    ) -> AugmentedImage:
        """One variant of `image`: uint8 [H, W, 3] RGB, or [H, W] grey. The same arguments give the same answer.

        Raises GenModelsError: INVALID_IMAGE for another shape or type, no pixel, or more than MAX_PIXELS;
        UNKNOWN_STYLE; INVALID_SCALING for a strength outside (0, 1].
        """
        self.check(style=style, strength=strength)
        image = _checked_image(image)
        rng = generator(seed)
        drawn = int(torch.randint(len(self._styles), (), generator=rng))
        index = drawn if style == RANDOM else self._styles.index(style)
        result = self._translate(image, index, strength, rng)
        verdict = judge(image, result, self.min_agreement)
        return AugmentedImage(
            image=result,
            quality=verdict.quality,
            accepted=verdict.accepted,
            rejection_reason=verdict.reason,
            style=self._styles[index],
            strength=float(strength),
            seed=int(seed),
        )

    def variants(
        self, image: np.ndarray, count: int, *, style: str = RANDOM, strength: float = 1.0, seed: int = 0
    ) -> list[AugmentedImage]:
        """`count` variants with seeds drawn from `seed`; `augment` with a variant's own seed gives that variant again.

        Raises GenModelsError as `augment`, and INVALID_COUNT for a count below 1.
        """
        self.check(style=style, strength=strength, count=count)
        seeds = self.variant_seeds(seed, count)
        return [self.augment(image, style=style, strength=strength, seed=one) for one in seeds]

    def check(self, *, style: str = RANDOM, strength: float = 1.0, count: int = 1) -> None:
        """Raises GenModelsError: UNKNOWN_STYLE naming the known ones, INVALID_SCALING, INVALID_COUNT."""
        if style not in (*self._styles, RANDOM):
            known = ", ".join((*self._styles, RANDOM))
            raise GenModelsError(ErrorCode.UNKNOWN_STYLE, f"Unknown style {style!r}; known: {known}.")
        if not 0 < strength <= 1:  # refuses NaN, too
            raise GenModelsError(ErrorCode.INVALID_SCALING, f"strength must be in (0, 1], got {strength}.")
        if count < 1:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"count must be at least 1, got {count}.")

    @staticmethod
    def variant_seeds(seed: int, count: int) -> list[int]:
        """The seeds of `count` variants: unlike each other, and unlike those of a neighbouring seed."""
        return [int(s) >> 1 for s in np.random.SeedSequence(int(seed) % 2**64).generate_state(count, np.uint64)]

    def provenance(self, variant: AugmentedImage) -> dict:
        """Where a variant comes from: the fields of Provenance.msg but the source, and of the JSON sidecars."""
        return {
            "model": f"{self.card.model} {self.card.version}",
            "checkpoint_sha256": self.card.sha256,
            "style": variant.style,
            "strength": variant.strength,
            "seed": variant.seed,
            "digital_source_type": DIGITAL_SOURCE_TYPE,
        }

    def _translate(self, image: np.ndarray, style: int, strength: float, rng: torch.Generator) -> np.ndarray:
        pixels = torch.from_numpy(image).to(self.device)
        z = torch.randn(1, self._generator.latent, generator=rng).to(self.device)
        index = torch.tensor([style], device=self.device)
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32):
            transform = self._generator.transform(_as_batch(pixels), index, z).float().blended(strength)
        height, width = image.shape[:2]
        rows, step = image_rows(height, self.device), max(1, BAND // width)
        result = np.empty_like(image)
        for first in range(0, height, step):
            band = slice(first, first + step)
            source = _as_batch(pixels[band])
            eps = torch.randn(source.shape, generator=rng).to(self.device)
            translated = transform.add_noise(transform.apply(source, rows[band]), eps).clamp_(0, 1).mul_(255).round_()
            result[band] = translated[0].permute(1, 2, 0).to(torch.uint8).cpu().numpy()
        return result


def _as_batch(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [H, W, 3] → [1, 3, H, W] in [0, 1]."""
    return (pixels.permute(2, 0, 1)[None].float() / 255).contiguous()


def _checked_image(image: np.ndarray) -> np.ndarray:
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
