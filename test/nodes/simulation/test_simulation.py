import time
from itertools import combinations

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, Imu, JointState, LaserScan, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.conversions.depth import to_camera, to_depth
from genmodels_ros.conversions.images import to_labels, to_rgb
from genmodels_ros.conversions.obstacles import to_scene
from genmodels_ros.conversions.point_clouds import to_points
from genmodels_ros.conversions.poses import to_planar
from genmodels_ros.conversions.simulated import from_contacts
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.conversions.trajectories import to_joint_trajectory
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.nodes.simulation.simulation import CLOCK, SimulationNode
from genmodels_ros.nodes.simulation.topics import MAP_RESOLUTION
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.catalogue import DEMO_START
from genmodels_ros.simulation.scenes import LabelClass, demo_arm_scene

ROBOT = load_robot()


@pytest.fixture(scope="module")
def simulation(started):
    return started(SimulationNode, "sim")


@pytest.fixture(scope="module")
def heard(graph, simulation):
    return {
        "joint_states": graph.listen(JointState, "/sim/joint_states"),
        "odom": graph.listen(Odometry, "/sim/odom"),
        "scan": graph.listen(LaserScan, "/sim/scan", qos_profile_sensor_data),
        "image": graph.listen(Image, "/sim/image_raw", qos_profile_sensor_data),
        "labels": graph.listen(Image, "/sim/label_image"),
        "imu": graph.listen(Imu, "/sim/imu", qos_profile_sensor_data),
        "info": graph.listen(CameraInfo, "/sim/camera_info"),
        "map": graph.listen(OccupancyGrid, "/sim/map", LATCHED),
        "obstacles": graph.listen(ObstacleArray, "/sim/obstacles", LATCHED),
        "contacts": graph.listen(DiagnosticStatus, "/sim/simulation/contacts", LATCHED),
        "diagnostics": graph.listen(DiagnosticArray, "/diagnostics"),
    }


def motion(goal, duration=1.0) -> Trajectory:
    s = np.linspace(0, 1, 30)[:, None]
    step = np.asarray(goal) - ROBOT.ready
    return Trajectory(
        ROBOT.joint_names,
        duration * s[:, 0],
        ROBOT.ready + (3 * s**2 - 2 * s**3) * step,
        (6 * s - 6 * s**2) * step / duration,
        (6 - 12 * s) * step / duration**2,
    )


def test_every_sensor_speaks_with_its_frame_and_shape(heard, wait_until):
    assert wait_until(lambda: all(len(heard[topic]) for topic in heard))
    scan, odom, joints = heard["scan"][-1], heard["odom"][-1], heard["joint_states"][-1]
    assert scan.header.frame_id == "base_scan" and len(scan.ranges) == 360
    assert scan.angle_min == pytest.approx(-np.pi) and 0.1 < min(scan.ranges) < scan.range_max
    assert (odom.header.frame_id, odom.child_frame_id) == ("odom", "base_link")
    assert to_planar(odom.pose.pose) == pytest.approx(DEMO_START, abs=1e-3)
    assert tuple(joints.name) == (*ROBOT.joint_names, *ROBOT.finger_joints)
    assert joints.position[:7] == pytest.approx(ROBOT.ready, abs=1e-3) and len(joints.effort) == 9


def test_image_labels_and_camera_info_belong_together(heard, wait_until):
    assert wait_until(lambda: {to_seconds(m.header.stamp) for m in heard["image"]}
                      & {to_seconds(m.header.stamp) for m in heard["labels"]})  # fmt: skip
    image, labels, info = heard["image"][-1], heard["labels"][-1], heard["info"][-1]
    assert image.header.frame_id == labels.header.frame_id == info.header.frame_id == "camera_optical_frame"
    assert to_rgb(image).shape == (240, 320, 3) and to_rgb(image).std() > 5
    assert set(np.unique(to_labels(labels))) <= set(LabelClass)
    assert info.k[0] == pytest.approx(160 / np.tan(np.radians(35))) and (info.width, info.height) == (320, 240)


def test_map_and_obstacles_are_the_description(heard, wait_until, simulation):
    assert wait_until(lambda: heard["obstacles"] and heard["map"])
    assert to_scene(heard["obstacles"][0], "panda_link0").obstacles[0].id == demo_arm_scene().obstacles[0].id
    grid = heard["map"][0]
    occupied = np.array(grid.data).reshape(grid.info.height, grid.info.width) > 50
    expected = simulation._world.description.occupancy(MAP_RESOLUTION).occupied
    np.testing.assert_array_equal(occupied, expected)


