"""What is wanted of every image of a dataset or a stream, checked once, and done image by image."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from genmodels_ros.data.image_codec import decode
from genmodels_ros.data.labelled_images import SourceImage
from genmodels_ros.errors import ErrorCode
from genmodels_ros.pipelines.camera.augmentation import RANDOM, AugmentedImage, ImageAugmenter
from genmodels_ros.pipelines.camera.image_translation import StyleCode

ATTEMPTS = 3  # codes tried for a variant that the gate rejects
OF_THE_IMAGE = (ErrorCode.INVALID_IMAGE, ErrorCode.LABEL_MISMATCH)  # errors that another image may not have


@dataclass(frozen=True)
class Request:
    """reference: the style of a picture and the SHA-256 of its pixels."""

    augmenter: ImageAugmenter
    count: int = 1
    style: str = RANDOM
    strength: float = 1.0
    reference: tuple[StyleCode, str] | None = None
    lighting_only: bool = False

    @classmethod
    def checked(
        cls,
        augmenter: ImageAugmenter,
        *,
        count: int = 1,
        style: str = RANDOM,
        strength: float = 1.0,
        reference: Path | None = None,
        lighting_only: bool = False,
    ) -> "Request":
        """Raises GenModelsError as ImageAugmenter.check and .encode, and INVALID_IMAGE for a reference that is none."""
        augmenter.check(style=style, strength=strength, count=count)
        code = None
        if reference is not None:
            picture = decode(Path(reference).read_bytes())
            code = augmenter.encode(picture, style=style), sha256(picture.tobytes()).hexdigest()
        return cls(augmenter, count, style, strength, code, lighting_only)

    def variants(self, item: SourceImage, seed: int):
        """(variant, attempts) of each of `count`; a variant that the gate rejects is drawn again up to ATTEMPTS times.

        Raises GenModelsError as ImageAugmenter.augment.
        """
        seeds = self.augmenter.variant_seeds(seed, self.count * ATTEMPTS)
        for number in range(self.count):
            yield self._accepted(item, seeds[number * ATTEMPTS :][:ATTEMPTS])

    def facts(self) -> dict:
        """For the sidecars: what is not as usual."""
        found = {} if self.reference is None else {"reference_sha256": self.reference[1]}
        return {**found, "lighting_only": True} if self.lighting_only else found

    def _accepted(self, item: SourceImage, seeds: list[int]) -> tuple[AugmentedImage, int]:
        """The first variant that the gate accepts, or the last one tried, and how many were."""
        attempts = 0
        for seed in seeds:
            attempts += 1
            variant = self.augmenter.augment(
                item.image,
                style=self.style,
                strength=self.strength,
                seed=seed,
                reference=None if self.reference is None else self.reference[0],
                labels=item.labels,
                lighting_only=self.lighting_only,
            )
            if variant.accepted:
                break
        return variant, attempts
