"""Latents and dreams as a client meets them over DDS."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool, Header

from genmodels_interfaces.msg import Latent
from genmodels_interfaces.srv import Dream, DreamStep, EncodeScan, InterpolateLatents
from genmodels_ros.conversions.poses import to_planar
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry, to_twist
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.mobile.world_model import WorldModelNode
from genmodels_ros.pipelines.mobile.latents import checked_latent, sketches

POSE = (2.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def node(started):
    patient = {"observation.max_age": 60.0, "latents.kept": 3, "dream.max_steps": 40}
    return started(WorldModelNode, "dreamer", patient)


@pytest.fixture
def seen(robot):
    """The stamp of the last scan of a room with 3 m ahead."""
    for _ in range(3):
        stamp = robot.sense(scan=to_laser_scan(robot.room(ahead=3.0), Header(), **robot.FAN), pose=POSE)
    return stamp


@pytest.fixture
def call(graph):
    def call(service_type, service, **fields):
        return graph.call(service_type, f"dreamer/world_model/{service}", service_type.Request(**fields))

    return call


def steps(commands):
    return to_command_sequences(np.array(commands, dtype=float))


# --- Latents


def test_the_present_and_any_scan_can_be_encoded(call, robot, seen, node):
    present = call(EncodeScan, "encode", name="here")
    assert present.error.value == ErrorCode.SUCCESS and present.latent.name == "here"
    assert to_seconds(present.header.stamp) == pytest.approx(seen)
    model = node.pipeline.model
    assert len(present.latent.h) == model.memory and len(present.latent.z) == model.latent
    scan = to_laser_scan(robot.room(ahead=1.0), header("base_scan", 5.0), **robot.FAN)
    given = call(EncodeScan, "encode", scan=scan, twist=to_twist((0.2, 0.0)))
    again = call(EncodeScan, "encode", scan=scan, twist=to_twist((0.2, 0.0)))
    assert given.latent.name and given.latent.name != again.latent.name
    assert list(given.latent.h) == list(again.latent.h) != list(present.latent.h)


def test_wrong_scans_and_latents_have_their_codes(call, robot, seen):
    scan = to_laser_scan(np.full(360, math.nan), header("base_scan", 5.0), **robot.FAN)
    assert call(EncodeScan, "encode", scan=scan).error.value == ErrorCode.NOT_FINITE
    here = call(EncodeScan, "encode", name="here").latent
    wrong = {
        ErrorCode.UNKNOWN_LATENT: Latent(name="nowhere"),
        ErrorCode.WRONG_LENGTH: Latent(h=[0.0], z=[0.0]),
        ErrorCode.NOT_FINITE: Latent(h=[math.nan] * len(here.h), z=here.z),
    }
    for code, latent in wrong.items():
        assert call(InterpolateLatents, "interpolate", first=here, second=latent, steps=3).error.value == code
        assert call(Dream, "dream", latent=latent).error.value == code
    for count in (0, 1, 100_000):
        answer = call(InterpolateLatents, "interpolate", first=here, second=here, steps=count)
        assert answer.error.value == ErrorCode.INVALID_COUNT


def test_only_the_newest_latents_are_kept(call, seen):
    for name in ("a", "b", "c", "d"):
        call(EncodeScan, "encode", name=name)
    known = lambda name: call(Dream, "dream", latent=Latent(name=name)).error.value != ErrorCode.UNKNOWN_LATENT  # noqa: E731
    assert not known("a") and known("b") and known("d")
    call(Dream, "dream", action=Dream.Request.STOP)


def test_between_two_latents_lie_scans(call, robot, seen, node):
    latents = []
    for name, ahead in (("near", 1.0), ("far", 5.0)):
        scan = to_laser_scan(robot.room(ahead=ahead), header("base_scan", 5.0), **robot.FAN)
        latents.append(call(EncodeScan, "encode", scan=scan, name=name).latent)
    answer = call(InterpolateLatents, "interpolate", first=Latent(name="near"), second=latents[1], steps=5)
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
    assert len(answer.scans) == len(answer.latents) == 5
    for part in ("h", "z"):
        first, *_, last = values = [np.array(getattr(latent, part)) for latent in answer.latents]
        assert first == pytest.approx(getattr(latents[0], part)) and last == pytest.approx(getattr(latents[1], part))
        assert values[2] == pytest.approx((first + last) / 2, abs=1e-5)
    for scan, latent in zip(answer.scans, answer.latents, strict=True):
        alone = sketches(node.pipeline, [checked_latent(node.pipeline, latent.h, latent.z)])[0]
        assert np.array(scan.ranges) == pytest.approx(alone, abs=1e-3)
        assert scan.header.frame_id == "base_link" and 0 < min(scan.ranges) <= max(scan.ranges) <= scan.range_max


# --- Dreams step by step


def test_a_batch_of_dreams_goes_on_by_commands(call, robot, seen):
    start = call(Dream, "dream", count=2, seed=4)
    assert start.error.value == ErrorCode.SUCCESS and [state.dream for state in start.states] == [0, 1]
    first = start.states[0]
    assert to_planar(first.pose) == pytest.approx(POSE) and first.time == 0.0 and not first.collided
    assert len(first.scan.ranges) == robot.NUM_BEAMS and first.scan.header.frame_id == "base_scan"
    answer = call(DreamStep, "dream_step", sequences=steps([[[0.4, 0.0]] * 5, [[0.0, 0.0]] * 5]))
    assert answer.error.value == ErrorCode.SUCCESS and answer.time_step == pytest.approx(0.2)
    drives, stands = answer.states
    assert drives.time == pytest.approx(1.0) and to_seconds(drives.scan.header.stamp) == pytest.approx(seen + 1.0)
    forward = drives.pose.position.x - POSE[0]
    ahead = robot.NUM_BEAMS // 2
    assert forward == pytest.approx(0.4, abs=0.2) and drives.twist.linear.x > 0.2
    assert 3.0 - drives.scan.ranges[ahead] == pytest.approx(forward, abs=0.15)
    assert stands.scan.ranges[ahead] == pytest.approx(3.0, abs=0.1)
    assert 0.0 <= drives.collision_probability <= 1.0


def test_one_sequence_serves_all_and_a_seed_is_a_dream(call, seen):
    def dreamt(seed):
        call(Dream, "dream", count=2, seed=seed)
        return [s.pose for s in call(DreamStep, "dream_step", sequences=steps([[[0.4, 0.4]] * 3])).states]

    first, again, other = dreamt(1), dreamt(1), dreamt(9)
    assert first == again != other and first[0] != first[1]


def test_a_recorded_moment_is_a_start(call, robot, seen):
    stamps = [50.0, 50.2, 50.4]
    scans = [to_laser_scan(robot.room(ahead=1.5), header("base_scan", stamp), **robot.FAN) for stamp in stamps]
    odometry = [to_odometry((7.0, 0.0, 0.0), (0.0, 0.0), header("odom", stamp)) for stamp in stamps]
    state = call(Dream, "dream", scans=scans, odometry=odometry).states[0]
    assert to_planar(state.pose) == pytest.approx((7.0, 0.0, 0.0))
    assert to_seconds(state.scan.header.stamp) == pytest.approx(50.4)
    assert state.scan.ranges[robot.NUM_BEAMS // 2] == pytest.approx(1.5, abs=0.01)
    assert call(Dream, "dream", scans=scans[:1]).error.value == ErrorCode.SUCCESS
    wrong = call(Dream, "dream", scans=scans, odometry=odometry[:1])
    assert wrong.error.value == ErrorCode.INVALID_COUNT


def test_a_latent_is_a_start(call, seen):
    call(EncodeScan, "encode", name="here")
    answer = call(Dream, "dream", latent=Latent(name="here"))
    assert answer.error.value == ErrorCode.SUCCESS
    state = call(DreamStep, "dream_step", sequences=steps([[[0.2, 0.0]] * 3])).states[0]
    assert np.isfinite(state.pose.position.x) and max(state.scan.ranges) > 0


def test_wrong_requests_have_their_codes_and_leave_the_dream(call, seen):
    call(Dream, "dream", action=Dream.Request.STOP)
    assert call(DreamStep, "dream_step", sequences=steps([[[0.0, 0.0]]])).error.value == ErrorCode.NO_DREAM
    call(Dream, "dream", count=2)
    for code, commands in {
        ErrorCode.INVALID_HORIZON: np.zeros((2, 21, 2)),
        ErrorCode.INVALID_COUNT: np.zeros((3, 1, 2)),
        ErrorCode.NOT_FINITE: np.full((2, 1, 2), math.nan),
    }.items():
        assert call(DreamStep, "dream_step", sequences=steps(commands)).error.value == code
    assert call(Dream, "dream", count=1000).error.value == ErrorCode.INVALID_COUNT
    assert call(Dream, "dream", real_time_factor=math.nan).error.value == ErrorCode.INVALID_SCALING
    assert call(Dream, "dream", action=7).error.value == ErrorCode.INVALID_COUNT
    answer = call(DreamStep, "dream_step", sequences=steps(np.zeros((2, 1, 2))))
    assert answer.states[0].time == pytest.approx(0.2), "nothing of all this has moved it"


# --- A dream that runs


def test_a_running_dream_is_a_robot_on_topics(graph, call, robot, seen, node, wait_until):
    scans = graph.listen(LaserScan, "dreamer/world_model/dream/scan")
    odometry = graph.listen(Odometry, "dreamer/world_model/dream/odom")
    collisions = graph.listen(Bool, "dreamer/world_model/dream/collision")
    commands = graph.publisher(Twist, "dreamer/world_model/dream/cmd_vel")
    assert robot.is_heard("dream/scan", "dream/odom", "dream/collision")
    assert wait_until(commands.get_subscription_count)
    call(Dream, "dream", run=True, real_time_factor=2.0)
    assert wait_until(lambda: len(scans) >= 4 and len(odometry) >= 4)
    stamps = [to_seconds(scan.header.stamp) for scan in scans]
    assert np.allclose(np.diff(stamps), 0.2) and stamps[0] == pytest.approx(seen)
    assert call(DreamStep, "dream_step", sequences=steps([[[0.0, 0.0]]])).error.value == ErrorCode.NO_DREAM
    commands.publish(to_twist((0.5, 0.0)))
    assert wait_until(lambda: odometry[-1].pose.pose.position.x > POSE[0] + 0.4)
    assert scans[-1].ranges[robot.NUM_BEAMS // 2] < 2.9
    call(Dream, "dream", run=True, real_time_factor=20.0)  # faster than most machines dream
    assert call(Dream, "dream", action=Dream.Request.STOP).error.value == ErrorCode.SUCCESS
    count = len(scans)
    assert not wait_until(lambda: len(scans) > count + 1, timeout=0.5) and collisions


def test_a_dream_ends_with_the_node_s_sleep(call, seen, node, robot):
    call(Dream, "dream", run=True)
    node.trigger_deactivate()
    assert node.dreams._dreams is None
    assert call(Dream, "dream").error.value == ErrorCode.NOT_ACTIVE
    node.trigger_activate()
    assert call(Dream, "dream").error.value == ErrorCode.NO_OBSERVATION
    assert node.details()["dreams"] == "0"
