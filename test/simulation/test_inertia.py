import numpy as np
import pytest

from genmodels_ros.simulation.inertia import solid_moments
from genmodels_ros.simulation.solids import Solid


@pytest.mark.parametrize("shape", ["box", "cylinder", "sphere"])
def test_moments_are_those_of_many_points(shape):
    dims = (0.4, 0.4, 0.6)
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (400_000, 3))
    across, whole = np.linalg.norm(points[:, :2], axis=1), np.linalg.norm(points, axis=1)
    inside = {"box": across < 1, "cylinder": across < 0.5, "sphere": whole < 0.5}[shape]
    squares = (points[inside] * dims) ** 2
    expected = 2.0 * (squares.sum(axis=1)[:, None] - squares).mean(axis=0)
    assert solid_moments(2.0, Solid(shape, (0, 0, 0), dims)) == pytest.approx(expected, rel=0.01)
