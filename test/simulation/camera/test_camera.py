import numpy as np
import pytest

from genmodels_ros.simulation.camera.frames import camera_frames
from genmodels_ros.simulation.floor.plan import Walker, plan_from_segments
from genmodels_ros.simulation.scenes import LabelClass, WorldDescription
from genmodels_ros.simulation.world import World

ROOM = plan_from_segments([(0, 0, 6, 0), (6, 0, 6, 4), (6, 4, 0, 4), (0, 4, 0, 0)])


@pytest.fixture
def world():
    walker = Walker(((3.5, 2.0), (3.5, 2.1)), speed=0.1, pause=100.0)
    world = World(WorldDescription(floor=ROOM.with_walkers([walker])), base_pose=(1.0, 2.0, 0.0))
    yield world
    world.close()


def test_depth_of_the_wall_ahead_is_its_distance(world):
    world.base.place((3.0, 3.0, 0.0))
    depth, labels = world.depth(), world.labels()
    middle = depth[100, 100]
    assert labels[100, 100] == LabelClass.WALL
    assert middle == pytest.approx(6 - 0.06 - 3.1, abs=0.05)  # skirting and pictures stand out a little


def test_labels_tell_floor_wall_person_and_ceiling_apart(world):
    labels = world.labels()
    assert labels.dtype == np.uint8 and labels.shape == (240, 320)
    assert labels[239, 10] == LabelClass.FLOOR
    assert labels[118, 10] == LabelClass.WALL
    assert labels[0, 250] in (LabelClass.BACKGROUND, LabelClass.WALL)
    person = np.argwhere(labels == LabelClass.PERSON)
    assert len(person) > 200 and abs(person[:, 1].mean() - 160) < 25


def test_labels_depth_and_colours_show_the_same_edges(world):
    rgb, labels, depth = world.camera().astype(float), world.labels(), world.depth()
    person = labels == LabelClass.PERSON
    assert depth[person].max() < 2.7 < depth[labels == LabelClass.WALL].max()
    edges = (labels[:, 1:] != labels[:, :-1])[40:200]
    steps = np.abs(np.diff(rgb, axis=1)).sum(axis=2)[40:200]
    assert np.median(steps[edges]) > 5 * np.median(steps[~edges]) + 5


def test_looks_change_with_the_style_only(world):
    again = World(world.description, base_pose=(1.0, 2.0, 0.0))
    np.testing.assert_array_equal(world.camera(), again.camera())
    again.close()


def test_frames_are_seeded_varied_and_complete():
    first, second = list(camera_frames(3, seed=5)), list(camera_frames(3, seed=5))
    for (rgb, labels, depth), repeated in zip(first, second, strict=True):
        assert rgb.shape == (240, 320, 3) and rgb.dtype == np.uint8 and depth.dtype == np.float32
        assert set(np.unique(labels)) <= set(LabelClass) and (labels == LabelClass.FLOOR).any()
        np.testing.assert_array_equal(rgb, repeated[0])
    other = next(camera_frames(1, seed=6))[0]
    assert np.abs(first[0][0].astype(float) - other).mean() > 5
