import numpy as np
import pytest

from genmodels_ros.simulation.arm.furniture import FAMILIES, WEIGHTS
from genmodels_ros.simulation.arm.space import MAX_OBSTACLES


def test_families_have_weights():
    assert len(FAMILIES) == len(WEIGHTS) and sum(WEIGHTS) == pytest.approx(1)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.strip("_"))
def test_a_piece_is_of_few_solids_with_sizes_above_zero(family):
    rng = np.random.default_rng(0)
    for _ in range(20):
        solids = family(rng)
        assert 1 <= len(solids) <= MAX_OBSTACLES
        for solid in solids:
            sizes = [getattr(solid, name) for name in ("dims", "radius", "height") if hasattr(solid, name)]
            assert all((np.asarray(size) > 0).all() for size in sizes)
