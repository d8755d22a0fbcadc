"""Padding and scale as metres, for links and for what they carry."""

import pytest

from genmodels_ros.robots.collision.padding import link_padding
from genmodels_ros.robots.obstacles import Attached, LinkMargin, Scene, Sphere

CUP = Attached("cup", "hand", (Sphere((0, 0, 0), 0.1),))


def test_no_margins_no_padding():
    assert link_padding(Scene(attached=(CUP,)), ("hand", "cup"), (0.1, 0.1)) == {}


def test_a_scale_counts_as_the_growth_of_the_ball_around_the_link():
    margins = (LinkMargin("hand", 0.02, 1.1), LinkMargin("elbow", 0.0, 1.5))
    found = link_padding(Scene(margins=margins), ("hand", "elbow", "arm"), (0.3, 0.1, 0.2))
    assert found == pytest.approx({"hand": 0.02 + 0.03, "elbow": 0.05})


def test_what_a_link_carries_keeps_its_margin():
    found = link_padding(Scene(attached=(CUP,), margins=(LinkMargin("hand", 0.02, 1.1),)), ("hand", "cup"), (0.1, 0.2))
    assert found == pytest.approx({"hand": 0.03, "cup": 0.04})


def test_of_two_margins_the_larger_counts():
    scene = Scene(margins=(LinkMargin("hand", 0.02),)) + Scene(margins=(LinkMargin("hand", 0.05),))
    assert link_padding(scene, ("hand",), (0.1,)) == {"hand": 0.05}
