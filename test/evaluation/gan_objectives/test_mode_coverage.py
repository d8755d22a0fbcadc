import numpy as np
import pytest
import torch

from genmodels_ros.evaluation.gan_objectives import gaussian_grid, mode_coverage, stacked_digits
from genmodels_ros.evaluation.gan_objectives.gaussian_grid import CENTRES, DEVIATION


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_true_samples_of_the_grid_score_as_the_definition_says():
    modes, high_quality, divergence = gaussian_grid.score(gaussian_grid.true_samples(20_000, rng()))
    assert modes == 25 and abs(high_quality - (1 - np.exp(-4.5))) < 0.004 and divergence < 0.002


def test_a_collapse_and_a_blur_are_told_apart():
    one_mode = CENTRES[:1] + DEVIATION * torch.randn(1000, 2, generator=rng())
    modes, high_quality, divergence = gaussian_grid.score(one_mode)
    assert modes == 1 and high_quality > 0.97 and abs(divergence - np.log(25)) < 1e-6
    modes, high_quality, _ = gaussian_grid.score(10 * torch.rand(100_000, 2, generator=rng()) - 5)
    assert modes == 25 and abs(high_quality - 25 * np.pi * (3 * DEVIATION) ** 2 / 100) < 0.005


def test_a_mode_of_a_few_samples_is_not_found():
    few = torch.cat([CENTRES[:1].expand(1000, 2), CENTRES[1:2].expand(19, 2)])
    assert gaussian_grid.score(few)[0] == 1


def test_a_game_is_the_same_for_the_same_seed():
    first, again, other = (gaussian_grid.play_on_grid("relativistic", seed, updates=6) for seed in (1, 1, 2))
    assert torch.equal(first.samples, again.samples) and not torch.equal(first.samples, other.samples)


def test_objectives_are_given_the_same_number_of_updates(monkeypatch):
    counts = {}

    def counting(self, number, reals, codes):
        counts[number] = self.objective.discriminator_steps + 1
        return {}

    monkeypatch.setattr("genmodels_ros.training.adversarial_game.AdversarialGame.round", counting)
    for name in ("relativistic", "wgan"):
        counts.clear()
        gaussian_grid.play_on_grid(name, 0, updates=60)
        assert sum(counts.values()) == 60


def test_a_short_game_spreads_over_the_grid():
    game = gaussian_grid.play_on_grid("relativistic", 0, updates=800)
    distance = torch.cdist(game.samples, CENTRES).min(dim=1).values
    nearest = torch.cdist(game.samples, CENTRES).argmin(dim=1)
    assert len(nearest.unique()) >= 12 and distance.median() < 0.5 and game.samples.abs().max() < 12


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    return stacked_digits.Digits()


def test_real_digits_show_all_modes(digits):
    modes, divergence, recognised = digits.score(digits.stacked(2600, 2, rng()), 2)
    assert modes == 100 and divergence < 0.05 and recognised == 1


def test_the_mode_is_the_number_the_digits_make(digits):
    chosen = torch.stack([torch.nonzero(digits.labels == label)[5, 0] for label in (7, 0, 4)])
    sample = digits.pixels[chosen].flatten()[None] + 0.05 * torch.randn(1, 192, generator=rng())
    assert digits.modes(sample, 3).tolist() == [704]


def test_noise_and_blank_pictures_show_no_digit(digits):
    assert (digits.modes(torch.rand(50, 128, generator=rng()), 2) == -1).all()
    assert (digits.modes(torch.zeros(1, 128), 2) == -1).all()


def test_a_collapsed_generator_shows_few_modes_and_diverges(digits):
    modes, divergence, _ = digits.score(digits.stacked(3, 2, rng()).repeat(800, 1), 2)
    assert modes <= 3 and divergence > np.log(100 / 3) - 0.1


def test_the_tables_hold_a_row_an_objective_and_what_true_samples_score(monkeypatch, digits):
    monkeypatch.setattr(gaussian_grid, "UPDATES", 60)
    monkeypatch.setattr(stacked_digits, "UPDATES", 60)
    grid = mode_coverage.grid_table(range(2), quick=True, names=("relativistic", "wgan"))
    stacked = mode_coverage.digits_table(range(1), quick=True, names=("minimax",))
    assert [row[0] for row in grid.rows] == ["relativistic", "wgan", "true samples"]
    assert grid.rows[-1][1] == "25" and stacked.rows[-1][1] == "100"


def test_the_picture_shows_samples_where_they_are():
    image = mode_coverage.picture({"one": torch.tensor([[0.0, 0.0]]), "other": torch.tensor([[4.0, 4.0]])})
    first, second = image[:, : image.shape[1] // 2], image[:, image.shape[1] // 2 :]
    assert image.dtype == np.uint8 and not np.array_equal(first, second[:, -first.shape[1] :])
