"""CARMEN logs: what is read is what was written, and nothing is lost silently."""

import gzip
import math

import numpy as np
import pytest

from genmodels_ros.data.recordings import open_recording
from genmodels_ros.errors import GenModelsError


def robotlaser(stamp, ranges, pose=(1.0, 2.0, 0.5), start=-math.pi / 2, step=math.pi / 180):
    fields = ["ROBOTLASER1", 0, start, math.pi, step, 50.0, 0.1, 0, len(ranges), *ranges, 0]
    fields += [*pose, *pose, 0, 0, 0, 0, 0, stamp, "host", stamp]
    return " ".join(str(field) for field in fields)


def flaser(stamp, ranges, pose=(1.0, 2.0, 0.5)):
    return " ".join(str(f) for f in ["FLASER", len(ranges), *ranges, *pose, *pose, stamp, "host", stamp])


def write(path, lines, compress=False):
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_a_sequential_log_is_read_back(tmp_path, compress):
    ranges = np.linspace(1, 9, 180).round(3)
    poses = [(0.0, 0.0, 0.0), (0.2, 0.0, 0.1), (0.4, 0.0, 0.2)]
    lines = ["VERTEX2 0 1 2 3", *[robotlaser(10 + i, ranges, pose) for i, pose in enumerate(poses)], "EDGE2 0 1"]
    recording = open_recording(write(tmp_path / "a.log", lines, compress))
    assert recording.kind == "carmen" and not recording.notes
    assert [scan.stamp for scan in recording.scans] == [10, 11, 12]
    np.testing.assert_allclose(recording.scans[0].ranges, ranges, rtol=1e-6)
    np.testing.assert_allclose([item.pose for item in recording.odometry], poses)
    scan = recording.scans[0]
    assert scan.range_max == 50 and scan.angles[0] == pytest.approx(-math.pi / 2)
    assert recording.odometry[1].twist == pytest.approx([0.2 * math.cos(0.05), 0.1])


@pytest.mark.parametrize(("beams", "last"), [(180, 89), (181, 90), (361, 90)])
def test_flaser_beams_span_the_half_circle(tmp_path, beams, last):
    recording = open_recording(write(tmp_path / "a.log", [flaser(1, [2.0] * beams), flaser(2, [2.0] * beams)]))
    assert np.degrees(recording.scans[0].angles[[0, -1]]) == pytest.approx([-90, last])


def test_malformed_and_late_lines_are_counted(tmp_path):
    good = [robotlaser(i, [1.0, 2.0, 3.0]) for i in range(5)]
    cut, text, late = good[1][:40], good[2].replace("2.0", "two"), robotlaser(3.5, [1.0, 2.0, 3.0])
    nan_pose = robotlaser(9, [1.0, 2.0, 3.0], pose=("nan", 0, 0))
    recording = open_recording(write(tmp_path / "a.log", [*good, cut, text, nan_pose, late]))
    assert len(recording.scans) == 5
    notes = " ".join(recording.notes)
    assert "3 malformed" in notes and "1 scans whose time does not rise" in notes


def test_a_log_without_usable_time_is_spaced_by_distance(tmp_path):
    lines = [flaser(4.29497e9, [2.0] * 180, (0.5 * i, 0, 0)) for i in range(6)]
    recording = open_recording(write(tmp_path / "a.log", lines))
    assert len(recording.scans) == 6 and "no usable time" in recording.notes[0]
    assert np.diff([scan.stamp for scan in recording.scans]) == pytest.approx([1.0] * 5)


def test_what_is_no_log_is_refused_in_one_sentence(tmp_path):
    whole = gzip.compress("\n".join(robotlaser(i, np.random.default_rng(i).random(180)) for i in range(50)).encode())
    cases = {
        "truncated.log.gz": whole[: len(whole) // 2],
        "damaged.log.gz": whole[:2000] + bytes(100) + whole[2100:],
        "empty.log": b"",
        "noscan.log": b"ODOM 0 0 0 0 0 0 1 host 1\n",
        "binary.bin": bytes(range(256)) * 4,
        "head.log.gz": b"\x1f\x8b",
    }
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(GenModelsError, match=name) as caught:
            open_recording(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(GenModelsError, match="no such file"):
        open_recording(tmp_path / "missing.log")
