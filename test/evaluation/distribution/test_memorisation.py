import pytest
import torch

from genmodels_ros.evaluation.distribution.memorisation import memorisation


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


TRAINING, HELD_OUT = normal(400, 3, seed=1), normal(400, 3, seed=2)


def test_fresh_samples_are_no_copies():
    found = memorisation(normal(500, 3, seed=3), TRAINING, HELD_OUT, rng())
    assert (
        not found.copies and found.ratio == pytest.approx(1, abs=0.15) and found.nearer == pytest.approx(0.5, abs=0.1)
    )


def test_copied_rows_are_flagged():
    found = memorisation(TRAINING[:200], TRAINING, HELD_OUT, rng())
    assert found.copies and found.ratio < 1e-4 and found.nearer > 0.99 and found.p_value == pytest.approx(0.001)


def test_nearly_copied_rows_are_flagged_and_one_in_ten_is_too_few_for_the_median():
    near = TRAINING + 0.05 * normal(400, 3, seed=4)
    assert memorisation(near, TRAINING, HELD_OUT, rng()).copies
    some = torch.cat([near[:50], normal(450, 3, seed=5)])
    found = memorisation(some, TRAINING, HELD_OUT, rng())
    assert not found.copies and found.ratio > 0.8


def test_without_memory_the_test_is_as_wrong_as_it_says():
    """Samples that crowd around few rows break a binomial test, not this one: p is even over [0, 1]."""
    draw = rng(7)
    values = []
    for _ in range(60):
        rows = torch.randn(2, 30, 2, generator=draw)
        crowded = torch.randn(3, 2, generator=draw).repeat(40, 1) + 0.01 * torch.randn(120, 2, generator=draw)
        values.append(memorisation(crowded, *rows.unbind(0), draw).p_value)
    values = torch.tensor(values)
    assert (values < 0.1).float().mean() < 0.25 and (values > 0.5).float().mean() > 0.3


def test_many_training_rows_are_no_advantage():
    found = memorisation(normal(500, 3, seed=3), normal(5000, 3, seed=6), HELD_OUT, rng())
    assert found.nearer == pytest.approx(0.5, abs=0.1)
