"""Models that are wrong in a known way are judged so."""

import pytest
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families.contestant import Contestant
from genmodels_ros.evaluation.families.judge import Judge

MADE = toy("eight_gaussians")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def contestant(sample, log_prob=None) -> Contestant:
    return Contestant("x", sample, log_prob, "exact" if log_prob else "none", 1, 1, 1.0)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Vectors(MADE.sample(1600, seeded(1))), Vectors(MADE.sample(400, seeded(2))), MADE)


def test_the_truth_scores_like_real_rows(judge):
    found = judge.score(contestant(lambda n, c, rng: MADE.sample(n, rng), lambda x, c: MADE.log_prob(x)))
    floor = judge.floor[0]
    assert found.nll == pytest.approx(judge.true_nll, abs=1e-4) and found.modes == 8
    assert found.quality.coverage == pytest.approx(floor.quality.coverage, abs=0.06)
    assert found.sliced_wasserstein < 2.5 * max(f.sliced_wasserstein for f in judge.floor)
    assert len(judge.floor) == 3 and not found.copies.copies and judge.report(found) == []


def test_one_mode_of_eight_is_precise_and_a_collapse(judge):
    one = contestant(lambda n, c, rng: MADE.centres[0].float() + 0.1 * torch.randn(n, 2, generator=rng))
    found = judge.score(one)
    assert found.quality.precision > 0.9 and found.quality.recall < 0.3 and found.modes == 1
    assert "Collapse" in judge.report(found)[0]
    assert found.sliced_wasserstein > 5 * judge.floor[0].sliced_wasserstein and found.discrepancy > 0.05


def test_training_rows_given_back_are_copies(judge):
    def again(n, condition, rng):
        return judge.training.x[torch.randint(len(judge.real_rows), (n,), generator=rng)]

    found = judge.score(contestant(again))
    assert found.copies.copies and "Copies" in judge.report(found)[0]


def test_units_of_the_data_do_not_matter(judge):
    scale = torch.tensor([1000.0, 0.001])
    scaled = Judge(Vectors(judge.training.x * scale), Vectors(judge.test.x * scale))

    def wide(scale):
        return contestant(lambda n, c, rng: 1.3 * MADE.sample(n, rng) * scale)

    one, other = judge.score(wide(1)), scaled.score(wide(scale))
    assert other.sliced_wasserstein == pytest.approx(one.sliced_wasserstein, rel=1e-3)
    assert other.discrepancy == pytest.approx(one.discrepancy, rel=1e-3) and other.modes is None


def test_a_model_that_ignores_its_condition_is_found_out():
    """Its samples alone are perfect: only beside their conditions are they wrong."""
    c = torch.randn(900, 1, generator=seeded(0))
    data = Vectors(torch.cat([c, -c], 1) + 0.1 * torch.randn(900, 2, generator=seeded(1)), c)
    judge = Judge(data[torch.arange(600)], data[torch.arange(600, 900)])

    def follows(n, condition, rng):
        return torch.cat([condition, -condition], 1) + 0.1 * torch.randn(n, 2, generator=rng)

    def ignores(n, condition, rng):
        return follows(n, torch.randn(n, 1, generator=rng), rng)

    good, bad = judge.score(contestant(follows)), judge.score(contestant(ignores))
    assert good.quality.precision > 0.9 and bad.quality.precision < 0.3
    assert bad.sliced_wasserstein > 3 * good.sliced_wasserstein


def test_time_is_a_thousand_samples(judge, monkeypatch):
    clock = iter([0.0, 2.0])
    monkeypatch.setattr("genmodels_ros.evaluation.families.judge.time.process_time", lambda: next(clock))
    found = judge.score(contestant(lambda n, c, rng: MADE.sample(n, rng)))
    assert found.milliseconds == pytest.approx(2000 / 400 * 1000)
