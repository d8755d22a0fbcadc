"""k-means++ finds clusters, and does not mind rows that coincide."""

import torch

from genmodels_ros.training.families.k_means import k_means, spread_centres


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_separate_clusters_are_told_apart():
    truth = torch.arange(4).repeat_interleave(30)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]], dtype=torch.float64)
    data = centres[truth] + 0.5 * torch.randn(120, 2, generator=seeded(), dtype=torch.float64)
    found = k_means(data, 4, seeded(1))
    assert len({(int(a), int(b)) for a, b in zip(truth, found, strict=True)}) == 4


def test_the_start_spreads_better_than_chance():
    """One far row of a thousand is nearly always among the centres."""
    data = torch.randn(1000, 2, generator=seeded(), dtype=torch.float64)
    data[17] = 1e4
    hits = sum(bool((spread_centres(data, 3, seeded(s)) == data[17]).all(1).any()) for s in range(20))
    assert hits == 20


def test_rows_that_coincide_are_no_trouble():
    found = k_means(torch.ones(9, 2, dtype=torch.float64), 3, seeded())
    assert found.shape == (9,) and (found >= 0).all() and (found < 3).all()
