"""Does training on the augmenter's images make a segmenter better where it will work?

The protocol, fixed before any of its test frames was looked at (earlier ones: docs/augmenter_downstream.md):

- Target domains: night, fog and low light, made from rendered frames and their depth by the physics of
  simulation/camera_styles.py. No arm ever trains on a picture of a target domain with labels; the augmenter was
  trained on unlabelled, unpaired ones of other scenes.
- Frames of three sets of scenes that never meet: 768 source frames with labels to train on, 768 (64 scenes of 12
  frames) to choose by, 768 to test, each as source and as the three targets.
- Every seed trains a segmenter on source frames (1,600 steps, batches of 8); each arm goes on from those weights for
  800 steps of 16 pictures, all with random mirroring, and a learning rate of its own schedule: 8 source frames, which
  every arm has, and an extra part of 8 more source frames that it sees as
      source          they are
      classical       the classical policy shows them, drawn anew each time
      GAN             the augmenter shows them: one accepted variant at full strength of every source frame and style,
                      made once before training; of the gate only structure judges, which never saw a label
      both            one or the other, with a half each
      GAN, no mark    as GAN, but for the invisible mark (pipelines/watermark.py) that the others' pictures carry
      … , 1/4         as that arm, but the extra part counts a quarter in the loss
      source once     the source arm, but the extra part counts nothing: as many source frames as others have
  One model an arm for all three domains. The same steps, batch size, labels, initial weights for every arm, and as many
  untouched source frames for every arm but the source's own.
- Choices, none of which sees a test frame. The segmenter's widths: of WIDTHS, the first that the next one does not
  beat by more than MIN_GAIN points of the source arm on validation SOURCE frames (mean over `choice_seeds`). The
  classical arm has an advantage that the GAN has not: its policy is the one of POLICIES with the highest mean IoU on
  LABELLED validation frames of the target domains (seed 0). The GAN's settings are the defaults.
- Measure: mean IoU over the classes of simulation/scenes.py, at full resolution, from pixels summed over the test
  frames; 5 seeds; differences with 95 % intervals by a bootstrap over seeds and scenes, paired.
- The last three arms were thought of after a look at the others on 64 other test scenes (seed 740,000); a quarter was
  the only weight tried, on validation source frames.
- Bars: GAN − classical ≥ 3 points with an interval above 0; GAN − source on source frames ≥ −0.5 points.
"""

import copy

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter import mark_shortcut
from genmodels_ros.evaluation.augmenter.classical_augmentation import POLICIES, Policy
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.augmenter.segmentation_arms import BATCH, QUICK, Protocol, Sets, batches, emphasis
from genmodels_ros.evaluation.augmenter.segmentation_scores import mean_iou, scene_confusions
from genmodels_ros.evaluation.augmenter.segmentation_tables import (
    DOMAINS,
    classes,
    differences,
    levels,
    policy_table,
    widths_table,
)
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.segmentation import Batch, class_weights, fit, predict

ARMS = ("source", "classical", "GAN", "both", "GAN, no mark", "source once", "classical, 1/4", "GAN, 1/4")
WIDTHS = ((12, 24, 48, 96), (16, 32, 64, 128))  # of the segmenter, from the smallest on
MIN_GAIN = 0.5  # points
PLAIN = Policy()  # changes nothing


class Experiment:
    """Trains arms and tests them; keeps each seed's weights after the base steps, which its arms start from."""

    def __init__(self, sets: Sets, protocol: Protocol, seed: int, widths: tuple[int, ...] = WIDTHS[0]):
        self.sets, self.protocol, self.seed, self.widths = sets, protocol, seed, widths
        self.weights = class_weights(sets.train.labels, len(LabelClass))
        self._base: dict[tuple, Segmenter] = {}

    def base(self, number: int) -> Segmenter:
        key = (self.widths, number)
        if key not in self._base:
            torch.manual_seed(1000 * self.seed + number)  # initial weights
            rng, train = np.random.default_rng([self.seed, number, 0]), self.sets.train

            def draw() -> Batch:
                chosen = rng.integers(len(train.rgb), size=BATCH)
                return mirrored(train.rgb[chosen], train.labels[chosen], rng)

            model = Segmenter(len(LabelClass), widths=self.widths)
            self._base[key] = fit(model, draw, steps=self.protocol.base_steps, weights=self.weights)
        return self._base[key]

    def train(self, arm: str, number: int, policy: Policy = PLAIN) -> Segmenter:
        draw = batches(arm, self.sets, policy, np.random.default_rng([self.seed, number, 1]))
        model = copy.deepcopy(self.base(number))
        return fit(model, draw, steps=self.protocol.arm_steps, weights=self.weights, emphasis=emphasis(arm), rate=2e-3)

    def choose(self) -> tuple[Policy, list[Table]]:
        """Sets the segmenter's widths, then finds the classical policy; and what the candidates reached."""
        self.widths, sizes = self.choose_widths()
        name, policies = self.choose_policy()
        return POLICIES[name], [widths_table(sizes, self.widths), policy_table(policies, name)]

    def choose_widths(self) -> tuple[tuple[int, ...], dict[tuple[int, ...], float]]:
        """The widths, and what the source arm reached on validation source frames with those that were tried."""
        chosen, tried = WIDTHS[0], {WIDTHS[0]: self._at_home(WIDTHS[0])}
        for widths in WIDTHS[1:]:
            tried[widths] = self._at_home(widths)
            if tried[widths] <= tried[chosen] + MIN_GAIN:
                break
            chosen = widths
        return chosen, tried

    def _at_home(self, widths: tuple[int, ...]) -> float:
        self.widths = widths
        seeds = tqdm(range(self.protocol.choice_seeds), desc=f"widths {widths}", disable=None)
        return float(np.mean([self.validated("source", number, PLAIN, DOMAINS[:1])[0] for number in seeds]))

    def choose_policy(self) -> tuple[str, dict[str, np.ndarray]]:
        """The classical policy with the best mean over the target domains, and every policy's IoU by domain."""
        named = tqdm(POLICIES.items(), desc="classical policies", disable=None)
        scores = {name: self.validated("classical", 0, policy) for name, policy in named}
        return max(scores, key=lambda name: scores[name][1:].mean()), scores

    def validated(
        self, arm: str, number: int, policy: Policy = PLAIN, domains: tuple[str, ...] = DOMAINS
    ) -> np.ndarray:
        """Mean IoU in percent on validation frames of each of `domains`."""
        model = self.train(arm, number, policy)
        return np.array([mean_iou(tested(model, self.sets.validation[domain]).sum(0)) for domain in domains])

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
    """Mean IoU of the arms by domain, their differences, each class, and what the choices were made by."""
    protocol = QUICK if options.quick else Protocol()
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, mark=False, gate="structure")
    experiment = Experiment(Sets.make(protocol, augmenter, options.seed), protocol, options.seed)
    policy, chosen = experiment.choose()
    results = experiment.run(policy)
    found = [levels(results), differences(results), classes(results), *chosen]
    return [*found, mark_shortcut.table(experiment)]


bench = tables
