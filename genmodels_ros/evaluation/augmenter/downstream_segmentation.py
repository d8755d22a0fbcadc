"""Does training on the augmenter's images make a segmenter better where it will work, at no cost at home?

The protocol, fixed before any of its test frames was looked at (earlier ones: docs/augmenter_downstream.md):

- Target domains: night, fog and low light, made from rendered frames and their depth by the physics of
  simulation/camera/styles.py. No arm ever trains on a picture of a target domain with labels; the augmenter was
  trained on unlabelled, unpaired ones of other scenes.
- Frames of three sets of scenes that never meet: 768 source frames with labels to train on, 768 (64 scenes of 12
  frames) to choose by, of which one half adjusts decisions and the other validates, and 1,536 to test; those to
  validate and to test each as source and as the three targets.
- Every seed trains a segmenter on source frames alone: 1,600 steps of 8 (peak rate 3e-3), then twice 800 of 16 (2e-3).
  Each arm goes on from those weights for 1,600 steps (2e-3) of 16 pictures, all with random mirroring: 8 source frames,
  which every arm has, and an extra part of 8 more source frames that it sees as
      source          they are
      classical       the classical policy shows them, drawn anew each time
      GAN             the augmenter shows them: one of four accepted variants of every source frame and style, each at a
                      strength drawn from (0, 1], made once before training; of the gate only structure judges, which
                      never saw a label
      both            one or the other, with a half each
      GAN, no mark    as GAN, but for the invisible mark (pipelines/camera/watermark.py) that the others' pictures carry
  One model an arm for all three domains. The same steps, labels and initial weights for every arm.
- Every arm is tested where its steps ended ("GAN") and at 15/16 of the straight way that its weights went from
  where it began ("GAN, 15/16"; WiSE-FT, Wortsman et al. 2022), which gives home back what the targets lose.
- There every arm's decision is adjusted: one number is added to each class's logit, chosen by the mean IoU on labelled
  source frames that it was not trained on (training/camera/logit_adjustment.py). Nothing of a target is used for it.
- The classical arm has an advantage that the GAN has not: its policy is the one of POLICIES with the highest mean IoU
  on LABELLED validation frames of the target domains (seed 0). Of the GAN's settings only the range of strengths,
  the steps and the 15/16 were chosen so, the last two for all arms; the others are the defaults.
- The segmenter scales its channels by what the whole picture shows (models/segmenter.py, `gated`).
- Measure: mean IoU over the classes of simulation/scenes.py, at full resolution, from pixels summed over the test
  frames; 5 seeds; differences with 95 % intervals by a bootstrap over seeds and scenes, paired.
- Bars: GAN − classical ≥ 3 points on the targets with an interval above 0, and GAN − source ≥ −0.5 points on source
  frames. The figures that count are those of "GAN, 15/16" beside "classical" and "source" as they end: on 64 scenes
  (seed 760,000) that the same networks were tested on before, all of the way had home −0.6 and targets +3.6, and 9/10,
  which counted then, −0.3 and +2.5.
"""

import copy
from itertools import product

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter import mark_shortcut
from genmodels_ros.evaluation.augmenter.classical_augmentation import POLICIES, Policy
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.augmenter.segmentation_arms import QUICK, Protocol, Sets, batches
from genmodels_ros.evaluation.augmenter.segmentation_scores import mean_iou, scene_confusions
from genmodels_ros.evaluation.augmenter.segmentation_tables import (
    DOMAINS,
    classes,
    differences,
    levels,
    policy_table,
)
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.camera.logit_adjustment import adjusted
from genmodels_ros.training.camera.segmentation import class_weights, fit, interpolated, predict

ARMS = ("source", "classical", "GAN", "both", "GAN, no mark")
SHARES = {"": 1.0, ", 15/16": 15 / 16}  # of the way from a seed's weights to an arm's, by what a row adds
WIDTHS = (16, 32, 64, 128)  # of the segmenter
PLAIN = Policy()  # changes nothing


