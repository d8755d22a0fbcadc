import numpy as np
import pytest

from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.floor.picture import draw_drive, draw_floor, risk_color


@pytest.fixture(scope="module")
def floor():
    return describe_world("floor")


def changed(first, second, by: int = 20) -> np.ndarray:
    return np.abs(first.astype(int) - second).max(axis=2) > by


def test_driven_path_lies_where_it_was_driven(floor):
    x = np.linspace(2.0, 8.0, 50)
    path = np.stack([x, np.full_like(x, 4.1), np.zeros_like(x)], axis=1)
    driven, short = (draw_drive(floor, p, size=(640, 360)) for p in (path, path[24:26]))
    rows, columns = np.nonzero(changed(driven, short))
    x0, y0, x1, y1 = floor.floor.bounds
    scale = min((640 - 354) / (x1 - x0), (360 - 48) / (y1 - y0))
    assert np.ptp(columns) == pytest.approx((6.0 + 2 * 0.2) * scale, abs=5)
    assert np.median(rows) == pytest.approx(180 + ((y0 + y1) / 2 - 4.1) * scale, abs=4)


def test_rollouts_are_drawn_in_the_colour_of_their_risk(floor):
    ahead = np.stack([np.linspace(0.1, 1.5, 12), np.zeros(12)], axis=1)
    rollouts = np.stack([ahead, ahead + np.array([0, 0.6])])

    def draw(risk):
        return draw_drive(floor, [(1, 4, 0), (2, 4, 0)], imagined=[((7.4, 2.0, 0.0), rollouts, [0.0, risk], 0)])

    safe, risky = draw(0.0), draw(1.0)
    other = changed(safe, risky)
    assert other.sum() > 50
    redder = risky.astype(int)[other] - safe[other]
    assert redder[:, 0].mean() > 20 > redder[:, 1].mean()


def test_risk_colours_run_from_green_to_red():
    low, high = risk_color(0.0), risk_color(1.0)
    assert low[1] > low[0] and high[0] > high[1] and risk_color(7.0) == high


def test_the_base_is_seen_from_the_corner_where_it_stands(floor):
    without, with_base = draw_floor(floor, size=(640, 360)), draw_floor(floor, (2.5, 2.6, 0.0), size=(640, 360))
    rows, columns = np.nonzero(changed(without, with_base))
    assert 20 < len(rows) < 2000
    assert np.ptp(rows) < 60 and np.ptp(columns) < 60