def test_arm_follows_a_trajectory_and_refuses_a_broken_one(graph, heard, wait_until, simulation):
    publisher = graph.publisher(JointTrajectory, "/sim/joint_trajectory")
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    goal = ROBOT.ready + np.array([0.4, 0, 0, 0, 0, 0, 0.2])
    message = to_joint_trajectory(motion(goal), Header())
    broken = to_joint_trajectory(motion(goal), Header())
    broken.points[3].positions[2] = float("nan")
    reversed_time = to_joint_trajectory(motion(goal), Header())
    reversed_time.points.reverse()
    stranger = to_joint_trajectory(motion(goal), Header())
    stranger.joint_names = ["elbow", *stranger.joint_names[1:]]
    elsewhere = to_joint_trajectory(motion(goal), Header())
    for point in elsewhere.points:
        point.positions[0] += 1.0
    before = simulation.monitor.num_errors
    for count, bad in enumerate(
        (broken, reversed_time, stranger, elsewhere, JointTrajectory(points=message.points)), 1
    ):
        publisher.publish(bad)
        assert wait_until(lambda: simulation.monitor.num_errors == before + count), count  # noqa: B023
    assert heard["joint_states"][-1].position[0] == pytest.approx(0.0, abs=1e-3)
    publisher.publish(message)
    assert wait_until(lambda: abs(heard["joint_states"][-1].position[0] - 0.4) < 0.005)
    message.points = message.points[-1:]  # a single point, later than 0: from where the arm is
    message.points[0].positions[0] += 0.2
    publisher.publish(message)
    assert wait_until(lambda: abs(heard["joint_states"][-1].position[0] - 0.6) < 0.005)
    assert from_contacts(heard["contacts"][-1])["arm"] == 0


def test_base_drives_and_stops_when_commands_cease(graph, heard, wait_until):
    publisher = graph.publisher(Twist, "/sim/cmd_vel")
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    before, command = len(heard["odom"]), Twist()
    command.linear.x = 0.3
    publisher.publish(command)
    # The machine's speed is not in these numbers: distance is speed by simulated time.
    assert wait_until(lambda: any(message.twist.twist.linear.x > 0.15 for message in heard["odom"][before:]))
    assert wait_until(lambda: heard["odom"][-1].twist.twist.linear.x < 0.01)
    assert 0.05 < np.hypot(*(to_planar(heard["odom"][-1].pose.pose)[:2] - DEMO_START[:2])) < 0.5


def test_bad_command_is_refused_and_the_node_goes_on(graph, heard, wait_until, simulation):
    publisher = graph.publisher(Twist, "/sim/cmd_vel")
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    before, command = simulation.monitor.num_errors, Twist()
    command.angular.z = float("inf")
    publisher.publish(command)
    assert wait_until(lambda: simulation.monitor.num_errors == before + 1)
    count = len(heard["scan"])
    assert wait_until(lambda: len(heard["scan"]) > count)


def test_obstacles_are_told_again_when_one_is_pushed_and_only_then(heard, wait_until, simulation):
    assert wait_until(lambda: heard["obstacles"])
    count, where = len(heard["obstacles"]), parcel(heard["obstacles"][-1])

    def push(world):
        world.data.joint("cell_11_parcel").qvel[1] = 0.6

    simulation._runner.submit(push).result(timeout=5.0)
    assert wait_until(lambda: parcel(heard["obstacles"][-1]).center[0] > where.center[0] + 0.005)
    told = heard["obstacles"][count:]
    assert all(message.header.frame_id == "panda_link0" for message in told)
    assert 1 <= len(told) <= 8, "while it slides, not for ever"


def parcel(message: ObstacleArray):
    return next(o for o in to_scene(message, "panda_link0").obstacles if o.id == "parcel")


def test_reset_puts_everything_back_while_time_goes_on(graph, heard, wait_until):
    assert wait_until(lambda: heard["odom"] and heard["joint_states"])
    before = to_seconds(heard["odom"][-1].header.stamp)
    assert graph.call(Trigger, "/sim/simulation/reset").success

    def back() -> bool:
        odom, joints = heard["odom"][-1], heard["joint_states"][-1]
        at_start = to_planar(odom.pose.pose) == pytest.approx(DEMO_START, abs=0.01)
        at_start = at_start and abs(parcel(heard["obstacles"][-1]).center[0] - 0.36) < 2e-3
        return at_start and abs(joints.position[0]) < 1e-3 and to_seconds(odom.header.stamp) > before + 0.1

    assert wait_until(back)
    stamps = [to_seconds(message.header.stamp) for message in heard["odom"]]
    assert stamps == sorted(stamps)


