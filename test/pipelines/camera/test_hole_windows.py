import numpy as np

from genmodels_ros.pipelines.camera.hole_windows import LEAST_CONTEXT, NEAR, hole_windows


def test_the_holes_of_all_windows_are_the_mask():
    mask = np.random.default_rng(0).random((90, 120)) < 0.001
    mask[10:40, 100:] = True
    union = np.zeros_like(mask)
    for window in hole_windows(mask):
        assert not (union[window.area] & window.hole).any()
        union[window.area] |= window.hole
    assert np.array_equal(union, mask)


def test_a_window_shows_what_surrounds_its_hole():
    mask = np.zeros((300, 400), bool)
    mask[100:110, 200:300] = True
    (window,) = hole_windows(mask)
    assert window.area == (slice(50, 160), slice(150, 350))
    mask[:] = False
    mask[0, 0] = True  # in a corner
    (window,) = hole_windows(mask)
    assert window.area == (slice(0, 1 + LEAST_CONTEXT),) * 2


def test_holes_far_apart_get_windows_of_their_own_and_near_ones_share_one():
    mask = np.zeros((100, 300), bool)
    mask[50, [50, 50 + NEAR - 1, 250]] = True
    assert [int(window.hole.sum()) for window in hole_windows(mask)] == [2, 1]
