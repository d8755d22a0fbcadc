"""Arrays hold whole scenes, and what networks are told does not depend on how a solid is written down."""

import numpy as np
import pytest

from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.scene_arrays import (
    TOKEN_SIZE,
    obstacle_tokens,
    rotation_matrices,
    scene_arrays,
    scene_from_arrays,
)

HALF = np.sqrt(0.5)
SCENE = Scene(
    (
        Box((0.5, 0.1, 0.3), (0.2, 0.4, 0.6), (0, 0, HALF, HALF)),
        Cylinder((0.2, -0.4, 0.5), 0.1, 0.8, (HALF, 0, 0, HALF)),
        Sphere((0.3, 0.3, 0.9), 0.15),
    )
)


def tokens(scene: Scene, yaw: float = 0.0) -> np.ndarray:
    return obstacle_tokens(scene_arrays([scene]), np.array([yaw]))[0]


def test_a_scene_survives_the_round_trip():
    arrays = scene_arrays([Scene(), SCENE])
    assert scene_from_arrays(arrays, 0) == Scene()
    for before, after in zip(SCENE.obstacles, scene_from_arrays(arrays, 1).obstacles, strict=True):
        assert type(before) is type(after)
        for name in before.__dataclass_fields__:
            if name != "id":
                np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-6)


def test_padding_is_nothing_and_too_little_room_is_refused():
    assert (scene_arrays([SCENE], size=5)["kind"][0, 3:] == 0).all()
    with pytest.raises(ValueError, match="cannot hold 3"):
        scene_arrays([SCENE], size=2)


def test_the_same_box_written_differently_gives_the_same_token():
    """Turned by 90 degrees about its z axis with x and y sides exchanged it is the same set of points."""
    same = Box((0.5, 0.1, 0.3), (0.4, 0.2, 0.6))
    np.testing.assert_allclose(tokens(Scene((same,))), tokens(Scene(SCENE.obstacles[:1])), atol=1e-6)
    other = Box((0.5, 0.1, 0.3), (0.2, 0.4, 0.6))
    assert np.abs(tokens(Scene((other,))) - tokens(Scene((same,)))).max() > 0.05


def test_turning_the_scene_and_the_frame_together_changes_nothing():
    yaw, z = 0.7, np.array([0, 0, np.sin(0.35), np.cos(0.35)])
    turn = rotation_matrices(z)
    quarter = (0, 0, np.sin(np.pi / 4 + 0.35), np.cos(np.pi / 4 + 0.35))
    turned = Scene(
        (
            Box(
                turn @ SCENE.boxes[0].center,
                SCENE.boxes[0].dims,
                quarter,
            ),
            Sphere(turn @ SCENE.spheres[0].center, 0.15),
        )
    )
    plain = Scene((SCENE.boxes[0], SCENE.spheres[0]))
    np.testing.assert_allclose(tokens(turned, yaw), tokens(plain), atol=1e-6)
    assert tokens(plain).shape == (2, TOKEN_SIZE)
