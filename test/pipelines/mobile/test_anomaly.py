"""Surprise: each fault raises its own alarm within two scans, and nominal driving among people raises none."""

import json
import math

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.fan import circle
from genmodels_ros.pipelines.calibration import CALIBRATION, Calibration, load_calibration
from genmodels_ros.pipelines.mobile.anomaly import AnomalyDetector, Evidence
from genmodels_ros.pipelines.mobile.scan_matching import compose

BEAMS = circle(180)
ANGLES = -math.pi + BEAMS.increment * np.arange(180)
WALLS = (-4.0, -3.0, 5.0, 3.0)
PILLARS = ((2.0, 1.5, 0.3), (-1.5, -1.2, 0.4), (1.0, -2.0, 0.25))  # x, y, radius [m]
SECTOR = (np.arange(180) >= 20) & (np.arange(180) < 50)
RATES = (100.0, 10.0, 1.0, 0.1)
CALIBRATED = Calibration(
    RATES,
    {
        "frozen": (0.1, 0.15, 0.2, 0.25), "scan": (0.8, 1.2, 1.7, 2.2), "place": (0.35, 0.42, 0.5, 0.55),
        "motion": (1.5, 2.2, 2.9, 3.6), "model": (0.0, 1.0, 2.0, 3.0),
    },
    budget=0.5, hours=10.0, sha256="weights",
)  # fmt: skip


def scan(pose, rng, noise=0.01, people=()):
    cos, sin = np.cos(ANGLES + pose[2]), np.sin(ANGLES + pose[2])
    with np.errstate(divide="ignore"):
        hits = [(WALLS[2] - pose[0]) / cos, (WALLS[0] - pose[0]) / cos]
        hits += [(WALLS[3] - pose[1]) / sin, (WALLS[1] - pose[1]) / sin]
    ranges = np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)
    for x, y, radius in (*PILLARS, *people):
        dx, dy = x - pose[0], y - pose[1]
        along, off = dx * cos + dy * sin, np.abs(dy * cos - dx * sin)
        front = along - np.sqrt(np.maximum(radius**2 - off**2, 0))
        ranges = np.where((off < radius) & (along > 0), np.minimum(ranges, front), ranges)
    return ranges + rng.normal(0, noise, 180) if noise else ranges


def evidence(stamp, ranges, told, **more):
    known = np.isfinite(ranges)
    return Evidence(stamp, BEAMS, np.where(known, ranges, 12.0), known, known, np.array(told), **more)


class Robot:
    """A body and what its odometry tells, 0.2 s a step."""

    def __init__(self, noise=0.01, calibration=CALIBRATED, seed=0):
        self.rng, self.noise, self.stamp = np.random.default_rng(seed), noise, 0.0
        self.body = self.told = np.zeros(3)
        self.detector = AnomalyDetector(calibration)

    def look(self, people=()):
        return scan(self.body, self.rng, self.noise, people)

    def step(self, twist=(0.3, 0.2), grip=1.0, ranges=None, people=(), spoil=None, **more):
        motion = 0.2 * np.array([twist[0], 0.0, twist[1]])
        self.body, self.told = compose(self.body, grip * motion), compose(self.told, motion)
        self.stamp += 0.2
        seen = self.look(people) if ranges is None else ranges
        seen = seen if spoil is None else spoil(seen)
        return self.detector.assess(evidence(self.stamp, seen, self.told, **more))


@pytest.fixture
def robot():
    robot = Robot()
    for _ in range(6):
        assert not robot.step().alarm
    return robot


def test_driving_is_no_anomaly():
    robot = Robot(noise=0.02)
    assert not any(robot.step((0.4 * math.sin(k / 5), 0.8 * math.cos(k / 7))).alarm for k in range(60))


def test_people_at_a_walk_are_no_anomaly():
    robot = Robot()
    ways = [(3.5 - 0.25 * k, 0.1 * k - 1.0, 0.3) for k in range(14)]
    assert not any(robot.step((0.0, 0.0), people=[who]).alarm for who in ways)


def test_a_scan_that_repeats_while_the_robot_drives(robot):
    last = robot.look()
    robot.step(ranges=last)
    score = robot.step(ranges=last)
    assert score.alarm and score.cause == "frozen" and score.false_alarms_per_hour < CALIBRATED.budget


def test_a_noisy_lidar_that_repeats_itself_where_the_robot_stands(robot):
    for _ in range(2):
        robot.step((0.0, 0.0))
    last = robot.look()
    robot.step((0.0, 0.0), ranges=last)
    assert robot.step((0.0, 0.0), ranges=last).cause == "frozen"


