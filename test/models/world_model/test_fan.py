"""Fans: the warp is exact for surfaces that were seen, and any lidar becomes a fan."""

import math

import pytest
import torch

from genmodels_ros.models.world_model.fan import (
    FAR,
    RANGE_LIMIT,
    Beams,
    Fan,
    circle,
    complete,
    directions,
    fill,
    in_front,
    resample,
    symexp,
    symlog,
    warp,
    without,
)

WALLS = (-3.0, -2.0, 4.0, 2.5)  # x_min, y_min, x_max, y_max of an empty room


def room(pose, beams):
    """Ranges in an empty room, by intersecting each beam with each wall."""
    angles = beams.angles() + pose[2]
    cos, sin = angles.cos(), angles.sin()
    ranges = torch.full((beams.count,), math.inf)
    for distance, along in zip(
        (WALLS[2] - pose[0], WALLS[0] - pose[0], WALLS[3] - pose[1], WALLS[1] - pose[1]),
        (cos, cos, sin, sin),
        strict=True,
    ):
        hit = distance / along
        ranges = torch.where(hit > 0, torch.minimum(ranges, hit), ranges)
    return ranges


def seen(ranges):
    return Fan(ranges[None], torch.ones(1, len(ranges), dtype=torch.bool), torch.ones(1, len(ranges), dtype=torch.bool))


@pytest.mark.parametrize("beams", [circle(180), circle(360), Beams(181, -math.pi / 2, math.pi / 180)])
@pytest.mark.parametrize("pose", [(0, 0, 0), (0.3, 0, 0), (0, 0, 0.5), (0.5, 0.2, -0.4), (1.5, 0.5, 2.0)])
def test_the_warp_of_a_room_is_the_room_from_there(beams, pose):
    pose = torch.tensor(pose, dtype=torch.float32)
    moved = warp(seen(room(torch.zeros(3), beams)), beams, pose[None])
    error = (moved.ranges[0] - room(pose, beams)).abs()[moved.known[0]]
    assert error.max() < 0.06 and error.median() < 1e-3  # only corners between two beams are cut
    if beams.closed:
        assert moved.known.all()


def test_what_leaves_the_field_of_view_is_unknown():
    beams = Beams(181, -math.pi / 2, math.pi / 180)
    moved = warp(seen(room(torch.zeros(3), beams)), beams, torch.tensor([[0.0, 0.0, 0.5]]))
    unknown = beams.angles()[~moved.known[0]]
    assert unknown.min() > math.pi / 2 - 0.55 and len(unknown) == pytest.approx(0.5 / beams.increment, abs=2)


def test_displacement_moves_what_was_hit():
    beams = circle(360)
    ranges = torch.full((360,), RANGE_LIMIT)
    ahead = beams.angles().abs() < 0.08
    ranges[ahead] = 2.0
    fan = Fan(ranges[None], ahead[None], torch.ones(1, 360, dtype=torch.bool))
    displacement = torch.zeros(1, 360, 2)
    displacement[:, ahead] = torch.tensor([0.0, 1.0])
    moved = warp(fan, beams, torch.zeros(1, 3), displacement)
    bearing = beams.angles()[moved.hit[0]].mean()
    assert bearing == pytest.approx(math.atan2(1, 2), abs=0.02)
    assert moved.ranges[0][moved.hit[0]].mean() == pytest.approx(math.hypot(1, 2), abs=0.02)


def test_near_things_hide_far_ones():
    beams = circle(360)
    ranges = room(torch.zeros(3), beams)
    ranges[beams.angles().abs() < 0.2] = 1.0
    moved = warp(seen(ranges), beams, torch.tensor([[0.5, 0.0, 0.0]]))
    assert moved.ranges[0][beams.angles().abs() < 0.2].max() < 0.6


def test_misses_turn_but_do_not_come_nearer():
    beams = circle(180)
    nothing = Fan(
        torch.full((1, 180), RANGE_LIMIT), torch.zeros(1, 180, dtype=torch.bool), torch.ones(1, 180, dtype=torch.bool)
    )
    moved = warp(nothing, beams, torch.tensor([[3.0, 1.0, 0.7]]))
    assert moved.known.all() and not moved.hit.any() and (moved.ranges == RANGE_LIMIT).all()


