"""Where frames lie in one another."""

import numpy as np
import pytest

from genmodels_ros.pipelines.mobile.frame_tree import FrameTree
from genmodels_ros.pipelines.mobile.routes import to_odom

MAP_TO_ODOM, ODOM_TO_BASE, MAP_TO_DOCK = np.random.default_rng(0).uniform(-3, 3, (3, 3))


@pytest.fixture
def tree():
    tree = FrameTree()
    tree.put("odom", "map", MAP_TO_ODOM)
    tree.put("base_link", "odom", ODOM_TO_BASE)
    tree.put("dock", "map", MAP_TO_DOCK)
    return tree


def test_poses_add_up_along_a_branch(tree):
    assert np.allclose(tree.pose("base_link", "map"), to_odom(MAP_TO_ODOM, ODOM_TO_BASE))
    assert np.allclose(tree.pose("base_link", "base_link"), 0)


@pytest.mark.parametrize("pair", [("map", "base_link"), ("dock", "base_link"), ("odom", "dock")])
def test_there_and_back_is_nowhere(tree, pair):
    one, other = pair
    assert np.allclose(to_odom(tree.pose(one, other), tree.pose(other, one)), 0, atol=1e-12)


def test_frames_meet_where_their_branches_do(tree):
    assert np.allclose(
        to_odom(tree.pose("dock", "base_link"), tree.pose("odom", "dock")), tree.pose("odom", "base_link")
    )


def test_the_newest_counts(tree):
    tree.put("odom", "map", np.array([1.0, 0.0, 0.0]))
    assert np.allclose(tree.pose("odom", "map"), [1.0, 0.0, 0.0])


def test_what_is_not_connected_has_no_pose(tree):
    assert tree.pose("base_link", "moon") is None and tree.pose("moon", "map") is None


def test_a_ring_of_frames_ends(tree):
    tree.put("map", "base_link", np.zeros(3))
    assert tree.pose("base_link", "moon") is None and tree.pose("base_link", "map") is not None
