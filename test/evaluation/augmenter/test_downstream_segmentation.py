from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genmodels_ros.evaluation.augmenter import downstream_segmentation as downstream
from genmodels_ros.evaluation.augmenter.classical_augmentation import Policy
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.augmenter.segmentation_arms import BATCH, Sets, batches, variants_of
from genmodels_ros.evaluation.augmenter.segmentation_tables import TARGETS


def frames(count=8, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, (count, 3, 4), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    return LabelledFrames(np.stack([40 * labels] * 3, -1), labels, np.full(labels.shape, 3.0, np.float32), 4)


@pytest.fixture
def sets():
    train = frames()
    variants = np.full((len(downstream.DOMAINS) - 1, *train.rgb.shape), 7, np.uint8)
    held = {domain: frames(8, 1) for domain in downstream.DOMAINS}
    return Sets(train, variants, variants, frames(8, 3), held, held)


@pytest.mark.parametrize(
    ("arm", "classical", "made"),
    [("source", 0, 0), ("classical", 1, 0), ("GAN", 0, 1), ("both", 0.5, 0.5)],
)
def test_every_arm_has_a_batch_of_source_frames_and_its_own_extra_part(sets, arm, classical, made):
    black = Policy(exposure=(1e-9, 1e-9))
    draw = batches(arm, sets, black, np.random.default_rng(0))
    images, labels = (np.stack(part) for part in zip(*(draw() for _ in range(40)), strict=True))
    assert images.shape == (40, 2 * BATCH, *sets.train.rgb.shape[1:]) and labels.shape == images.shape[:4]
    for level, wanted in ((7, made), (0, classical)):
        shown = (images == level).all(axis=(2, 3, 4))
        assert not shown[:, :BATCH].any() and shown[:, BATCH:].mean() == pytest.approx(wanted, abs=0.08)


def test_the_policy_is_chosen_on_validation_frames_alone(sets, monkeypatch):
    tested = []
    monkeypatch.setattr(downstream, "tested", lambda model, frames: tested.append(frames) or np.ones((2, 6, 6)))
    monkeypatch.setattr(downstream, "POLICIES", {"none": Policy()})
    validation = {domain: frames(8, 2) for domain in downstream.DOMAINS}
    experiment = downstream.Experiment(
        replace(sets, validation=validation), downstream.Protocol(8, 8, 8, 1, 1, 2), 0, (4, 8)
    )
    name, found = experiment.choose_policy()
    assert all(any(one is frame for frame in validation.values()) for one in tested) and tested
    assert name == "none" and set(found) == {"none"}


def test_without_an_extra_part_there_is_one_batch_of_source_frames(sets):
    images, labels = batches("start", sets, Policy(), np.random.default_rng(0))()
    assert len(images) == len(labels) == BATCH and (images[..., 0] == 40 * labels).all()


def test_decisions_are_adjusted_on_source_frames_alone(sets, monkeypatch):
    seen = []
    monkeypatch.setattr(downstream, "adjusted", lambda *given: seen.append(given) or "adjusted")
    experiment = downstream.Experiment(sets, downstream.Protocol(8, 8, 8, 1, 2, 2), 0, (4, 8))
    assert experiment.adjusted("GAN", 0) == "adjusted"
    assert seen[0][1] is sets.adjustment.rgb and seen[0][2] is sets.adjustment.labels


def test_all_the_way_back_an_arm_is_where_it_began(sets, monkeypatch):
    monkeypatch.setattr(downstream, "adjusted", lambda model, rgb, labels: model)
    experiment = downstream.Experiment(sets, downstream.Protocol(8, 8, 8, 1, 2, 2), 0, (4, 8))
    before = {name: value.clone() for name, value in experiment.base(0).state_dict().items()}
    for share, same in ((0.0, True), (0.5, False), (1.0, False)):
        weight = experiment.adjusted("GAN", 0, share=share).stem[0].weight
        assert torch.equal(weight, before["stem.0.weight"]) == same
    assert torch.equal(weight, experiment.train("GAN", 0).stem[0].weight)
    assert all(torch.equal(value, before[name]) for name, value in experiment.base(0).state_dict().items())


def test_variants_have_every_style_and_strength(sets):
    told = []

    class Augmenter:
        def augment(self, image, *, style, strength, seed):
            told.append((style, strength, seed))
            return SimpleNamespace(image=np.full_like(image, 9), accepted=len(told) % 5 > 0)

    made = variants_of(sets.train, Augmenter(), seed=0, copies=3, tries=1)
    assert made.shape == (9, *sets.train.rgb.shape)
    refused = (made != 9).any(axis=(2, 3, 4))
    assert refused.sum() == len(told) // 5 and (made[refused] == np.stack([sets.train.rgb] * 9)[refused]).all()
    strengths = np.array([strength for _, strength, _ in told])
    assert 0 < strengths.min() < 0.2 and 0.8 < strengths.max() <= 1
    assert {style for style, _, _ in told} == set(TARGETS) and len({seed for _, _, seed in told}) == len(told)


def test_no_arm_touches_the_frames_that_it_draws_from(sets):
    before = sets.train.rgb.copy()
    batches("classical", sets, Policy(exposure=(0.1, 0.1)), np.random.default_rng(0))()
    assert (sets.train.rgb == before).all()


def test_labels_are_mirrored_with_their_images():
    images, labels = mirrored(frames().rgb, frames().labels, np.random.default_rng(0))
    assert (images[..., 0] == 40 * labels).all() and (labels != frames().labels).any()


def test_arms_start_from_the_same_weights_and_all_are_tested_everywhere(sets):
    protocol = downstream.Protocol(8, 8, 8, seeds=2, base_steps=3, arm_steps=2)
    experiment = downstream.Experiment(sets, protocol, seed=0, widths=(4, 8))
    assert experiment.base(0) is experiment.base(0) and experiment.train("GAN", 0) is experiment.train("GAN", 0)
    results = experiment.run(Policy())
    assert set(results) == {arm + name for arm in downstream.ARMS for name in downstream.SHARES}
    assert all(found.shape == (4, 2, 2, 6, 6) for found in results.values())
    for table in (downstream.levels(results), downstream.differences(results), downstream.classes(results)):
        assert table.rows
