"""Candidates as lines: one each, best first and greenest, old ones gone."""

import numpy as np
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from genmodels_ros.conversions.markers import rank_colour, to_markers


def test_a_line_a_candidate_after_clearing():
    paths = [np.arange(12.0).reshape(4, 3), np.ones((2, 3))]
    clear, best, other = to_markers(paths, Header(frame_id="base")).markers
    assert clear.action == Marker.DELETEALL
    assert best.type == other.type == Marker.LINE_STRIP and best.header.frame_id == "base"
    assert [(p.x, p.y, p.z) for p in best.points] == [tuple(row) for row in paths[0]]
    assert (best.id, other.id) == (0, 1) and best.scale.x > other.scale.x


def test_colours_fall_from_green_to_red():
    colours = [rank_colour(rank, 8) for rank in range(8)]
    balance = [colour.g - colour.r for colour in colours]
    assert balance == sorted(balance, reverse=True) and balance[0] > 0 > balance[-1]
    assert rank_colour(0, 1) == colours[0]


def test_no_candidates_clear_the_view():
    assert [marker.action for marker in to_markers([], Header()).markers] == [Marker.DELETEALL]
