"""Other libraries' models are asked the same questions as ours."""

import pytest
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.families import outsiders
from genmodels_ros.evaluation.families.contestant import Budget
from genmodels_ros.evaluation.families.outsiders import OUTSIDERS

ROWS = Vectors(toy("two_moons").sample(400, torch.Generator().manual_seed(0)) * 3 + 5, None, (2,))


@pytest.fixture(scope="module", params=OUTSIDERS)
def fitted(request):
    pytest.importorskip(request.param.split()[0])
    return OUTSIDERS[request.param](ROWS, Budget(steps=30, batch_size=64), 0)


def test_densities_are_in_the_units_of_the_data(fitted):
    axis = (torch.arange(160) + 0.5) * 0.15 - 7
    points = torch.cartesian_prod(axis, axis)
    assert float(fitted.log_prob(points, None).detach().exp().sum() * 0.15**2) == pytest.approx(1, abs=0.02)


def test_samples_are_the_seeds_and_leave_the_global_generator_alone(fitted):
    def draw(seed):
        return fitted.sample(50, None, torch.Generator().manual_seed(seed))

    before = torch.random.get_rng_state()
    one, same, other = draw(1), draw(1), draw(2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert one.shape == (50, 2) and one.dtype == torch.float32
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.mean() == pytest.approx(float(ROWS.x.mean()), abs=1.5)


def test_a_missing_library_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(outsiders, "import_module", missing)
    with pytest.raises(GenModelsError, match=r"pip install zuko==1\.6\.0"):
        outsiders.zuko_spline_flow(ROWS, Budget(), 0)


def test_every_row_is_seen_once_an_epoch():
    index = list(outsiders._epochs(10, Budget(steps=5, batch_size=4), torch.Generator().manual_seed(0)))
    assert len(index) == 5 and torch.cat(index[:3]).sort().values.tolist() == list(range(10))
