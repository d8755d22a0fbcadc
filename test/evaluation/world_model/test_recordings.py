"""Evaluation on a recording: the dump is what the command line promises, and it is consistent with itself."""

import math

import numpy as np
import pytest

from genmodels_ros.data.recordings import Command, Odometry, Recording, Scan
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.world_model.recorded_scans import (
    choose_horizons,
    driven_steps,
    relative_pose,
    to_observations,
)
from genmodels_ros.evaluation.world_model.recordings import evaluate_recording

BEAMS = 180


def room(pose):
    angles = -math.pi / 2 + math.pi / BEAMS * np.arange(BEAMS) + pose[2]
    cos, sin = np.cos(angles), np.sin(angles)
    with np.errstate(divide="ignore"):
        hits = [(6 - pose[0]) / cos, (-2 - pose[0]) / cos, (3 - pose[1]) / sin, (-3 - pose[1]) / sin]
    return np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)


@pytest.fixture
def log(tmp_path):
    """A CARMEN log of a drive through a room, half a second between scans."""
    lines = []
    for i in range(24):
        pose = (0.1 * i, 0.02 * i, 0.01 * i)
        fields = ["FLASER", BEAMS, *room(pose).round(4), *pose, *pose, 100 + 0.5 * i, "host", 0.5 * i]
        lines.append(" ".join(str(field) for field in fields))
    path = tmp_path / "room.log"
    path.write_text("\n".join(lines))
    return path


def test_the_dump_holds_what_is_promised(log, tmp_path):
    tables = evaluate_recording(log, context=5, device="cpu", dump=tmp_path / "out.npz", max_starts=4)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as dump:
        starts, horizons = dump["start_index"], dump["horizon_steps"]
        m, k = len(starts), len(horizons)
        assert starts[0] >= 4 and horizons.tolist() == [1, 2, 4]
        for name, shape in {
            "angles": (BEAMS,), "range_max": (), "ranges_last": (m, BEAMS), "ranges_true": (m, k, BEAMS),
            "ranges_pred": (m, k, BEAMS), "ranges_std": (m, k, BEAMS), "poses_true": (m, k, 3),
            "poses_pred": (m, k, 3), "collision_prob": (m, k), "surprise": (m,),
        }.items():  # fmt: skip
            assert dump[name].shape == shape and np.isfinite(dump[name]).all(), name
        for row, start in enumerate(starts):
            np.testing.assert_allclose(
                dump["ranges_last"][row], room((0.1 * start, 0.02 * start, 0.01 * start)), atol=1e-3
            )
            for column, ahead in enumerate(horizons):
                i = start + ahead
                np.testing.assert_allclose(
                    dump["ranges_true"][row, column], room((0.1 * i, 0.02 * i, 0.01 * i)), atol=1e-3
                )
        np.testing.assert_allclose(dump["poses_pred"], dump["poses_true"], atol=1e-4)  # the motion is given
        assert (np.diff(dump["collision_prob"], axis=1) >= -1e-9).all() and (dump["ranges_std"] > 0).all()
        copied = np.abs(dump["ranges_last"][:, None] - dump["ranges_true"]).mean()
        assert np.abs(dump["ranges_pred"] - dump["ranges_true"]).mean() < copied
    (table,) = tables
    assert [row[0] for row in table.rows] == [1, 2, 4] and "skill" in table.columns


def test_too_short_recordings_are_refused(log):
    with pytest.raises(GenModelsError, match="too few") as caught:
        evaluate_recording(log, context=23, device="cpu")
    assert caught.value.code == ErrorCode.NO_OBSERVATION


def test_horizons_follow_the_rate():
    assert choose_horizons(0.1 * np.arange(50)).tolist() == [1, 5, 10, 20]
    assert choose_horizons(3.0 * np.arange(50)).tolist() == [1]


def test_recorded_motion_becomes_steps_that_end_where_it_did():
    poses = np.array([[1.0, 2.0, 3.0], [1.2, 2.1, 3.1], [1.1, 2.4, -3.1], [1.1, 2.4, -3.1]])
    commands, own, at = driven_steps([0.0, 0.4, 1.0, 1.05], poses)
    assert at.tolist() == [1, 4, 5] and len(commands) == len(own) == 6
    for row, pose in zip(at, poses[1:], strict=True):
        expected = relative_pose(poses[0], pose)
        assert own[row, :2] == pytest.approx(expected[:2], abs=1e-9)
        assert math.remainder(own[row, 2] - expected[2], 2 * math.pi) == pytest.approx(0, abs=1e-9)
    assert commands[2, 1] * 0.2 * 3 == pytest.approx(2 * math.pi - 6.2)


def test_odometry_is_interpolated_to_the_scans_and_others_are_left_out(tmp_path):
    scans = [Scan(t, np.ones(4, np.float32), -1.0, 0.5, 0.1, 9.0) for t in (0.0, 0.25, 0.5, 5.0)]
    scans.append(Scan(0.3, np.ones(7, np.float32), -1.0, 0.5, 0.1, 9.0))
    odometry = [Odometry(t, np.array([t, 0.0, 4 * t]), np.array([1.0, 4.0])) for t in (0.0, 0.5, 1.0)]
    recording = Recording("rosbag", tmp_path, tuple(scans), tuple(odometry), (Command(0.0, np.zeros(2)),))
    observations = to_observations(recording)
    assert [item.stamp for item in observations] == [0.0, 0.25, 0.5]
    assert observations[1].pose == pytest.approx([0.25, 0, 1.0])
    with pytest.raises(GenModelsError, match="no odometry"):
        to_observations(Recording("rosbag", tmp_path, tuple(scans)))
