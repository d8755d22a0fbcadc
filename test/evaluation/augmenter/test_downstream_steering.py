from dataclasses import replace

import numpy as np
import pytest
import torch

from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.augmenter import downstream_steering, steering_scores
from genmodels_ros.evaluation.augmenter.downstream_steering import (
    BOTH,
    GAN,
    SOURCE,
    Effort,
    Frames,
    measured,
    tables,
)
from genmodels_ros.evaluation.augmenter.driven_places import Drive, Place
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.training.camera.sim_to_real import Recipe
from genmodels_ros.training.camera.steering import reduced

TINY = Effort(frames=12, held_out=6, steps=2, seeds=2, recipe=Recipe(steps=1, batch_size=2), targets=8)


def frames(count, seed, _=0):
    rng = np.random.default_rng(seed)
    return Frames(rng.integers(0, 255, (count, 120, 160, 3), np.uint8), rng.uniform(-1, 1, count).astype(np.float32))


def test_every_arm_is_tested_on_every_part_but_the_one_its_translation_saw(monkeypatch):
    parts = tuple(Drive(one.rgb, one.steering) for one in (frames(20, 1), frames(24, 2)))
    seen, tested = [], []

    def translations(source, targets, effort, seed):
        seen.append(len(targets[0]))
        return torch.full((1, 12, 3, 60, 80), len(targets[0]), dtype=torch.uint8)

    def predict(learned_from, images):
        tested.append((learned_from, len(images)))
        return np.random.default_rng(len(images)).normal(size=len(images))

    monkeypatch.setattr(steering_scores, "RESAMPLES", 20)
    stand_ins = {"simulated": frames, "translations": translations, "predict": predict, "train_steering": _looked_at}
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(downstream_steering, name, stand_in)
    scores, differences, _ = measured([Place("hall", ("hall_1", "hall_2"), parts)], TINY, 0)
    assert seen == [20, 24]
    assert {pair for pair in tested if pair[0] and pair[1] != TINY.held_out} == {(20, 24), (24, 20)}
    assert {pair for pair in tested if not pair[0]} == {(0, 20), (0, 24), (0, TINY.held_out)}
    assert [(row[0], row[1]) for row in scores.rows if row[0] == GAN] == [(GAN, "hall_1"), (GAN, "hall_2")]
    assert {row[0] for row in scores.rows} == {SOURCE, GAN, BOTH, "+ classical 0.6", "+ classical 1"}
    assert f"{GAN} - {SOURCE}" in {row[0] for row in differences.rows}


def _looked_at(data, **_):
    """In place of a network: how many real frames the translation of its pictures has seen."""
    return 0 if data.variants is None else int(data.variants.max())


def test_each_arm_is_trained_with_its_seeds(monkeypatch):
    """The whole path, tiny."""
    parts = tuple(Drive(one.rgb, one.steering) for one in (frames(20, 1), frames(24, 2)))
    monkeypatch.setattr(downstream_steering, "simulated", frames)
    monkeypatch.setattr(steering_scores, "RESAMPLES", 20)
    tiny = replace(TINY, steps=1, seeds=1)
    first, second = (measured([Place("hall", ("hall_1", "hall_2"), parts)], tiny, 0)[0].rows for _ in range(2))
    assert first == second


def test_a_translation_learned_here_gives_every_frame_in_every_style_several_times():
    source, *targets = (reduced(frames(count, seed).rgb) for seed, count in enumerate((5, 9, 8)))
    made, again = (downstream_steering.translations(source, targets, TINY, seed=0) for _ in range(2))
    assert made.shape == (2 * TINY.codes, 5, 3, 60, 80) and (made == again).all()
    assert len({look.numpy().tobytes() for look in made}) == len(made)


def test_without_recordings_it_says_what_it_needs(tmp_path):
    for data in (None, tmp_path):
        with pytest.raises(GenModelsError, match="--data"):
            tables(BenchOptions(data=data))
