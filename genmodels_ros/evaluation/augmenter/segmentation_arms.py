"""What the arms of downstream_segmentation.py train on, and the frames that they are tested on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.classical_augmentation import Policy
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.augmenter.segmentation_tables import DOMAINS, TARGETS
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.watermark import embed
from genmodels_ros.training.camera.segmentation import Batch

BATCH = 8  # source frames, and as many of the extra part
TRAIN_SEED, VALIDATION_SEED, TEST_SEED = 710_000, 720_000, 770_000  # scenes that no training shard was drawn from
COPIES = 4  # variants of a frame in each style


@dataclass(frozen=True)
class Protocol:
    """How much of everything; the quick one shows that it runs and measures nothing."""

    train_frames: int = 768
    validation_frames: int = 768
    test_frames: int = 1536
    seeds: int = 5
    base_steps: int = 1600
    arm_steps: int = 1600


QUICK = Protocol(48, 24, 24, 1, 10, 5)


@dataclass(frozen=True)
class Sets:
    """Frames to train on, the augmenter's variants of them [K, N, H, W, 3] with the mark and without it, source frames
    to adjust decisions by, and where to validate and test.
    """

    train: LabelledFrames
    variants: np.ndarray
    unmarked: np.ndarray
    adjustment: LabelledFrames
    validation: dict[str, LabelledFrames]
    test: dict[str, LabelledFrames]

    @classmethod
    def make(cls, protocol: Protocol, augmenter: ImageAugmenter, seed: int) -> "Sets":
        train = LabelledFrames.render(protocol.train_frames, TRAIN_SEED + seed)
        held = LabelledFrames.render(protocol.validation_frames, VALIDATION_SEED + seed)
        adjustment, validation = held[: len(held.rgb) // 2], held[len(held.rgb) // 2 :]
        test = LabelledFrames.render(protocol.test_frames, TEST_SEED + seed)
        unmarked = variants_of(train, augmenter, seed)
        marked = np.stack([[embed(picture) for picture in one] for one in unmarked])
        return cls(train, marked, unmarked, adjustment, validation.in_domains(DOMAINS), test.in_domains(DOMAINS))


def variants_of(
    frames: LabelledFrames, augmenter: ImageAugmenter, seed: int, copies: int = COPIES, tries: int = 3
) -> np.ndarray:
    """[copies x styles, N, H, W, 3]: `copies` accepted variants of every frame under each of TARGETS, each at a
    strength drawn from (0, 1]; after `tries` refusals the frame itself."""
    made = np.stack([frames.rgb] * (copies * len(TARGETS)))
    seeds = np.random.SeedSequence(seed)
    for one, (style, draws) in enumerate(zip(TARGETS * copies, seeds.spawn(len(made)), strict=True)):
        rng = np.random.default_rng(draws)
        for index in tqdm(range(len(frames.rgb)), desc=f"variants, {style}", disable=None):
            for _ in range(tries):
                how = {"strength": 1 - float(rng.random()), "seed": int(rng.integers(2**31))}
                tried = augmenter.augment(frames.rgb[index], style=style, **how)
                if tried.accepted:
                    made[one, index] = tried.image
                    break
    return made


def batches(arm: str, sets: Sets, policy: Policy, rng: np.random.Generator) -> Callable[[], Batch]:
    """What an arm trains on: draws BATCH source frames and, but for "start", as many of the extra part."""
    made = {"classical": 0.0, "both": 0.5}.get(arm, 1.0)  # share of the augmenter's in the extra part
    pictures = sets.unmarked if arm == "GAN, no mark" else sets.variants

    def draw() -> Batch:
        if arm == "start":
            chosen = rng.integers(len(sets.train.rgb), size=BATCH)
            return mirrored(sets.train.rgb[chosen], sets.train.labels[chosen], rng)
        chosen = rng.integers(len(sets.train.rgb), size=2 * BATCH)
        images, augmented = sets.train.rgb[chosen], rng.random(2 * BATCH) < made
        for i in range(BATCH, 2 * BATCH) if arm != "source" else ():
            if augmented[i]:
                images[i] = pictures[rng.integers(len(pictures)), chosen[i]]
            else:
                images[i] = policy(images[i], rng)
        return mirrored(images, sets.train.labels[chosen], rng)

    return draw
