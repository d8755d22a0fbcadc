"""The robot's last minutes: bounded, and its positions rebuilt from scans whatever the wheels told."""

import math

import numpy as np
import pytest

from genmodels_ros.pipelines.mobile.drive_log import BEAMS, MOST_BEAMS, DriveLog, to_episodes
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.scan_matching import compose, relative

WALLS = (-4.0, -3.0, 5.0, 3.0)


def observation(stamp, pose, told, beams=360, span=2 * math.pi, command=(0.4, 0.1)):
    increment = span / beams
    angles = -span / 2 + increment * np.arange(beams)
    cos, sin = np.cos(angles + pose[2]), np.sin(angles + pose[2])
    with np.errstate(divide="ignore"):
        hits = [(WALLS[2] - pose[0]) / cos, (WALLS[0] - pose[0]) / cos]
        hits += [(WALLS[3] - pose[1]) / sin, (WALLS[1] - pose[1]) / sin]
    ranges = np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0).astype(np.float32)
    command = None if command is None else np.array(command)
    return Observation(stamp, ranges, -span / 2, increment, 0.12, 12.0, told, np.zeros(2), command).checked()


def drive(log, rows=20, slip=0.2, first=0.0, pace=0.2, **settings):
    body = told = np.zeros(3)
    bodies = []
    for row in range(rows):
        log.add(observation(first + pace * row, body, told, **settings))
        bodies.append(body)
        motion = np.array([0.08, 0.0, 0.02])
        body, told = compose(body, (1 - slip) * motion), compose(told, motion)
    return np.array(bodies)


@pytest.mark.parametrize(("beams", "span"), [(360, 2 * math.pi), (181, math.pi), (1081, 4.7)])
def test_positions_come_from_scans_not_from_slipping_wheels(beams, span):
    log = DriveLog()
    bodies = drive(log, beams=beams, span=span)
    episodes = to_episodes(log.rows())
    assert set(episodes.drive) == {0} and episodes.scan.shape == (20, BEAMS)
    last = relative(episodes.pose[0].astype(float), episodes.pose[-1].astype(float))
    assert np.hypot(*(last - bodies[-1])[:2]) < 0.05
    assert np.hypot(*(episodes.odometry[-1] - bodies[-1])[:2]) > 0.25


def test_a_drive_ends_where_time_or_place_does_not_go_on():
    log = DriveLog()
    drive(log, rows=5)
    drive(log, rows=5, first=1.3)  # after half a second without a scan
    for row in range(3):  # carried off
        log.add(observation(2.3 + 0.2 * row, np.array([3.0, -1.5, 2.0]), np.array([0.4, 0.0, 0.1])))
    episodes = to_episodes(log.rows())
    assert episodes.drive.tolist() == [0] * 5 + [1] * 5 + [2] * 3
    assert not episodes.pose[[0, 5, 10]].any() and not episodes.touched.any()


def test_what_is_not_seen_stays_unknown_and_free_space_free():
    log = DriveLog()
    seen = observation(0.0, np.zeros(3), np.zeros(3), beams=181, span=math.pi)
    seen.ranges[88:93] = np.inf
    log.add(seen)
    scan = to_episodes(log.rows()).scan[0].astype(float)
    assert np.isnan(scan[:80]).all() and np.isinf(scan[178:182]).any() and np.isfinite(scan[100:170]).all()


def test_the_log_is_bounded():
    log = DriveLog(rows=8)
    drive(log, rows=12, beams=4000)
    assert len(log) == 8 and log.added == 12
    assert all(len(row.ranges) <= MOST_BEAMS and row.ranges.dtype == np.float16 for row in log.rows())
    log.clear()
    assert len(log) == 0 and log.rows() == []


def test_commands_told_afterwards_count_and_rows_without_teach_nothing():
    log = DriveLog()
    drive(log, rows=3)
    log.tell(np.array([0.1, 0.5]))
    np.testing.assert_array_equal(log.rows()[-1].command, [0.1, 0.5])
    log.add(observation(0.6, np.zeros(3), np.zeros(3), command=None))
    assert len(log.rows()) == 3


def test_another_lidar_starts_anew():
    log = DriveLog()
    drive(log, rows=4)
    drive(log, rows=2, first=5.0, beams=720)
    assert [row.beams.count for row in log.rows()] == [720, 720]


def test_rebuilding_can_be_stopped():
    log, calls = DriveLog(), []
    drive(log, rows=6)

    def breathe():
        calls.append(1)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        to_episodes(log.rows(), breathe)
