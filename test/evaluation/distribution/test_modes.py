import math

import pytest
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.evaluation.distribution.modes import mode_score

EIGHT = toy("eight_gaussians")


def score(samples, **options):
    return mode_score(samples, EIGHT.centres, EIGHT.deviation, **options)


def test_true_samples_find_all_modes():
    found = score(EIGHT.sample(20_000, torch.Generator().manual_seed(0)))
    assert found.modes == 8 and found.divergence < 0.002
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.004)


def test_one_mode_is_one_and_diverges_by_the_logarithm_of_all():
    found = score(EIGHT.centres[2:3].repeat(100, 1))
    assert (found.modes, found.high_quality) == (1, 1) and found.divergence == pytest.approx(math.log(8))


def test_few_samples_make_no_mode_unless_that_is_enough():
    few = EIGHT.centres.repeat(5, 1)
    assert score(few).modes == 0 and score(few, least=5).modes == 8


def test_samples_of_nothing_are_counted_for_no_mode():
    found = score(torch.zeros(50, 2))
    assert (found.modes, found.high_quality, found.divergence) == (0, 0, 0)
