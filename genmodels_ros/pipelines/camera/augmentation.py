"""Image → the same scene in another light or weather, with the labels it had and a note of where it comes from.

augmenter = ImageAugmenter.from_checkpoint()
night = augmenter.augment(image, style="night", strength=1.0, seed=7)
night.image, night.quality, night.accepted
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.device import generator, resolve_device, resolve_precision
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.image_translation import (
    StyleCode,
    as_batch,
    checked_image,
    checked_labels,
    translate,
)
from genmodels_ros.pipelines.camera.provenance import provenance
from genmodels_ros.pipelines.camera.quality_gate import MIN_AGREEMENT, QualityGate
from genmodels_ros.pipelines.camera.watermark import embed

RANDOM = "random"


@dataclass(frozen=True)
class AugmentedImage:
    """image uint8 [H, W, 3] RGB, of the source's size and geometry: the source's labels are its labels.

    `quality` is the share of the source's edges kept, in [0, 1], `scores` all that the gate measured; `style`,
    `strength` and `seed`, and the same reference and labels, make it again.
    """

    image: np.ndarray
    quality: float
    accepted: bool
    rejection_reason: str
    style: str
    strength: float
    seed: int
    scores: dict[str, float] = field(default_factory=dict)


class ImageAugmenter:
    """The generator with what surrounds it: checks of the input, device, random codes, the quality gate, provenance."""

    def __init__(
        self,
        model: ImageTranslationGAN,
        card: Card,
        *,
        device: str = "auto",
        precision: str = "float32",
        mark: bool = True,
        gate: QualityGate | None = None,
    ):
        self.card, self.mark = card, mark
        self.gate = QualityGate() if gate is None else gate
        self.device, self.dtype = resolve_device(device), resolve_precision(precision)
        self.min_agreement = float(card.metrics.get("min_edge_agreement", MIN_AGREEMENT))
        self._styles = tuple(model.styles)
        self._model = model.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)

    @classmethod
    def from_checkpoint(
        cls,
        folder: Path | str | None = None,
        *,
        device: str = "auto",
        precision: str = "float32",
        mark: bool = True,
        gate: str | None = None,
    ) -> "ImageAugmenter":
        """From `folder`, or the checkpoint that comes with the package. Raises GenModelsError(MODEL_UNAVAILABLE).

        gate: one of quality_gate.MODES.
        """
        mode = gate or "structure"
        model, card = load_checkpoint(
            shipped("camera_gan") if folder is None else Path(folder), "image_translation_gan"
        )
        judged = QualityGate.from_checkpoint(mode=mode)
        return cls(model, card, device=device, precision=precision, mark=mark, gate=judged)

    @property
    def styles(self) -> tuple[str, ...]:
        """The names that `augment` knows beside 'random'."""
        return self._styles

    @property
    def takes_reference(self) -> bool:
        """Whether it can read the style of a picture."""
        return getattr(self._model, "style_encoder", None) is not None

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self._model.parameters())

    @torch.inference_mode()
    def augment(
        self,
        image: np.ndarray,
        *,
        style: str = RANDOM,
        strength: float = 1.0,
        seed: int = 0,
        reference: np.ndarray | StyleCode | None = None,
        labels: np.ndarray | None = None,
        lighting_only: bool = False,
    ) -> AugmentedImage:
        """One variant of `image`: uint8 [H, W, 3] RGB, or [H, W] grey. The same arguments give the same answer.

        reference: a picture whose light the result takes, and whose style, too, unless `style` names one; or what
        `encode` made of it, for many images.
        labels: whole numbers [H, W] of classes or instances; they steer a model trained with labels, and the gate
        sees them. lighting_only: brightness alone may change, no colour and no texture.
        Raises GenModelsError: INVALID_IMAGE for another shape or type, no pixel, or more than MAX_PIXELS;
        UNKNOWN_STYLE, also for a reference that the model has no encoder for; INVALID_SCALING for a strength outside
        (0, 1]; LABEL_MISMATCH for labels of another size.
        """
        self.check(style=style, strength=strength)
        image = checked_image(image)
        labels = checked_labels(labels, image)
        rng = generator(seed)
        if isinstance(reference, StyleCode):
            code = reference
        else:
            code = self._random_code(style, rng) if reference is None else self.encode(reference, style=style)
        result = translate(
            self._model.generator,
            image,
            code,
            strength=strength,
            rng=rng,
            labels=labels,
            lighting_only=lighting_only,
            device=self.device,
            dtype=self.dtype,
        )
        if self.mark:
            result = embed(result)
        whole = strength == 1 and reference is None and not lighting_only  # what the domain's pictures are like
        domain = self._styles[code.style] if whole else None
        verdict = self.gate.judge(image, result, labels, style=domain, min_agreement=self.min_agreement)
        return AugmentedImage(
            image=result,
            quality=verdict.quality,
            accepted=verdict.accepted,
            rejection_reason=verdict.reason,
            style=self._styles[code.style],
            strength=float(strength),
            seed=int(seed),
            scores=verdict.scores,
        )

    def variants(
        self,
        image: np.ndarray,
        count: int,
        *,
        style: str = RANDOM,
        strength: float = 1.0,
        seed: int = 0,
        **options,
    ) -> list[AugmentedImage]:
        """`count` variants with seeds drawn from `seed`; `augment` with a variant's own seed gives that variant again.

        `options` are those of `augment`. Raises GenModelsError as `augment`, and INVALID_COUNT for a count below 1.
        """
        self.check(style=style, strength=strength, count=count)
        seeds = self.variant_seeds(seed, count)
        return [self.augment(image, style=style, strength=strength, seed=one, **options) for one in seeds]

    @torch.inference_mode()
    def encode(self, reference: np.ndarray, *, style: str = RANDOM) -> StyleCode:
        """The style of a picture, the nearest one unless `style` names it, and the code of its light.

        Raises GenModelsError: INVALID_IMAGE, UNKNOWN_STYLE; the latter also if the model has no style encoder.
        """
        self.check(style=style)
        if not self.takes_reference:
            raise GenModelsError(
                ErrorCode.UNKNOWN_STYLE,
                "This model has no style encoder to read a reference with: name a style, or train one that has.",
            )
        pixels = as_batch(torch.from_numpy(checked_image(reference)).to(self.device))
        logits, codes = self._model.style_encoder(pixels)
        index = int(logits[0].argmax()) if style == RANDOM else self._styles.index(style)
        return StyleCode(index, codes[0, index].float().cpu())

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
        return provenance(
            self.card, seed=variant.seed, marked=self.mark, style=variant.style, strength=variant.strength
        )

    def _random_code(self, style: str, rng: torch.Generator) -> StyleCode:
        drawn = int(torch.randint(len(self._styles), (), generator=rng))
        z = torch.randn(1, self._model.generator.latent, generator=rng)[0]
        return StyleCode(drawn if style == RANDOM else self._styles.index(style), z)
