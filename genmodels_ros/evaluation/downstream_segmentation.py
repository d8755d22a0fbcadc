"""Does training on the augmenter's images make a segmenter better where it will work?

The protocol, fixed before any test frame was looked at but for two things, whose earlier figures are in
docs/augmenter_downstream.md: a first run with a quarter of the steps (400 and 200) left every arm far from trained; in
a second one half of every batch was synthetic, which cost the GAN 2.6 points on source frames: now the share is chosen.

- Target domains: night, fog and low light, made from rendered frames and their depth by the physics of
  simulation/camera_styles.py. No arm ever trains on a picture of a target domain with labels; the augmenter was
  trained on unlabelled, unpaired ones of other scenes.
- Frames of three sets of scenes that never meet: 768 source frames with labels to train on, 192 to choose by, 288 to
  test (24 scenes of 12 frames), each as source and as the three targets.
- Every seed trains a segmenter on source frames (1,600 steps); each arm goes on from those weights for 800 steps with
  batches of 8, all with random mirroring, and a learning rate of its own schedule. A picture of a batch is
      source      a source frame
      classical   with the arm's share as the chance, a source frame under the classical policy, drawn anew each time
      GAN         with the arm's share as the chance, the augmenter's: one accepted variant at full strength of every
                  source frame and style, made once before training; of the gate only structure judges, which never saw
                  a label
      both        with the GAN's share as the chance, one or the other with a half each
      GAN, no mark    as GAN, but for the invisible mark (pipelines/watermark.py) that the others' pictures carry
  One model an arm for all three domains. The same steps, batch size, labels, initial weights for every arm.
- Choices, none of which sees a test frame. The share (synthetic_share.py): SHARES are tried from the smallest on; taken
  is the last one before one costs more than MAX_LOSS points on validation SOURCE frames (mean over 2 seeds), or else
  the smallest. The same rule for both arms.
- The classical arm has an advantage that the GAN has not: its policy is the one of POLICIES with the highest mean IoU
  on LABELLED validation frames of the target domains (seed 0, the largest share). The GAN's settings are the defaults.
- Measure: mean IoU over the classes of simulation/scenes.py, at full resolution, from pixels summed over the test
  frames; 5 seeds; differences with 95 % intervals by a bootstrap over seeds and scenes, paired.
- Bars: GAN − classical ≥ 3 points with an interval above 0; source − GAN on source frames ≤ 0.5 points.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation import mark_shortcut
from genmodels_ros.evaluation.classical_augmentation import POLICIES, Policy
from genmodels_ros.evaluation.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.segmentation_scores import mean_iou, scene_confusions
from genmodels_ros.evaluation.segmentation_tables import (
    DOMAINS,
    TARGETS,
    classes,
    differences,
    levels,
    policy_table,
    share_table,
)
from genmodels_ros.evaluation.synthetic_share import SHARES, affordable_share
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
    validation_frames: int = 192
    test_frames: int = 288
    seeds: int = 5
    choice_seeds: int = 2
    base_steps: int = 1600
    arm_steps: int = 800


QUICK = Protocol(48, 24, 24, 1, 1, 10, 5)


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


@dataclass(frozen=True)
class Choice:
    """What was chosen on validation frames: the classical policy, and the chance of a synthetic picture by arm."""

    policy: Policy = Policy()
    shares: dict[str, float] = field(default_factory=dict)

    def share(self, arm: str) -> float:
        return 0.0 if arm == "source" else self.shares.get("classical" if arm == "classical" else "GAN", SHARES[-1])


def batches(arm: str, sets: Sets, choice: Choice, rng: np.random.Generator) -> Callable[[], Batch]:
    """What an arm trains on: a function that draws one batch."""
    made = {"classical": 0.0, "both": 0.5}.get(arm, 1.0)  # share of the augmenter's among what is synthetic
    pictures = sets.unmarked if arm == "GAN, no mark" else sets.variants

    def draw() -> Batch:
        chosen = rng.integers(len(sets.train.rgb), size=BATCH)
        images = sets.train.rgb[chosen].copy()
        synthetic, augmented = rng.random(BATCH) < choice.share(arm), rng.random(BATCH) < made
        for i in np.flatnonzero(synthetic):
            if augmented[i]:
                images[i] = pictures[rng.integers(len(pictures)), chosen[i]]
            else:
                images[i] = choice.policy(images[i], rng)
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
            draw = batches("source", self.sets, Choice(), np.random.default_rng([self.seed, number, 0]))
            model = Segmenter(len(LabelClass))
            self._base[number] = fit(model, draw, steps=self.protocol.base_steps, weights=self.weights)
        return self._base[number]

    def train(self, arm: str, number: int, choice: Choice, sets: Sets | None = None) -> Segmenter:
        draw = batches(arm, sets or self.sets, choice, np.random.default_rng([self.seed, number, 1]))
        model = copy.deepcopy(self.base(number))
        return fit(model, draw, steps=self.protocol.arm_steps, weights=self.weights, rate=2e-3)

    def choose(self) -> tuple[Choice, list[Table]]:
        """The classical policy, then both shares; and what each candidate reached on validation frames."""
        name, policies = self.choose_policy()
        policy, source = POLICIES[name], self.on_source("source", Choice())
        found = {
            arm: affordable_share(lambda share, arm=arm: source - self.on_source(arm, Choice(policy, {arm: share})))
            for arm in ("classical", "GAN")
        }
        shares = {arm: share for arm, (share, _) in found.items()}
        losses = {arm: tried for arm, (_, tried) in found.items()}
        return Choice(policy, shares), [policy_table(policies, name), share_table(losses, shares)]

    def choose_policy(self) -> tuple[str, dict[str, np.ndarray]]:
        """The classical policy with the best mean over the target domains, and every policy's IoU by domain."""
        scores = {}
        for name, policy in tqdm(POLICIES.items(), desc="classical policies", disable=None):
            model = self.train("classical", 0, Choice(policy))
            scores[name] = np.array([mean_iou(tested(model, self.sets.validation[d]).sum(0)) for d in DOMAINS])
        return max(scores, key=lambda name: scores[name][1:].mean()), scores

    def on_source(self, arm: str, choice: Choice) -> float:
        """Mean IoU in percent on validation source frames, mean over the seeds that choose."""
        frames = self.sets.validation["source"]
        seeds = tqdm(range(self.protocol.choice_seeds), desc=f"{arm}, {choice.share(arm):g}", disable=None)
        return float(np.mean([mean_iou(tested(self.train(arm, n, choice), frames).sum(0)) for n in seeds]))

    def run(self, choice: Choice, arms: tuple[str, ...] = ARMS) -> dict[str, np.ndarray]:
        """Confusions on the test frames by arm, [domains, seeds, scenes, C, C]."""
        results = {arm: [] for arm in arms}
        jobs = [(number, arm) for number in range(self.protocol.seeds) for arm in arms]
        for number, arm in tqdm(jobs, desc="segmenters", disable=None):
            model = self.train(arm, number, choice)
            results[arm].append(np.stack([tested(model, self.sets.test[domain]) for domain in DOMAINS]))
        return {arm: np.stack(found, axis=1) for arm, found in results.items()}


def tested(model: Segmenter, frames: LabelledFrames) -> np.ndarray:
    """Confusions by scene, [scenes, C, C]."""
    return scene_confusions(frames.labels, predict(model, frames.rgb), len(LabelClass), frames.frames_a_scene)


def tables(options: BenchOptions) -> list[Table]:
    """Mean IoU of the arms by domain, their differences, each class, and what the choices were made by."""
    protocol = QUICK if options.quick else Protocol()
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, mark=False, gate="structure")
    experiment = Experiment(Sets.make(protocol, augmenter, options.seed), protocol, options.seed)
    choice, chosen = experiment.choose()
    results = experiment.run(choice)
    found = [levels(results), differences(results), classes(results), *chosen]
    return [*found, mark_shortcut.table(experiment)]


bench = tables
