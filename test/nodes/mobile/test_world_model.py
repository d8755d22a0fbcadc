"""The world model as a planner and a robot see it: sensors in, futures out, and every wrong scan or request."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Path
from rclpy.parameter import Parameter
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Float64, Header

from genmodels_interfaces.msg import CommandSequence
from genmodels_interfaces.srv import ImagineRollouts, ScorePaths
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

MAX_AGE = 60.0  # s; a busy machine may ask long after it saw


@pytest.fixture(scope="module")
def node(started):
    return started(WorldModelNode, parameters={"observation.max_age": MAX_AGE})


@pytest.fixture
def watching(robot):
    """The node has seen the room for a second."""
    for _ in range(5):
        stamp = robot.sense()
    return stamp


def imagine(graph, commands=None, **fields):
    sequences = fields.pop("sequences", None)
    if sequences is None:
        sequences = to_command_sequences(np.tile([0.3, 0.0], (2, 6, 1)) if commands is None else commands)
    request = ImagineRollouts.Request(sequences=sequences, **fields)
    return graph.call(ImagineRollouts, "world_model/imagine", request)


def path_of(points, frame="base_link") -> Path:
    return Path(header=Header(frame_id=frame), poses=[PoseStamped(pose=from_planar((x, y, 0.0))) for x, y in points])


def score(graph, *paths, **fields):
    return graph.call(ScorePaths, "world_model/score_paths", ScorePaths.Request(paths=paths, **fields))


# --- What it is for


def test_before_the_first_scan_there_is_nothing_to_imagine(graph, node):
    node.trigger_deactivate()
    node.trigger_activate()
    assert imagine(graph).error.value == ErrorCode.NO_OBSERVATION


def test_futures_follow_the_commands(graph, watching):
    commands = np.stack([np.tile([0.4, 0.0], (6, 1)), np.tile([0.0, 1.0], (6, 1)), np.zeros((6, 2))])
    answer = imagine(graph, commands, seed=3)
    assert answer.error.value == ErrorCode.SUCCESS and len(answer.rollouts) == 3
    assert answer.header.frame_id == "base_link"
    assert answer.header.stamp.sec + answer.header.stamp.nanosec * 1e-9 == pytest.approx(watching)
    assert answer.time_step == pytest.approx(0.2) and answer.computation_time > 0
    forward, turning, still = (rollout.poses[-1] for rollout in answer.rollouts)
    assert forward.position.x == pytest.approx(0.48, abs=0.2)
    assert abs(2 * math.atan2(turning.orientation.z, turning.orientation.w) - 1.2) < 0.5
    assert math.hypot(still.position.x, still.position.y) < 0.1
    for rollout in answer.rollouts:
        probability = np.array(rollout.collision_probability)
        assert len(rollout.poses) == len(rollout.position_std) == len(probability) == 6
        assert ((0 <= probability) & (probability <= 1)).all() and (np.diff(probability) >= -1e-6).all()
        assert not rollout.scans


def test_driving_at_a_wall_is_riskier_than_away_from_it(graph, watching):
    commands = np.stack([np.tile([0.6, 0.0], (10, 1)), np.tile([-0.2, 0.0], (10, 1))])
    towards, away = (rollout.collision_probability[-1] for rollout in imagine(graph, commands).rollouts)
    assert towards > away + 0.3


def test_scans_come_when_asked_for(graph, robot, watching):
    answer = imagine(graph, with_scans=True)
    scans = answer.rollouts[0].scans
    assert len(scans) == 6 and len(scans[0].ranges) > 30
    ahead = scans[0].ranges[round((0.0 - scans[0].angle_min) / scans[0].angle_increment)]
    assert ahead == pytest.approx(robot.WALL_AHEAD - 0.06, abs=0.3)


def test_a_time_step_of_the_caller_s_own(graph, watching):
    answer = imagine(graph, np.tile([0.4, 0.0], (1, 12, 1)), time_step=0.1)
    assert answer.time_step == pytest.approx(0.1)
    assert answer.rollouts[0].poses[-1].position.x == pytest.approx(0.48, abs=0.2)


def test_the_same_seed_gives_the_same_futures(graph, watching):
    first, again, other = (imagine(graph, num_samples=8, seed=seed) for seed in (5, 5, 6))
    assert first.rollouts == again.rollouts
    assert first.rollouts != other.rollouts


def test_the_path_into_the_wall_is_not_the_best(graph, watching):
    into, along = [(0.0, 0.0), (1.5, 0.0)], [(0.0, 0.0), (0.3, 0.3), (0.3, 1.5)]
    answer = score(graph, path_of(into), path_of(along))
    assert answer.error.value == ErrorCode.SUCCESS and answer.best_index == 1
    assert answer.collision_probability[0] > answer.collision_probability[1]
    assert answer.scores[1] < answer.scores[0]


def test_paths_in_odom_mean_the_same_as_in_base_link(graph, robot):
    for _ in range(3):
        robot.sense(pose=(5.0, 2.0, math.pi / 2))
    in_base = score(graph, path_of([(0.0, 0.0), (1.0, 0.5)]))
    in_odom = score(graph, path_of([(5.0, 2.0), (4.5, 3.0)], "odom"))
    assert in_base.scores == pytest.approx(in_odom.scores, abs=1e-3)


def test_surprise_prediction_and_risk_are_published(graph, node, robot, wait_until):
    with node.work:  # what was sensed before is dealt with: each scan from now on has one of each
        surprise = graph.listen(Float64, "world_model/surprise")
        predicted = graph.listen(LaserScan, "world_model/predicted_scan")
        risk = graph.listen(Float64, "world_model/collision_probability")
        assert robot.is_heard("surprise", "predicted_scan", "collision_probability")

    def foretold_risk() -> float:
        stamp = robot.sense()
        told = lambda: predicted and to_seconds(predicted[-1].header.stamp) == pytest.approx(stamp)  # noqa: E731
        assert wait_until(lambda: told() and len(risk) == len(predicted))
        return risk[-1].data

    for _ in range(3):
        foretold_risk()
    assert wait_until(lambda: surprise)
    assert len(predicted[-1].ranges) == robot.NUM_BEAMS and predicted[-1].header.frame_id == "base_scan"
    assert np.median(np.abs(np.array(predicted[-1].ranges) - robot.room())) < 0.3, "a room at rest stays as it is"
    node.set_parameters([Parameter("command.max_age", value=60.0), Parameter("horizon", value=2.4)])
    quiet = foretold_risk()
    command = Twist()
    command.linear.x = 0.6
    robot.commands.publish(command)
    assert wait_until(lambda: node.input.command()[0] == 0.6)
    assert foretold_risk() > quiet, "the command in force leads into the wall"
    node.set_parameters([Parameter("command.max_age", value=0.05)])
    assert wait_until(lambda: not node.input.command().any()), "a command that is not repeated ends"
    node.set_parameters([Parameter("command.max_age", value=0.5), Parameter("horizon", value=1.2)])


# --- A stream faster than the model


def test_stale_scans_are_dropped(graph, node, robot, wait_until):
    robot.sense()
    dropped, stamps = node.input.scans.dropped, []

    def stream() -> bool:
        stamps.append(next(robot.stamps) * 0.2)
        robot.odometry.publish(to_odometry((0, 0, 0), (0, 0), header("odom", stamps[-1])))
        robot.scans.publish(to_laser_scan(robot.room(), header("base_scan", stamps[-1]), **robot.FAN))
        return node.input.scans.dropped >= dropped + 8

    with node.work:
        assert wait_until(stream)
        assert wait_until(lambda: robot.heard(stamps[-1]))
    assert wait_until(lambda: robot.seen(stamps[-1]))


# --- Wrong scans


NAN, INF = float("nan"), float("inf")
WRONG_SCANS = {
    "NaN only": ({"ranges": [NAN] * 360}, ErrorCode.NOT_FINITE),
    "zeros only": ({"ranges": [0.0] * 360}, ErrorCode.NOT_FINITE),
    "no beams": ({"ranges": []}, ErrorCode.WRONG_LENGTH),
    "NaN angle": ({"angle_min": NAN}, ErrorCode.NOT_FINITE),
    "no increment": ({"angle_increment": 0.0}, ErrorCode.NOT_FINITE),
    "infinite range": ({"range_max": INF}, ErrorCode.NOT_FINITE),
    "range upside down": ({"range_min": 5.0, "range_max": 1.0}, ErrorCode.NOT_FINITE),
}


def scan_with(robot, **fields) -> LaserScan:
    scan = to_laser_scan(robot.room(), Header(), **robot.FAN)
    for name, value in fields.items():
        setattr(scan, name, value)
    return scan


@pytest.mark.parametrize(("fields", "code"), WRONG_SCANS.values(), ids=WRONG_SCANS)
def test_a_wrong_scan_is_refused_and_the_next_one_heals(graph, robot, fields, code):
    robot.sense()
    robot.sense(scan_with(robot, **fields), expect=False)
    answer = imagine(graph)
    assert ErrorCode(answer.error.value) == code, "futures of a scan we could not read would be a lie"
    robot.sense()
    assert imagine(graph).error.value == ErrorCode.SUCCESS


def test_some_bad_beams_are_no_bad_scan(graph, robot):
    ranges = robot.room()
    ranges[::3], ranges[1::7], ranges[5] = np.nan, np.inf, -np.inf
    robot.sense(scan_with(robot, ranges=ranges.tolist()))
    assert imagine(graph).error.value == ErrorCode.SUCCESS


@pytest.mark.parametrize(
    ("pose", "delay", "code"),
    [((NAN, 0.0, 0.0), 0.0, ErrorCode.NOT_FINITE), ((0.0, 0.0, 0.0), 1000.0, ErrorCode.NO_OBSERVATION)],
    ids=["NaN pose", "other clock"],
)
def test_odometry_that_cannot_be_used_is_said(graph, robot, pose, delay, code):
    next(robot.stamps), next(robot.stamps)  # so that no older odometry is near
    robot.sense(pose=pose, odometry_delay=delay, expect=False)
    assert imagine(graph).error.value == code
    robot.sense()
    assert imagine(graph).error.value == ErrorCode.SUCCESS


def test_an_old_scan_is_no_observation(graph, node, watching, wait_until):
    node.set_parameters([Parameter("observation.max_age", value=0.05)])
    try:
        assert wait_until(lambda: imagine(graph).error.value == ErrorCode.NO_OBSERVATION)
    finally:
        node.set_parameters([Parameter("observation.max_age", value=MAX_AGE)])


# --- Wrong questions


def sequence(steps=4, **components) -> CommandSequence:
    command = Twist()
    for name, value in components.items():
        part, axis = name.split("_")
        setattr(getattr(command, part), axis, value)
    return CommandSequence(commands=[command] * steps)


WRONG_COMMANDS = {
    "no sequence": ({"sequences": []}, ErrorCode.INVALID_COUNT),
    "too many sequences": ({"sequences": [sequence(1)] * 1025}, ErrorCode.INVALID_COUNT),
    "too many samples": ({"num_samples": 1_000_000}, ErrorCode.INVALID_COUNT),
    "no steps": ({"sequences": [sequence(0)]}, ErrorCode.INVALID_HORIZON),
    "too many steps": ({"sequences": [sequence(151)]}, ErrorCode.INVALID_HORIZON),
    "different lengths": ({"sequences": [sequence(3), sequence(4)]}, ErrorCode.WRONG_LENGTH),
    "sideways": ({"sequences": [sequence(linear_y=0.1)]}, ErrorCode.WRONG_LENGTH),
    "NaN": ({"sequences": [sequence(linear_x=NAN)]}, ErrorCode.NOT_FINITE),
    "infinite": ({"sequences": [sequence(angular_z=INF)]}, ErrorCode.NOT_FINITE),
    "negative step": ({"time_step": -0.1}, ErrorCode.INVALID_HORIZON),
    "NaN step": ({"time_step": NAN}, ErrorCode.INVALID_HORIZON),
    "huge step": ({"time_step": 100.0}, ErrorCode.INVALID_HORIZON),
}


@pytest.mark.parametrize(("fields", "code"), WRONG_COMMANDS.values(), ids=WRONG_COMMANDS)
def test_wrong_commands_have_their_own_code(graph, watching, fields, code):
    answer = imagine(graph, **fields)
    assert ErrorCode(answer.error.value) == code, answer.error.message
    assert answer.error.message.endswith(".") and not answer.rollouts
    assert imagine(graph).error.value == ErrorCode.SUCCESS


STRAIGHT = [(0.0, 0.0), (1.0, 0.0)]
WRONG_PATHS = {
    "no path": ([], {}, ErrorCode.INVALID_COUNT),
    "one pose": ([path_of([(0.0, 0.0)])], {}, ErrorCode.INVALID_PATH),
    "NaN pose": ([path_of([(0.0, 0.0), (NAN, 0.0)])], {}, ErrorCode.INVALID_PATH),
    "another frame": ([path_of(STRAIGHT, "map")], {}, ErrorCode.UNKNOWN_FRAME),
    "no frame": ([path_of(STRAIGHT, "")], {}, ErrorCode.UNKNOWN_FRAME),
    "backwards": ([path_of(STRAIGHT)], {"speed": -1.0}, ErrorCode.INVALID_SCALING),
    "NaN speed": ([path_of(STRAIGHT)], {"speed": NAN}, ErrorCode.INVALID_SCALING),
}


@pytest.mark.parametrize(("paths", "fields", "code"), WRONG_PATHS.values(), ids=WRONG_PATHS)
def test_wrong_paths_have_their_own_code(graph, watching, paths, fields, code):
    answer = score(graph, *paths, **fields)
    assert ErrorCode(answer.error.value) == code, answer.error.message
    assert score(graph, path_of(STRAIGHT)).error.value == ErrorCode.SUCCESS


def test_an_inactive_node_answers_so(graph, node, robot):
    node.trigger_deactivate()
    assert imagine(graph).error.value == ErrorCode.NOT_ACTIVE
    assert score(graph, path_of(STRAIGHT)).error.value == ErrorCode.NOT_ACTIVE
    node.trigger_activate()
    assert imagine(graph).error.value == ErrorCode.NO_OBSERVATION, "what was seen before is forgotten"
    robot.sense()
    assert imagine(graph).error.value == ErrorCode.SUCCESS
