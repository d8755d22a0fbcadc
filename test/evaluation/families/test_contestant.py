"""Every family becomes a contestant within its budget."""

import pytest
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families import contestant
from genmodels_ros.evaluation.families.contestant import Budget, of_family
from genmodels_ros.models.registry import FAMILIES
from genmodels_ros.training.fitting import History

SMALL = Budget(steps=4, batch_size=16, device="cpu")


def rows(count: int = 80, condition: bool = False) -> Vectors:
    rng = torch.Generator().manual_seed(0)
    return Vectors(torch.randn(count, 2, generator=rng), torch.randn(count, 1, generator=rng) if condition else None)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_samples_and_says_what_it_took(family):
    fitted = of_family(family, rows(condition=True), SMALL, seed=0)
    x = fitted.sample(3, torch.zeros(3, 1), torch.Generator().manual_seed(0))
    assert x.shape == (3, 2) and fitted.parameters > 0 and fitted.seconds > 0
    assert (fitted.log_prob is None) == (fitted.likelihood == "none")


def test_all_steps_are_made_though_nothing_improves(monkeypatch):
    """Early stop would give one family less than another; patience is as long as the run."""
    seen = []

    def watched(family, data, settings=None, options=None, **more):
        seen.append(options)
        return fit(family, data, settings, options, **more)

    fit = contestant.fit
    monkeypatch.setattr(contestant, "fit", watched)
    noise = Vectors(torch.randn(40, 8, generator=torch.Generator().manual_seed(0)))
    fitted = of_family("vae", noise, Budget(steps=200, batch_size=16, learning_rate=1e-2, device="cpu"), seed=0)
    assert fitted.steps == 200 and len(seen) == 1


@pytest.mark.parametrize(("a_step", "expected"), [(0.001, 500), (0.1, 100), (10.0, contestant.TRIAL_STEPS)])
def test_seconds_bound_the_steps_by_what_a_trial_took(monkeypatch, a_step, expected):
    def trial(family, data, settings=None, options=None):
        made.append(options.steps)
        if len(made) == 3:
            raise Enough
        return type("Fitted", (), {"history": History(seconds=a_step * options.steps)})

    class Enough(Exception):
        pass

    made = []
    monkeypatch.setattr(contestant, "fit", trial)
    with pytest.raises(Enough):
        of_family("vae", rows(), Budget(steps=500, seconds=10.0), seed=0)
    assert made == [contestant.TRIAL_STEPS, contestant.TRIAL_STEPS, expected]


def test_a_model_without_gradients_has_a_size_too():
    fitted = of_family("mixture", rows(), SMALL, seed=0)
    assert fitted.parameters >= 1 + 2 + 4
