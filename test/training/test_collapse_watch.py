import logging

import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.image_features import image_features
from genmodels_ros.training.collapse_watch import CollapseWatch, CoverageProbe, preference


def ramps(count, seed):
    """Images of one colour each, brighter to one side."""
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, 1, 1, generator=rng) * torch.linspace(0.3, 1, 32) * torch.ones(count, 3, 24, 32)


@pytest.fixture(scope="module")
def probe():
    return CoverageProbe(ramps(160, 0), image_features)


def test_a_made_collapse_is_named_with_its_remedy_and_a_healthy_generator_is_not(probe):
    healthy, collapsed = (CollapseWatch(grace=1) for _ in range(2))
    healthy.look(10, probe, ramps(probe.size, 5))
    collapsed.look(10, probe, ramps(2, 6).repeat(probe.size // 2, 1, 1, 1))  # two modes of many
    assert not healthy.warnings()
    (sentence,) = collapsed.warnings()
    assert "Mode collapse" in sentence and "relativistic" in sentence


def test_coverage_that_falls_by_half_is_a_collapse_and_one_that_grows_is_not():
    watch = CollapseWatch(grace=1)
    for step, value in enumerate((0.3, 0.6, 0.9)):
        watch.look(step + 1, _Fixed(value), torch.empty(0))
        assert not watch.warnings()
    watch.look(5, _Fixed(0.4), torch.empty(0))
    assert watch.warnings()


def test_a_young_generator_is_given_time(probe):
    watch = CollapseWatch(grace=100)
    watch.look(50, probe, torch.zeros(probe.size, 3, 24, 32))
    assert not watch.warnings()
    watch.look(100, probe, torch.zeros(probe.size, 3, 24, 32))
    assert watch.warnings()


def test_codes_without_effect_are_a_collapse():
    watch = CollapseWatch(target_spread=0.2)
    watch.add(0, {"diversity": 0.001, "discriminator_accuracy": 0.7})
    (sentence,) = watch.warnings()
    assert "two codes" in sentence and "Settings.diversity" in sentence


@pytest.mark.parametrize(("accuracy", "words"), [(0.999, "wins"), (0.3, "learns nothing")])
def test_a_lost_game_is_named_with_its_remedy(accuracy, words):
    watch = CollapseWatch(settings="--")
    watch.add(0, {"discriminator_accuracy": accuracy})
    (sentence,) = watch.warnings()
    assert words in sentence and "--gamma" in sentence


def test_a_healthy_game_is_left_in_peace(caplog):
    watch = CollapseWatch(target_spread=0.2, report_every=2)
    with caplog.at_level(logging.INFO):
        for step in range(5):
            watch.add(step, {"diversity": 0.1, "discriminator_accuracy": 0.7})
    assert not watch.warnings()
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_end_the_run_with_a_remedy(value):
    with pytest.raises(GenModelsError, match=r"Step 7: adversarial is .*Lower the learning rates") as error:
        CollapseWatch().add(7, {"adversarial": value})
    assert error.value.code == ErrorCode.NOT_FINITE


def test_preference_counts_images_not_patches():
    real = torch.tensor([[[9.0, 0.0]], [[-1.0, -1.0]]])
    assert preference(real, torch.ones(2, 1, 2)) == 0.5


class _Fixed:
    def __init__(self, value):
        self.value = value

    def measure(self, _):
        return self.value