def test_a_lidar_without_noise_may_repeat_itself_where_the_robot_stands():
    robot = Robot(noise=0.0)
    for _ in range(3):
        robot.step()
    assert not any(robot.step((0.0, 0.0)).alarm for _ in range(5))


def test_a_covered_lidar_is_told_at_once_and_as_long_as_it_lasts(robot):
    for _ in range(5):
        score = robot.step(spoil=lambda ranges: np.where(SECTOR, 0.3, ranges))
        assert score.alarm and score.cause == "scan"
    robot.step()
    assert not robot.step().alarm


def test_what_is_nearer_than_the_lidar_measures_covers_it(robot):
    wordless = lambda ranges: np.where(SECTOR, np.nan, ranges)  # noqa: E731
    assert not robot.step(spoil=wordless).alarm  # beams without a word are nothing odd
    robot.step()
    assert robot.step(spoil=wordless, too_near=SECTOR).cause == "scan"


@pytest.mark.parametrize("grip", [0.0, 0.5])
def test_wheels_that_slip_are_told_within_two_scans(robot, grip):
    scores = [robot.step((0.4, 0.0), grip=grip) for _ in range(2)]
    assert scores[-1].alarm and scores[-1].cause == "motion"


def test_a_tenth_of_slip_is_nothing(robot):
    assert not any(robot.step((0.4, 0.3), grip=0.9).alarm for _ in range(6))


def test_a_robot_that_is_carried_off_is_told_at_once(robot):
    robot.body = np.array([3.0, -1.5, 2.0])
    score = robot.step()
    assert score.alarm and score.cause == "place"


def test_a_model_that_did_not_expect_the_scan_is_told(robot):
    assert not robot.step(surprise=0.5).alarm
    score = robot.step(surprise=5.0)
    assert score.alarm and score.cause == "model" and score.statistics["model"] == 5.0


def test_without_calibration_nothing_is_an_alarm_and_all_is_measured():
    robot = Robot(calibration=None)
    robot.step()
    robot.body = np.array([3.0, -1.5, 2.0])
    score = robot.step()
    assert not score.alarm and score.cause is None and score.statistics["place"] > 0.5


def test_the_first_scan_and_time_that_goes_backwards_tell_nothing(robot):
    robot.stamp -= 5.0
    assert robot.step().statistics == {}
    assert robot.step().statistics
    robot.detector.forget()
    assert robot.step().cause is None


def test_an_empty_scan_tells_nothing(robot):
    score = robot.step(ranges=np.full(180, np.nan))
    assert score.statistics == {} and not score.alarm
    robot.step()
    assert not robot.step().alarm


def test_rarer_values_score_higher():
    rates = [CALIBRATED.rate("motion", value) for value in np.linspace(0, 8, 50)]
    assert (np.diff(rates) <= 0).all() and rates[0] == pytest.approx(100.0)
    assert CALIBRATED.rate("motion", 2.2) == pytest.approx(10.0)
    assert CALIBRATED.rate("motion", 4.3) == pytest.approx(0.01)  # as steep beyond the end as before it


def test_a_calibration_comes_back_as_it_was_saved(tmp_path):
    CALIBRATED.save(tmp_path)
    assert load_calibration(tmp_path, "weights") == CALIBRATED
    assert load_calibration(tmp_path / "none", "weights") is None


def test_with_other_weights_the_model_is_not_judged(tmp_path):
    CALIBRATED.save(tmp_path)
    loaded = load_calibration(tmp_path, "other")
    assert "model" not in loaded.values and set(loaded.values) == {"frozen", "scan", "place", "motion"}


def _with(**changes):
    return lambda fields: json.dumps(fields | changes)


@pytest.mark.parametrize(
    "damage",
    [
        lambda fields: "no JSON",
        lambda fields: "[]",
        _with(rates=[1.0]),
        _with(rates=[1.0, 10.0, 100.0, 1000.0]),
        _with(budget=0.0),
        _with(budget=None),
        _with(values={"motion": [4.0, 3.0, 2.0, 1.0]}),
        _with(values={"motion": [1.0, 2.0, math.nan, 4.0]}),
        _with(values={"weather": [1.0, 2.0, 3.0, 4.0]}),
    ],
)
def test_a_damaged_calibration_is_refused(tmp_path, damage):
    CALIBRATED.save(tmp_path)
    path = tmp_path / CALIBRATION
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(GenModelsError) as refusal:
        load_calibration(tmp_path, "weights")
    assert refusal.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_scores_do_not_depend_on_where_the_map_begins(robot):
    far = Robot()
    far.told = np.array([2e4, -3e4, 1.0])
    near = Robot()
    for _ in range(6):
        a, b = far.step(), near.step()
    assert a.statistics == pytest.approx(b.statistics, abs=1e-4)
    assert a.cause == b.cause