class Experiment:
    """Trains arms and tests them; keeps every trained segmenter."""

    def __init__(self, sets: Sets, protocol: Protocol, seed: int, widths: tuple[int, ...] = WIDTHS):
        self.sets, self.protocol, self.seed, self.widths = sets, protocol, seed, widths
        self.weights = class_weights(sets.train.labels, len(LabelClass))
        self._trained: dict[tuple, Segmenter] = {}

    def base(self, number: int) -> Segmenter:
        """A seed's segmenter after source frames alone, which every arm goes on from."""
        key = (number,)
        if key not in self._trained:
            torch.manual_seed(1000 * self.seed + number)  # initial weights
            model, steps = Segmenter(len(LabelClass), widths=self.widths, gated=True), self.protocol.base_steps
            model = self._fit(model, "start", number, 0, steps=steps, rate=3e-3)
            for part in (1, 2):
                model = self._fit(model, "source", number, part, steps=steps // 2, rate=2e-3)
            self._trained[key] = model
        return self._trained[key]

    def train(self, arm: str, number: int, policy: Policy = PLAIN) -> Segmenter:
        """A seed's segmenter at the end of an arm's steps."""
        policy = policy if arm in ("classical", "both") else PLAIN  # no other arm uses it
        key = (number, arm, policy)
        if key not in self._trained:
            model, steps = copy.deepcopy(self.base(number)), self.protocol.arm_steps
            self._trained[key] = self._fit(model, arm, number, 3, policy, steps=steps, rate=2e-3)
        return self._trained[key]

    def _fit(self, model: Segmenter, arm: str, number: int, part: int, policy: Policy = PLAIN, **how) -> Segmenter:
        draw = batches(arm, self.sets, policy, np.random.default_rng([self.seed, number, part]))
        return fit(model, draw, weights=self.weights, **how)

    def adjusted(self, arm: str, number: int, policy: Policy = PLAIN, share: float = 1.0) -> Segmenter:
        """The segmenter at `share` of the way from where the arm began to where its steps ended, its decision adjusted
        on source frames: what is validated and tested."""
        model = interpolated(self.base(number), self.train(arm, number, policy), share)
        return adjusted(model, self.sets.adjustment.rgb, self.sets.adjustment.labels)

    def choose_policy(self) -> tuple[str, dict[str, np.ndarray]]:
        """The classical policy with the best mean over the target domains, and every policy's IoU by domain."""
        named = tqdm(POLICIES.items(), desc="classical policies", disable=None)
        scores = {name: self.validated("classical", 0, policy) for name, policy in named}
        return max(scores, key=lambda name: scores[name][1:].mean()), scores

    def validated(self, arm: str, number: int, policy: Policy = PLAIN) -> np.ndarray:
        """Mean IoU in percent on validation frames of each of DOMAINS."""
        model = self.adjusted(arm, number, policy)
        return np.array([mean_iou(tested(model, self.sets.validation[domain]).sum(0)) for domain in DOMAINS])

    def run(self, policy: Policy, arms: tuple[str, ...] = ARMS) -> dict[str, np.ndarray]:
        """Confusions on the test frames by arm and share, [domains, seeds, scenes, C, C]."""
        rows = tqdm(product(arms, SHARES.items()), desc="arms", total=len(arms) * len(SHARES), disable=None)
        return {arm + name: self._confusions(arm, policy, share) for arm, (name, share) in rows}

    def _confusions(self, arm: str, policy: Policy, share: float) -> np.ndarray:
        models = [self.adjusted(arm, number, policy, share) for number in range(self.protocol.seeds)]
        return np.stack([[tested(model, self.sets.test[domain]) for model in models] for domain in DOMAINS])


def tested(model: Segmenter, frames: LabelledFrames) -> np.ndarray:
    """Confusions by scene, [scenes, C, C]."""
    return scene_confusions(frames.labels, predict(model, frames.rgb), len(LabelClass), frames.frames_a_scene)


def tables(options: BenchOptions) -> list[Table]:
    """Mean IoU of the arms by domain, their differences, each class, and what the choices were made by."""
    protocol = QUICK if options.quick else Protocol()
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, mark=False, gate="structure")
    experiment = Experiment(Sets.make(protocol, augmenter, options.seed), protocol, options.seed)
    name, policies = experiment.choose_policy()
    results = experiment.run(POLICIES[name])
    found = [levels(results), differences(results), classes(results), policy_table(policies, name)]
    return [*found, mark_shortcut.table(experiment)]


bench = tables