def test_fill_takes_the_farther_neighbour_around_the_circle():
    known = torch.tensor([[False, True, False, False, True, False]])
    ranges = torch.tensor([[9.0, 1.0, 9.0, 9.0, 3.0, 9.0]])
    assert fill(ranges, known).tolist() == [[3.0, 1.0, 3.0, 3.0, 3.0, 3.0]]
    assert (fill(ranges, torch.zeros_like(known)) == RANGE_LIMIT).all()


def test_complete_asks_the_first_that_knows():
    flags = lambda *values: torch.tensor([values], dtype=torch.bool)  # noqa: E731
    fan = Fan(torch.tensor([[1.0, 9.0, 9.0]]), flags(1, 0, 0), flags(1, 0, 0))
    first = Fan(torch.tensor([[5.0, 2.0, 9.0]]), flags(1, 1, 0), flags(1, 1, 0))
    second = Fan(torch.tensor([[6.0, 6.0, 3.0]]), flags(1, 1, 1), flags(1, 1, 1))
    result = complete(fan, [first, second])
    assert result.ranges.tolist() == [[1, 2, 3]] and result.known.all()


def test_symexp_undoes_symlog():
    x = torch.linspace(-12, 12, 101)
    assert torch.allclose(symexp(symlog(x)), x, atol=1e-4)


@pytest.mark.parametrize(("count", "span"), [(180, math.pi), (360, 2 * math.pi), (361, math.pi), (1081, 1.5 * math.pi)])
def test_any_lidar_sees_the_same_room(count, span):
    beams = circle(180)
    closed = span > 6
    lidar = Beams(count, -span / 2, span / count if closed else span / (count - 1))
    fan, nearest, source = resample(room(torch.zeros(3), lidar)[None], lidar.angles(), 0.1, 30.0, beams)
    inside = beams.angles().abs() < span / 2 - 0.05
    assert fan.known[0][inside].all()
    if not closed:
        assert not fan.known[0][beams.angles().abs() > span / 2 + 0.05].any()
    error = (fan.ranges[0] - room(torch.zeros(3), beams)).abs()[inside]
    assert error.max() < 0.15 and error.median() < 0.02
    assert (nearest[0][inside] <= fan.ranges[0][inside] + 1e-5).all()
    assert torch.equal(room(torch.zeros(3), lidar)[source[0][inside]], fan.ranges[0][inside])


def test_hostile_ranges_are_unknown_or_misses():
    beams = circle(8)
    ranges = torch.tensor([[1.0, math.nan, math.inf, -math.inf, 0.0, 0.05, 30.0, -2.0]])
    fan, nearest, _ = resample(ranges, beams.angles(), 0.1, 10.0, beams)
    assert fan.known[0].tolist() == [True, False, True, False, False, False, True, False]
    assert fan.hit[0].tolist() == [True] + [False] * 7
    assert (fan.ranges[0][1:] == RANGE_LIMIT).all() and torch.isfinite(fan.ranges).all()
    assert nearest[0, 0] == 1 and (nearest[0, 1:] == FAR).all()


def test_directions_start_behind():
    assert torch.allclose(
        directions(circle(4), torch.zeros(1)), torch.tensor([[-1.0, 0], [0, -1], [1, 0], [0, 1]]), atol=1e-6
    )


def test_layers_seen_together_show_the_nearer_one():
    yes, no = torch.tensor([[True] * 4]), torch.tensor([[False] * 4])
    behind = Fan(torch.tensor([[3.0, 3.0, 3.0, 12.0]]), torch.tensor([[True, True, True, False]]), yes)
    near = Fan(torch.tensor([[2.0, 4.0, 2.0, 2.0]]), yes, torch.tensor([[True, True, False, True]]))
    both = in_front(near, behind)
    assert both.ranges.tolist() == [[2.0, 3.0, 3.0, 2.0]] and both.hit.all() and both.known.all()
    assert torch.equal(in_front(without(near, yes), behind).ranges, behind.ranges)
    assert not without(behind, yes).known.any() and torch.equal(without(behind, no).hit, behind.hit)
