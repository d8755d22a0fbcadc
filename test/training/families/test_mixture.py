"""Fitting a mixture as a family: BIC counts the clusters, seeds reproduce, a resumed run goes on."""

from itertools import pairwise

import pytest
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training.fitting import FitOptions, fit


def clusters(count: int = 3, rows: int = 300, seed: int = 0) -> Vectors:
    """Well separated, in units of their own."""
    rng = torch.Generator().manual_seed(seed)
    centres = torch.stack([torch.arange(count) * 80.0, (torch.arange(count) % 2) * 0.5], 1)
    noise = torch.randn(rows, 2, generator=rng) * torch.tensor([8.0, 0.05])
    return Vectors(centres[torch.randint(count, (rows,), generator=rng)] + noise, None, (2,))


@pytest.mark.parametrize("covariance", ["full", "diag", "tied"])
def test_bic_finds_three_separate_components(covariance):
    fitted = fit("mixture", clusters(), {"covariance": covariance}, FitOptions(device="cpu"))
    assert fitted.model.core.config.components == 3 == min(fitted.history.bic, key=fitted.history.bic.get)
    weights = fitted.model.core.log_weights.exp()
    torch.testing.assert_close(weights, torch.full((3,), 1 / 3), atol=0.08, rtol=0)


def test_bic_finds_one_in_a_single_cloud():
    assert fit("mixture", clusters(1), options=FitOptions(device="cpu")).model.core.config.components == 1


def test_the_history_never_falls_and_the_held_out_rows_are_judged_once():
    history = fit("mixture", clusters(4), {"components": 4}, FitOptions(device="cpu")).history
    levels = history.log_likelihoods
    assert all(b >= a for a, b in pairwise(levels))
    assert history.steps == [len(levels) - 1] and len(history.losses) == 1


def test_a_seed_reproduces_the_fit():
    one, same = (fit("mixture", clusters(5), options=FitOptions(seed=3, device="cpu")).model for _ in range(2))
    for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, atol=0, rtol=0)


def test_a_run_that_was_cut_short_says_so_and_goes_on(tmp_path):
    settings = {"components": 6}
    cut = fit("mixture", clusters(4), settings, FitOptions(steps=2, out=tmp_path, device="cpu"))
    assert "--steps" in cut.history.warnings[0]
    again = fit("mixture", clusters(4), settings, FitOptions(steps=50, out=tmp_path, resume=True, device="cpu"))
    assert again.history.log_likelihoods[0] == pytest.approx(cut.history.log_likelihoods[-1], abs=1e-5)
    saved, card = load_checkpoint(tmp_path, "family")
    assert card.config["components"] == 6 and saved.core.means.shape == (6, 2)


def test_a_resume_that_does_not_fit_is_refused(tmp_path):
    fit("mixture", clusters(), {"covariance": "diag"}, FitOptions(out=tmp_path, device="cpu"))
    with pytest.raises(GenModelsError) as error:
        fit("mixture", clusters(), {"covariance": "full"}, FitOptions(out=tmp_path, resume=True, device="cpu"))
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE


def test_a_constant_column_and_a_row_apart_are_learnt():
    data = clusters(1, 60).x
    data[:, 1], data[0, 0] = 7.0, 1e6
    fitted = fit("mixture", Vectors(data, None, (2,)), options=FitOptions(device="cpu"))
    made = fitted.model.sample(200, rng=torch.Generator().manual_seed(0))
    assert made.isfinite().all() and (made[:, 1] - 7.0).abs().max() < 0.01


def test_fewer_rows_than_components_are_refused():
    with pytest.raises(GenModelsError) as error:
        fit("mixture", clusters(1, 8), {"components": 20}, FitOptions(device="cpu"))
    assert error.value.code is ErrorCode.INVALID_DATA
