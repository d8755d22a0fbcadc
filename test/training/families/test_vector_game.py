"""The game of vectors: it resumes, keeps the best generator, and its distance is one."""

import pytest
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.gan.vectors import OBJECTIVES
from genmodels_ros.training import fitting
from genmodels_ros.training.families import vector_game
from genmodels_ros.training.families.vector_game import energy_distance
from genmodels_ros.training.fitting import FitOptions, fit

SMALL = {"width": 16, "layers": 1, "waves": 8}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ring(rows: int = 1000, seed: int = 0) -> Vectors:
    return Vectors(toy("eight_gaussians").sample(rows, seeded(seed)), None, (2,))


def test_the_energy_distance_of_shifted_gaussians_is_its_closed_form_and_of_equal_ones_nothing():
    """For N(0, 1) and N(s, 1): with Z ~ N(m, 2), E|Z| = 2/sqrt(pi) exp(-m²/4) + m erf(m/2)."""
    x, y, s = torch.randn(3000, 1, generator=seeded()), torch.randn(3000, 1, generator=seeded(1)), torch.tensor(1.5)
    assert abs(energy_distance(x, y)) < 0.01
    mean = lambda m: 2 / torch.pi**0.5 * (-(m**2) / 4).exp() + m * torch.erf(m / 2)  # noqa: E731
    assert energy_distance(x, y + s) == pytest.approx(float(2 * mean(s) - 2 * mean(0 * s)), rel=0.05)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_can_be_played(objective):
    options = FitOptions(steps=6, looks=2, batch_size=32, device="cpu")
    history = fit("gan", ring(200), {**SMALL, "objective": objective}, options).history
    assert history.steps == [3, 6] and all(loss > 0 for loss in history.losses)


def test_the_generator_of_the_best_look_is_kept(monkeypatch):
    distances = iter([0.5, 0.1, 0.3])
    kept = []

    def told(made, real):
        kept.append(made)
        return next(distances)

    monkeypatch.setattr(vector_game, "energy_distance", told)
    options = FitOptions(steps=30, looks=3, batch_size=32, device="cpu")
    fitted = fit("gan", ring(200), SMALL, options)
    assert fitted.history.best_step == 20
    made = fitted.model.core.sample(len(kept[1]), rng=seeded(0))
    torch.testing.assert_close(made, kept[1])


def test_resuming_equals_playing_on(tmp_path, monkeypatch):
    options = {"steps": 12, "batch_size": 32, "looks": 4, "device": "cpu"}
    whole, part = tmp_path / "whole", tmp_path / "part"
    fit("gan", ring(200), SMALL, FitOptions(out=whole, **options))
    saved = fitting.TrainingState.save

    class Enough(Exception):
        pass

    def save_and_stop(state, step):
        saved(state, step)
        if step == 6:
            raise Enough

    with monkeypatch.context() as patch:
        patch.setattr(fitting.TrainingState, "save", save_and_stop)
        with pytest.raises(Enough):
            fit("gan", ring(200), SMALL, FitOptions(out=part, **options))
    fit("gan", ring(200), SMALL, FitOptions(out=part, resume=True, **options))
    one, two = (load_checkpoint(folder, "family")[0].state_dict() for folder in (whole, part))
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=0, rtol=0, msg=name)


def test_a_collapse_is_said_with_a_remedy(monkeypatch):
    """A generator that cannot leave one point."""
    monkeypatch.setattr("genmodels_ros.models.gan.vectors.EXTENT", 0.0)
    options = FitOptions(steps=40, looks=2, batch_size=32, device="cpu")
    warnings = fit("gan", ring(1000), SMALL, options).history.warnings
    assert any("collapse" in sentence and "gamma" in sentence for sentence in warnings)
