"""A seed → a picture that never was, with its labels where the model paints them, marked as synthetic.

synthesizer = ImageSynthesizer.from_checkpoint("runs/synthesis")
for picture in synthesizer.sample(16, seed=7):
    picture.image, picture.labels, synthesizer.provenance(picture)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.pipelines.camera.provenance import CREATED, provenance
from genmodels_ros.pipelines.camera.watermark import embed

MIN_TRUNCATION = 0.05


@dataclass(frozen=True)
class SynthesizedImage:
    """image uint8 [H, W, 3] RGB; labels int32 [H, W], in the values of the training masks, or None; its own seed."""

    image: np.ndarray
    labels: np.ndarray | None
    seed: int


class ImageSynthesizer:
    """The generator with what surrounds it: device, codes from seeds, the mark, provenance."""

    def __init__(self, model: ImageSynthesisGAN, card: Card, *, device: str = "auto", mark: bool = True):
        self.card, self.mark, self.device = card, mark, resolve_device(device)
        self.label_values, self.size = tuple(model.labels), model.generator.size  # (height, width) in pixels
        self._generator = model.generator.to(self.device).eval().requires_grad_(False)

    @classmethod
    def from_checkpoint(cls, folder: Path | str, *, device: str = "auto", mark: bool = True) -> "ImageSynthesizer":
        """Raises GenModelsError(MODEL_UNAVAILABLE) if the checkpoint is missing, damaged or of another model."""
        model, card = load_checkpoint(Path(folder), "image_synthesis_gan")
        return cls(model, card, device=device, mark=mark)

    def sample(self, count: int, *, seed: int = 0, truncation: float = 1.0) -> list[SynthesizedImage]:
        """`count` pictures with seeds drawn from `seed`; `image` with a picture's own seed gives that picture again.

        truncation in [0.05, 1] scales the code: below 1 pictures get more usual and less varied (Brock et al. 2019).
        Raises GenModelsError: INVALID_COUNT for a count below 1, INVALID_SCALING.
        """
        return list(self.stream(count, seed=seed, truncation=truncation))

    def stream(self, count: int, *, seed: int = 0, truncation: float = 1.0) -> Iterator[SynthesizedImage]:
        """As `sample`, one at a time: any number of pictures in the memory of one."""
        if count < 1:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"count must be at least 1, got {count}.")
        seeds = np.random.SeedSequence(int(seed) % 2**64).generate_state(count, np.uint64)
        return (self.image(int(one) >> 1, truncation=truncation) for one in seeds)

    @torch.inference_mode()
    def image(self, seed: int, *, truncation: float = 1.0) -> SynthesizedImage:
        """The picture of one seed. Raises GenModelsError(INVALID_SCALING) for a truncation outside [0.05, 1]."""
        if not MIN_TRUNCATION <= truncation <= 1:  # refuses NaN, too
            raise GenModelsError(
                ErrorCode.INVALID_SCALING, f"truncation must be in [{MIN_TRUNCATION}, 1], got {truncation}."
            )
        z = truncation * torch.randn(1, self._generator.latent, generator=generator(seed))
        painted = self._generator(z.to(self.device))[0]
        image = painted[:3].clamp(0, 1).mul(255).round().permute(1, 2, 0).to(torch.uint8).cpu().numpy()
        image = np.ascontiguousarray(image)
        labels = None
        if self.label_values:
            labels = np.array(self.label_values, np.int32)[painted[3:].argmax(dim=0).cpu().numpy()]
        return SynthesizedImage(embed(image) if self.mark else image, labels, int(seed))

    def provenance(self, picture: SynthesizedImage) -> dict:
        """Where a picture comes from, for sidecars: IPTC calls it trainedAlgorithmicMedia."""
        return provenance(self.card, seed=picture.seed, marked=self.mark, kind=CREATED)
