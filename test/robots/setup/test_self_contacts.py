"""Which part of a joint's range is left where the arm stands in its own way; whole arms: test_arm_settings.py."""

import numpy as np
import pytest

from genmodels_ros.robots.setup.self_contacts import BINS, free_range

Q = np.linspace(-2.0, 2.0, 4000)
BIN = 4.0 / BINS


def test_what_blocks_nothing_cuts_nothing():
    assert free_range(Q, np.zeros(len(Q), dtype=bool), -2.0, 2.0) == (-2.0, 2.0)


def test_the_longer_part_beside_a_blocked_position_is_kept():
    lower, upper = free_range(Q, (Q > 0.5) & (Q < 1.0), -2.0, 2.0)
    assert lower == -2.0 and upper == pytest.approx(0.5, abs=BIN)
    lower, upper = free_range(Q, (Q > -1.5) & (Q < -1.0), -2.0, 2.0)
    assert lower == pytest.approx(-1.0, abs=BIN) and upper == 2.0


def test_contacts_of_other_joints_doing_block_no_way():
    half = np.arange(len(Q)) % 2 == 0
    assert free_range(Q, half, -2.0, 2.0) == (-2.0, 2.0)
