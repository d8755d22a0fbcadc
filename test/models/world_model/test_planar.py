"""Rigid motions of the plane form a group, and twists integrate to arcs."""

import math

import torch

from genmodels_ros.models.world_model import planar

RNG = torch.Generator().manual_seed(0)


def poses(count=50):
    return torch.randn(count, 3, generator=RNG) * torch.tensor([3.0, 3.0, 2.0])


def close(a, b, tolerance=1e-4):
    assert torch.allclose(a[..., :2], b[..., :2], atol=tolerance)
    assert planar.wrap(a[..., 2] - b[..., 2]).abs().max() < tolerance


def test_relative_undoes_compose():
    a, b = poses(), poses()
    close(planar.relative(a, planar.compose(a, b)), b)
    close(planar.compose(a, planar.relative(a, b)), b)


def test_compose_is_associative():
    a, b, c = poses(), poses(), poses()
    close(planar.compose(planar.compose(a, b), c), planar.compose(a, planar.compose(b, c)))


def test_a_quarter_circle_ends_where_geometry_says():
    radius, seconds = 2.0, 1.5
    twist = torch.tensor([[radius * math.pi / 2 / seconds, math.pi / 2 / seconds]])
    close(planar.advance(torch.zeros(1, 3), twist, seconds), torch.tensor([[radius, radius, math.pi / 2]]))


def test_drive_is_advance_step_by_step():
    twists = torch.randn(4, 9, 2, generator=RNG)
    pose = torch.zeros(4, 3)
    expected = []
    for twist in twists.unbind(1):
        pose = planar.advance(pose, twist, 0.2)
        expected.append(pose)
    close(planar.drive(twists, 0.2), torch.stack(expected, 1))


def test_mean_twist_drives_the_motion():
    twist = torch.randn(30, 2, generator=RNG)
    motion = planar.advance(torch.zeros(30, 3), twist, 0.2)
    assert torch.allclose(planar.mean_twist(motion, 0.2), twist, atol=1e-4)
