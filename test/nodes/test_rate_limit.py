"""At most so many frames a second."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genmodels_ros.nodes.rate_limit import RateLimit


@pytest.mark.parametrize(("camera", "most"), [(30.0, 20.0), (30.0, 7.0), (100.0, 30.0), (25.0, 25.1)])
def test_a_regular_camera_is_brought_to_the_rate_itself_and_not_to_a_fraction_of_its_own(camera, most):
    limit = RateLimit()
    passed = sum(limit.passes(moment, most) for moment in np.arange(0, 20, 1 / camera))
    assert passed / 20 == pytest.approx(min(camera, most), rel=0.02)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=80), st.floats(0.5, 50))
def test_never_more_than_the_rate_whenever_frames_come(gaps, most):
    limit, passed = RateLimit(), []
    for moment in np.cumsum(gaps):
        if limit.passes(float(moment), most):
            passed.append(moment)
    assert len(passed) <= 2 + most * (passed[-1] - passed[0]) + 1e-6
    assert all(np.diff(passed) >= 0.5 / most - 1e-9)
    assert limit.skipped == len(gaps) - len(passed)


def test_zero_is_no_limit():
    limit = RateLimit()
    assert all(limit.passes(0.0, 0.0) for _ in range(5)) and not limit.skipped
