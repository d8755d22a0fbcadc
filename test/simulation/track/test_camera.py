import math

import numpy as np
import pytest

from genmodels_ros.simulation.track.camera import Mount, TrackWorld, track_frames
from genmodels_ros.simulation.track.ground import TrackLabel, random_ground
from genmodels_ros.simulation.track.lens import HEIGHT, WIDTH, Lens
from genmodels_ros.simulation.track.shards import _jobs
from genmodels_ros.simulation.track.track import Track


def straight_road(family="mat"):
    """A long oval, whose first points lie on its straight side, driven along +x."""
    side, turn = np.linspace(-3.5, 3.5, 200), np.linspace(-math.pi / 2, math.pi / 2, 100)
    bend = np.stack([3.5 + np.cos(turn), 1 + np.sin(turn)], axis=1)
    lane = np.concatenate([np.stack([side, 0 * side], axis=1), bend, np.stack([-side, 0 * side + 2], axis=1)])
    track = Track(lane, 0.7)
    ground = next(g for seed in range(50) if (g := random_ground(track, np.random.default_rng(seed))).family == family)
    return track, ground


@pytest.fixture(scope="module")
def look():
    """(rgb, labels) on the straight side, by a camera that looks level and ahead."""
    track, ground = straight_road()
    world = TrackWorld(track, ground, Lens(math.radians(60), 0.5), Mount(0.15, 0.0), np.random.default_rng(1))
    yield lambda offset=0.0, turned=0.0: world.look(track.pose(30, offset, turned))
    world.close()


def middle_of_the_road(labels, row):
    columns = np.flatnonzero(np.isin(labels[row], (TrackLabel.ROAD, TrackLabel.CENTRE_LINE)))
    return columns.mean() + 0.5


def test_a_straight_road_vanishes_in_the_middle_of_the_picture(look):
    _, labels = look()
    floor = np.isin(labels, (TrackLabel.ROAD, TrackLabel.BORDER, TrackLabel.OFF_ROAD, TrackLabel.CENTRE_LINE))
    assert not floor[: HEIGHT // 2 - 1].any() and floor[-20:].all()
    for row in (70, 80, 100):
        assert middle_of_the_road(labels, row) == pytest.approx(WIDTH / 2, abs=1.5)


def test_a_car_left_of_the_road_sees_it_on_the_right(look):
    assert middle_of_the_road(look(offset=0.25)[1], 80) > WIDTH / 2 + 10
    assert middle_of_the_road(look(turned=0.25)[1], 80) > WIDTH / 2 + 10
    assert middle_of_the_road(look(turned=-0.25)[1], 80) < WIDTH / 2 - 10


def test_labels_lie_on_the_pixels_they_name(look):
    rgb, labels = look(offset=0.1)
    light = {
        label: np.median(rgb[80:][labels[80:] == label].mean(axis=-1)) for label in TrackLabel if label in labels[80:]
    }
    assert light[TrackLabel.BORDER] > 1.6 * light[TrackLabel.ROAD]
    grey = rgb.mean(axis=-1)
    inner = labels.copy()
    border = inner == TrackLabel.BORDER
    core = border & np.roll(border, 1, axis=1) & np.roll(border, -1, axis=1)
    core[:70] = False
    assert core.sum() > 30
    assert (grey[core] > 1.3 * light[TrackLabel.ROAD]).mean() > 0.9


def test_the_lens_keeps_its_middle_and_puts_the_angle_into_the_corner():
    for fisheye in (0.0, 1.0):
        lens = Lens(math.radians(65), fisheye)
        x, y = lens.directions[..., 0], lens.directions[..., 1]
        np.testing.assert_allclose(x, -x[:, ::-1], atol=1e-9)
        assert np.degrees(np.arctan(np.hypot(x[0, 0], y[0, 0]))) == pytest.approx(65, abs=0.6)
    straight = Lens(math.radians(65), 0.0).directions[0, :, 0]
    np.testing.assert_allclose(np.diff(straight), np.diff(straight)[0], rtol=0.02)  # a pinhole's columns are even


def test_frames_are_seeded_and_varied():
    first, again, other = (list(track_frames(2, seed)) for seed in (5, 5, 6))
    for (rgb, labels, steering), repeated in zip(first, again, strict=True):
        assert rgb.shape == (HEIGHT, WIDTH, 3) and labels.shape == (HEIGHT, WIDTH) and -1 <= steering <= 1
        np.testing.assert_array_equal(rgb, repeated[0])
        np.testing.assert_array_equal(labels, repeated[1])
        assert steering == repeated[2] and set(np.unique(labels)) <= set(TrackLabel)
    assert np.abs(first[0][0].astype(float) - other[0][0]).mean() > 5


def test_cups_stand_beside_the_lane_and_are_obstacles():
    track, ground = straight_road("cups")
    assert set(np.unique(ground.labels)) == {TrackLabel.ROAD, TrackLabel.OFF_ROAD}
    seen = []
    for seed in range(4):
        world = TrackWorld(track, ground, Lens(1.1, 0.5), Mount(0.15, 0.2), np.random.default_rng(seed))
        seen.append(world.look(track.pose(30))[1])
        world.close()
    lower = np.stack(seen)[:, HEIGHT // 2 :]
    assert (lower == TrackLabel.OBSTACLE).any(axis=(1, 2)).all()


def test_no_two_shards_share_their_tracks(tmp_path):
    jobs = [job for kind in ("source", "heldout") for seed in (0, 1) for job in _jobs(tmp_path, kind, 900, seed)]
    assert len({job.seed for job in jobs}) == len(jobs) == 12
    assert sum(job.count for job in jobs) == 3600
