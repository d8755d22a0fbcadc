"""Does training on the augmenter's images make a segmenter better where it will work?

The protocol, fixed before any test frame was looked at but for the number of steps: a first run with a quarter of them
(400 and 200) left every arm far from trained; docs/augmenter_downstream.md has its figures, too.

- Target domains: night, fog and low light, made from rendered frames and their depth by the physics of
  simulation/camera_styles.py. No arm ever trains on a picture of a target domain with labels; the augmenter was
  trained on unlabelled, unpaired ones of other scenes.
- Frames of three sets of scenes that never meet: 768 source frames with labels to train on, 96 to choose the classical
  policy, 288 to test (24 scenes of 12 frames), each as source and as the three targets.
- Every seed trains a segmenter on source frames (1,600 steps); each arm goes on from those weights for 800 steps with
  batches of 8, all with random mirroring, and a learning rate of its own schedule:
      source      8 source frames
      classical   4 source frames, 4 under the classical policy, drawn anew for each frame
      GAN         4 source frames, 4 of the augmenter's: one accepted variant at full strength of every source frame
                  and style, made once before training; of the gate only structure judges, which never saw a label
      both        4 source frames, 2 and 2
      GAN, no mark    as GAN, but for the invisible mark (pipelines/watermark.py) that the others' pictures carry
  One model an arm for all three domains. The same steps, batch size, labels, initial weights for every arm.
- The classical arm has an advantage that the GAN has not: its policy is the one of POLICIES with the highest mean IoU
  on LABELLED frames of the target domains (seed 0). The GAN's settings are the defaults.
- Measure: mean IoU over the classes of simulation/scenes.py, at full resolution, from pixels summed over the test
  frames; 5 seeds; differences with 95 % intervals by a bootstrap over seeds and scenes, paired.
- Bars: GAN − classical ≥ 3 points with an interval above 0; source − GAN on source frames ≤ 0.5 points.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation import mark_shortcut
from genmodels_ros.evaluation.classical_augmentation import POLICIES, Policy
from genmodels_ros.evaluation.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.segmentation_scores import mean_iou, scene_confusions
from genmodels_ros.evaluation.segmentation_tables import DOMAINS, TARGETS, classes, differences, levels, policy_table
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.pipelines.watermark import embed
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.segmentation import Batch, class_weights, fit, predict

ARMS = ("source", "classical", "GAN", "both", "GAN, no mark")
BATCH = 8
TRAIN_SEED, VALIDATION_SEED, TEST_SEED = 710_000, 720_000, 730_000  # scenes that no training shard was drawn from


@dataclass(frozen=True)
class Protocol:
    """How much of everything; the quick one shows that it runs and measures nothing."""

    train_frames: int = 768
    validation_frames: int = 96
    test_frames: int = 288
    seeds: int = 5
    base_steps: int = 1600
    arm_steps: int = 800


QUICK = Protocol(48, 24, 24, 1, 10, 5)


@dataclass(frozen=True)
class Sets:
    """Frames to train on, the augmenter's variants of them [styles, N, H, W, 3] with the mark and without it, and where
    to validate and test.
    """

    train: LabelledFrames
    variants: np.ndarray
    unmarked: np.ndarray
    validation: dict[str, LabelledFrames]
    test: dict[str, LabelledFrames]

    @classmethod
    def make(cls, protocol: Protocol, augmenter: ImageAugmenter, seed: int) -> "Sets":
        train = LabelledFrames.render(protocol.train_frames, TRAIN_SEED + seed)
        validation = LabelledFrames.render(protocol.validation_frames, VALIDATION_SEED + seed)
        test = LabelledFrames.render(protocol.test_frames, TEST_SEED + seed)
        unmarked = variants_of(train, augmenter, seed)
        marked = np.stack([[embed(picture) for picture in style] for style in unmarked])
        return cls(train, marked, unmarked, validation.in_domains(DOMAINS), test.in_domains(DOMAINS))


def variants_of(frames: LabelledFrames, augmenter: ImageAugmenter, seed: int, tries: int = 3) -> np.ndarray:
    """One accepted variant of every frame under each of TARGETS; after `tries` refusals the frame itself."""
    made = np.stack([frames.rgb] * len(TARGETS))
    for index in tqdm(range(len(frames.rgb)), desc="variants", disable=None):
        for style, name in enumerate(TARGETS):
            for attempt in range(tries):
                one = augmenter.augment(frames.rgb[index], style=name, seed=seed + tries * index + attempt)
                if one.accepted:
                    made[style, index] = one.image
                    break
    return made


def batches(arm: str, sets: Sets, policy: Policy, rng: np.random.Generator) -> Callable[[], Batch]:
    """What an arm trains on: a function that draws one batch."""
    shares = {"source": (0, 0), "classical": (4, 0), "GAN": (0, 4), "both": (2, 2), "GAN, no mark": (0, 4)}[arm]
    pictures = sets.unmarked if arm == "GAN, no mark" else sets.variants

    def draw() -> Batch:
        chosen = rng.integers(len(sets.train.rgb), size=BATCH)
        images = sets.train.rgb[chosen].copy()
        for i in range(shares[0]):
            images[i] = policy(images[i], rng)
        for i in range(shares[0], sum(shares)):
            images[i] = pictures[rng.integers(len(pictures)), chosen[i]]
        return mirrored(images, sets.train.labels[chosen], rng)

    return draw


class Experiment:
    """Trains arms and tests them; keeps each seed's weights after the base steps, which its arms start from."""

    def __init__(self, sets: Sets, protocol: Protocol, seed: int):
        self.sets, self.protocol, self.seed = sets, protocol, seed
        self.weights = class_weights(sets.train.labels, len(LabelClass))
        self._base: dict[int, Segmenter] = {}

    def base(self, number: int) -> Segmenter:
        if number not in self._base:
            torch.manual_seed(1000 * self.seed + number)  # initial weights
            draw = batches("source", self.sets, Policy(), np.random.default_rng([self.seed, number, 0]))
            model = Segmenter(len(LabelClass))
            self._base[number] = fit(model, draw, steps=self.protocol.base_steps, weights=self.weights)
        return self._base[number]

    def train(self, arm: str, number: int, policy: Policy, sets: Sets | None = None) -> Segmenter:
        draw = batches(arm, sets or self.sets, policy, np.random.default_rng([self.seed, number, 1]))
        model = copy.deepcopy(self.base(number))
        return fit(model, draw, steps=self.protocol.arm_steps, weights=self.weights, rate=2e-3)

    def choose_policy(self) -> tuple[str, dict[str, np.ndarray]]:
        """The classical policy with the best mean over the target domains, and every policy's IoU by domain."""
        scores = {}
        for name, policy in tqdm(POLICIES.items(), desc="classical policies", disable=None):
            model = self.train("classical", 0, policy)
            scores[name] = np.array([mean_iou(tested(model, self.sets.validation[d]).sum(0)) for d in DOMAINS])
        return max(scores, key=lambda name: scores[name][1:].mean()), scores

    def run(self, policy: Policy, arms: tuple[str, ...] = ARMS) -> dict[str, np.ndarray]:
        """Confusions on the test frames by arm, [domains, seeds, scenes, C, C]."""
        results = {arm: [] for arm in arms}
        jobs = [(number, arm) for number in range(self.protocol.seeds) for arm in arms]
        for number, arm in tqdm(jobs, desc="segmenters", disable=None):
            model = self.train(arm, number, policy)
            results[arm].append(np.stack([tested(model, self.sets.test[domain]) for domain in DOMAINS]))
        return {arm: np.stack(found, axis=1) for arm, found in results.items()}


def tested(model: Segmenter, frames: LabelledFrames) -> np.ndarray:
    """Confusions by scene, [scenes, C, C]."""
    return scene_confusions(frames.labels, predict(model, frames.rgb), len(LabelClass), frames.frames_a_scene)


def tables(options: BenchOptions) -> list[Table]:
    """Mean IoU of the arms by domain, their differences, each class, and what the classical policies were worth."""
    protocol = QUICK if options.quick else Protocol()
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, mark=False, gate="structure")
    experiment = Experiment(Sets.make(protocol, augmenter, options.seed), protocol, options.seed)
    chosen, policies = experiment.choose_policy()
    results = experiment.run(POLICIES[chosen])
    found = [levels(results, chosen), differences(results), classes(results), policy_table(policies, chosen)]
    return [*found, mark_shortcut.table(experiment)]


bench = tables
