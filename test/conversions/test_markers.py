"""Lines and solids in RViz: one each, the best candidate first and greenest, old ones gone."""

import numpy as np
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from genmodels_ros.conversions.markers import rank_colour, to_markers, to_obstacle_markers, to_sample_markers
from genmodels_ros.conversions.poses import to_pose
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere


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


def test_samples_are_thin_lines_without_rank():
    clear, *lines = to_sample_markers(np.random.default_rng(0).normal(size=(3, 5, 3)), Header()).markers
    assert clear.action == Marker.DELETEALL and [len(line.points) for line in lines] == [5, 5, 5]
    assert {(line.ns, line.color.g) for line in lines} == {("denoising", lines[0].color.g)}


def test_obstacles_are_solids_of_their_sizes_told_from_perceived_ones():
    turned = (0.0, 0.0, 2**-0.5, 2**-0.5)
    described = Scene((Box((1, 2, 3), (0.1, 0.2, 0.3), turned), Sphere((0, 0, 1), 0.5), Cylinder((0, 0, 0), 0.25, 2.0)))
    clear, *solids = to_obstacle_markers(described, Scene((Box((4, 5, 6), (1, 1, 1)),)), Header()).markers
    assert clear.action == Marker.DELETEALL and clear.ns == "", "of every namespace"
    assert [solid.type for solid in solids] == [Marker.CUBE, Marker.SPHERE, Marker.CYLINDER, Marker.CUBE]
    assert [(s.scale.x, s.scale.y, s.scale.z) for s in solids[:3]] == [(0.1, 0.2, 0.3), (1, 1, 1), (0.5, 0.5, 2.0)]
    assert solids[0].pose == to_pose((1, 2, 3), turned) and solids[1].pose.orientation.w == 1.0
    assert [solid.ns for solid in solids] == ["described"] * 3 + ["perceived"]
    assert len({(solid.ns, solid.id) for solid in solids}) == 4