def test_diagnostics_tell_the_real_time_factor(heard, wait_until):
    def reports():
        for message in list(heard["diagnostics"]):
            for status in message.status:
                values = {pair.key: pair.value for pair in status.values}
                if status.name == "/sim/simulation" and "real_time_factor" in values:
                    wall = to_seconds(message.header.stamp)
                    yield wall, float(values["simulated_time"]), float(values["real_time_factor"])

    def told_as_it_was() -> bool:
        """Whether simulated time went by as told between two reports, however fast the machine is."""
        return any(
            factor == pytest.approx((simulated_1 - simulated_0) / (wall_1 - wall_0), rel=0.25, abs=0.03)
            for (wall_0, simulated_0, _), (wall_1, simulated_1, factor) in combinations(reports(), 2)
            if wall_1 - wall_0 > 3.0
        )

    assert wait_until(told_as_it_was)


def test_clock_starts_at_zero_and_the_world_can_run_fast(graph, wait_until):
    settings = {"world": "floor", "floor.seed": 3, "rates.camera": 0.0, "publish_clock": True, "real_time_factor": 5.0}
    overrides = [Parameter(name, value=value) for name, value in settings.items()]
    clocks = graph.listen(Clock, "/clock", CLOCK)
    node = graph.add(SimulationNode(namespace="fast", parameter_overrides=overrides))
    try:
        started = time.monotonic()
        assert node.start()
        assert wait_until(lambda: clocks)
        assert to_seconds(clocks[0].clock) < 5.0 * (time.monotonic() - started)
        assert wait_until(lambda: to_seconds(clocks[-1].clock) > 2.0)
    finally:
        graph.remove(node)


def test_robots_with_names_have_topics_of_their_own(graph, wait_until):
    settings = {"world": "floor", "robots": ["left", "right"], "rates.camera": 0.0}
    overrides = [Parameter(name, value=value) for name, value in settings.items()]
    node = graph.add(SimulationNode(namespace="fleet", parameter_overrides=overrides))
    try:
        heard = {
            (robot, topic): graph.listen(kind, f"/fleet/{robot}/{topic}", qos)
            for robot in ("left", "right")
            for topic, kind, qos in (("odom", Odometry, 10), ("scan", LaserScan, 10), ("map", OccupancyGrid, LATCHED))
        }
        contacts = graph.listen(DiagnosticStatus, "/fleet/simulation/contacts", LATCHED)
        commands = graph.publisher(Twist, "/fleet/right/cmd_vel")
        assert node.start() and wait_until(lambda: all(heard.values()) and contacts)
        first = {robot: to_planar(heard[robot, "odom"][0].pose.pose) for robot in ("left", "right")}
        assert first["left"] == pytest.approx(DEMO_START, abs=1e-3) and first["right"] != pytest.approx(DEMO_START)
        assert from_contacts(contacts[-1]) == {"left/base": 0, "right/base": 0}
        turn = Twist()
        turn.angular.z = 1.0

        def turns():
            commands.publish(turn)
            return heard["right", "odom"][-1].twist.twist.angular.z > 0.5

        assert wait_until(turns)
        assert wait_until(lambda: abs(heard["right", "odom"][-1].twist.twist.angular.z) < 0.05), "no commands any more"
        left = heard["left", "odom"][-1]
        assert to_planar(left.pose.pose) == pytest.approx(first["left"], abs=0.01)
    finally:
        graph.remove(node)


def test_arm_cameras_speak_when_asked_for(graph, wait_until):
    settings = {"world": "arm_cell", "rates.arm_cameras": 5.0}
    overrides = [Parameter(name, value=value) for name, value in settings.items()]
    node = graph.add(SimulationNode(namespace="eyes", parameter_overrides=overrides))
    try:
        assert node.start()
        for camera in ("wrist_camera", "overview_camera"):
            heard = {
                topic: graph.listen(message, f"/eyes/{camera}/{topic}", qos_profile_sensor_data)
                for topic, message in (
                    ("image_raw", Image), ("camera_info", CameraInfo), ("depth/image_raw", Image),
                    ("depth/camera_info", CameraInfo), ("points", PointCloud2),
                )
            }  # fmt: skip
            assert wait_until(lambda heard=heard: all(heard.values()))
            assert {messages[0].header.frame_id for messages in heard.values()} == {f"{camera}_optical_frame"}
            depth = to_depth(heard["depth/image_raw"][0])
            assert to_camera(heard["depth/camera_info"][0], depth.shape).fx == pytest.approx(277.13, abs=0.01)
            points = to_points(heard["points"][0])
            assert len(points) == np.isfinite(depth).sum() > 10_000 and (points[:, 2] > 0).all()
    finally:
        graph.remove(node)


@pytest.mark.parametrize(
    "settings", [{"real_time_factor": 2.0}, {"world": "both", "floor.seed": 4}, {"robots": ["a", "a"]}]
)
def test_settings_that_make_no_sense_are_refused(graph, settings):
    overrides = [Parameter(name, value=value) for name, value in settings.items()]
    node = graph.add(SimulationNode(namespace="refused", parameter_overrides=overrides))
    try:
        assert not node.start() and node.monitor.failed
    finally:
        graph.remove(node)
