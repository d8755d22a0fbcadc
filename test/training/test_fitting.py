"""Fitting any family: it learns, resumes to the same weights, stops when nothing improves, says why it fails."""

import pytest
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.registry import FAMILIES
from genmodels_ros.training.fitting import FitOptions, fit


def correlated(rows: int = 800, seed: int = 0) -> Vectors:
    """Two columns of other sizes that nearly agree, and a condition that shifts both."""
    rng = torch.Generator().manual_seed(seed)
    c = torch.randn(rows, 1, generator=rng)
    u = torch.randn(rows, 1, generator=rng)
    noise = 0.3 * torch.randn(rows, 2, generator=rng)
    return Vectors(torch.cat([100 + 10 * (u + 2 * c), -(u + 2 * c)], 1) + noise * torch.tensor([10.0, 1.0]), c, (2,))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_mean_spread_and_correlation(family):
    data = Vectors(correlated().x, None, (2,))
    fitted = fit(family, data, options=FitOptions(steps=800, batch_size=128, learning_rate=3e-3, device="cpu"))
    made = fitted.model.sample(2000, rng=torch.Generator().manual_seed(0))
    torch.testing.assert_close(made.mean(0), data.x.mean(0), atol=3.0, rtol=0.25)
    torch.testing.assert_close(made.std(0), data.x.std(0), atol=0.3, rtol=0.25)
    assert torch.corrcoef(made.T)[0, 1] < -0.8


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_follows_a_condition(family):
    options = FitOptions(steps=800, batch_size=128, learning_rate=3e-3, device="cpu")
    model = fit(family, correlated(), options=options).model
    low, high = (
        model.sample(400, torch.tensor([c]), rng=torch.Generator().manual_seed(0)).mean(0) for c in (-1.0, 1.0)
    )
    assert high[0] - low[0] > 20 and high[1] - low[1] < -2  # the truth: 40 and -4


def test_resuming_equals_running_on(tmp_path):
    """Stopped in the middle of a schedule and resumed: the weights agree to the bit with those of one run."""
    whole, part = tmp_path / "whole", tmp_path / "part"
    options = {"steps": 20, "batch_size": 64, "looks": 4, "device": "cpu"}
    fit("vae", correlated(), options=FitOptions(out=whole, **options))

    class Enough(Exception):
        pass

    from genmodels_ros.training import fitting

    saved = fitting.TrainingState.save

    def save_and_stop(state, step):
        saved(state, step)
        if step == 10:
            raise Enough

    fitting.TrainingState.save = save_and_stop
    try:
        with pytest.raises(Enough):
            fit("vae", correlated(), options=FitOptions(out=part, **options))
    finally:
        fitting.TrainingState.save = saved
    fit("vae", correlated(), options=FitOptions(out=part, resume=True, **options))
    one, two = (load_checkpoint(folder, "family")[0].state_dict() for folder in (whole, part))
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=0, rtol=0, msg=name)


def test_it_stops_when_the_held_out_rows_gain_nothing_more():
    """Pure noise in many columns is learnt by heart: the held-out loss rises soon."""
    noise = Vectors(torch.randn(40, 16, generator=torch.Generator().manual_seed(0)), None, (16,))
    options = FitOptions(steps=2000, looks=100, patience=5, learning_rate=5e-3, device="cpu")
    history = fit("vae", noise, options=options).history
    assert history.steps[-1] < 2000 and history.best_step < history.steps[-1]
    assert len(history.steps) - 1 - history.steps.index(history.best_step) == 5


def test_the_card_tells_how_to_fit_it_again(tmp_path):
    card = fit("vae", correlated(), {"latent": 3}, FitOptions(steps=5, out=tmp_path, device="cpu")).card
    assert "--family vae" in card.command and "--set latent=3" in card.command
    assert card.config["data_shape"] == [2] and card.data["rows"] == 800


def test_a_run_that_diverges_says_what_to_do():
    with pytest.raises(GenModelsError) as error:
        fit("vae", correlated(), options=FitOptions(steps=200, learning_rate=1e30, device="cpu"))
    assert error.value.code is ErrorCode.NOT_FINITE and "learning-rate" in error.value.message


def test_what_a_model_finds_wrong_with_itself_is_in_the_history():
    """A latent that costs too much is not used."""
    options = FitOptions(steps=60, batch_size=64, looks=2, device="cpu")
    (warning,) = fit("vae", correlated(), {"beta": 50.0}, options).history.warnings
    assert "collapse" in warning and "beta" in warning
