"""Obstacles that the node sees: planned around, shown, and missed when the sensor falls silent."""

import numpy as np
import pytest
import torch
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, JointState, PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from genmodels_interfaces.msg import ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories
from genmodels_ros.conversions.depth import from_depth
from genmodels_ros.conversions.obstacles import to_scene
from genmodels_ros.conversions.point_clouds import from_points
from genmodels_ros.conversions.simulated import to_camera_info
from genmodels_ros.conversions.stamps import to_stamp
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.arm.perception import DEPTH, POINTS
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.paths.verification import verify
from genmodels_ros.robots.scene.depth import PinholeCamera, depth_points
from genmodels_ros.robots.scene.scene_objects import ObjectScene, SceneObject

ROBOT = load_robot("panda")
START = ROBOT.ready
GOAL = START + np.array([1.4, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])
POST = Box(center=(0.27, 0.22, 0.3), dims=(0.06, 0.06, 0.6), id="post")
CAMERA = PinholeCamera(160, 120, 130.0, 130.0, 80.0, 60.0)
# 1.3 m in front of the base and 0.5 m up, looking back at it: optical z is base -x, optical x is base y.
POSE = [1.3, 0.0, 0.5, 0.5, 0.5, -0.5, -0.5]
BASE_FROM_CAMERA = np.array([[0.0, 0, -1, 1.3], [1, 0, 0, 0], [0, -1, 0, 0.5], [0, 0, 0, 1]])


def depth_image() -> np.ndarray:
    """What the camera sees of the post, in metres; NaN where there is nothing (slab method, Kay and Kajiya 1986)."""
    columns, rows = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    rays = np.stack([(columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones(rows.shape)], axis=-1)
    directions = rays @ BASE_FROM_CAMERA[:3, :3].T + 1e-12
    near = (POST.center - POST.dims / 2 - BASE_FROM_CAMERA[:3, 3]) / directions
    far = (POST.center + POST.dims / 2 - BASE_FROM_CAMERA[:3, 3]) / directions
    enter, leave = np.minimum(near, far).max(axis=-1), np.maximum(near, far).min(axis=-1)
    return np.where((enter < leave) & (enter > 0), enter, np.nan)


PATIENT = {"joint_states.max_age": 60.0, "perception.max_age": 60.0}


@pytest.fixture(scope="module")
def camera_node(started):
    parameters = {"perception.source": DEPTH, "perception.camera_pose": POSE}
    return started(TrajectoryGeneratorNode, "depth_seeing", PATIENT | parameters)


@pytest.fixture(scope="module")
def cloud_node(started):
    return started(TrajectoryGeneratorNode, "cloud_seeing", PATIENT | {"perception.source": POINTS})


def now(node) -> float:
    return node.get_clock().now().nanoseconds * 1e-9


def say_state(graph, node, wait_until, q=START) -> float:
    """Publishes joint states and waits for them to arrive; their stamp in s."""
    publisher = graph.publisher(JointState, f"{node.get_namespace()}/joint_states")
    assert wait_until(publisher.get_subscription_count)
    before, stamp = len(node.state._recent), now(node)
    header = Header(stamp=to_stamp(stamp))
    publisher.publish(JointState(header=header, name=list(ROBOT.joint_names), position=list(map(float, q))))
    assert wait_until(lambda: len(node.state._recent) > before)
    graph.node.destroy_publisher(publisher)
    return stamp


def show(graph, node, wait_until, message, topic) -> None:
    """Publishes and waits until the node has looked."""
    seen = []
    looked = node.scene_input._perception._changed
    node.scene_input._perception._changed = lambda: (looked(), seen.append(True))
    publisher = graph.publisher(type(message), f"{node.get_namespace()}/{topic}", qos_profile_sensor_data)
    assert wait_until(publisher.get_subscription_count)
    publisher.publish(message)
    assert wait_until(lambda: seen), "the node did not look"
    node.scene_input._perception._changed = looked
    graph.node.destroy_publisher(publisher)


def generate(graph, node, **fields):
    start, goal = (JointState(name=list(ROBOT.joint_names), position=list(map(float, q))) for q in (START, GOAL))
    request = TrajectoryRequest(start=start, joint_goal=goal, num_samples=8, seed=1, **fields)
    service = f"{node.get_fully_qualified_name()}/generate"
    return graph.call(GenerateTrajectories, service, GenerateTrajectories.Request(request=request)).result


def test_a_depth_image_becomes_obstacles_that_the_plan_keeps_clear_of(graph, camera_node, wait_until):
    node = camera_node
    answer = generate(graph, node)
    assert answer.error.value == ErrorCode.PERCEPTION_TOO_OLD and "none has arrived" in answer.error.message
    assert generate(graph, node, ignore_obstacles_topic=True).error.value == ErrorCode.SUCCESS

    boxes = graph.listen(ObstacleArray, f"{node.get_fully_qualified_name()}/perceived_obstacles", LATCHED)
    markers = graph.listen(MarkerArray, f"{node.get_fully_qualified_name()}/obstacle_markers", LATCHED)
    say_state(graph, node, wait_until)
    header = Header(frame_id="camera_optical_frame", stamp=to_stamp(now(node)))
    info = graph.publisher(CameraInfo, f"{node.get_namespace()}/depth/camera_info", qos_profile_sensor_data)
    assert wait_until(info.get_subscription_count)
    info.publish(to_camera_info(CAMERA.width, CAMERA.height, CAMERA.fx, header))
    assert wait_until(lambda: node.scene_input._perception._camera_info)
    show(graph, node, wait_until, from_depth(depth_image(), header), "depth/image_raw")

    assert wait_until(lambda: boxes and boxes[-1].obstacles)
    perceived = to_scene(boxes[-1], ROBOT.base_frame)
    lower = np.min([box.center - box.dims / 2 for box in perceived.boxes], axis=0)
    upper = np.max([box.center + box.dims / 2 for box in perceived.boxes], axis=0)
    face = POST.center[0] + POST.dims[0] / 2
    assert lower[0] <= face <= upper[0] <= face + 0.031, "the face that the camera sees"
    assert upper[1] - lower[1] < POST.dims[1] + 0.08
    assert wait_until(lambda: any(marker.type == Marker.CUBE for message in markers for marker in message.markers))

    details = node.details()
    assert int(details["perceived_boxes"]) == len(perceived.obstacles) and details["perceived_voxel_size"] == "0.03"
    result = generate(graph, node)
    assert result.error.value == ErrorCode.SUCCESS, result.error.message
    front = Box(POST.center + np.array([0.02, 0, 0]), POST.dims - np.array([0.04, 0, 0]), id="what can be seen of it")
    for candidate in result.candidates:
        trajectory = to_trajectory(candidate.trajectory, ROBOT.joint_names)
        assert verify(trajectory, ROBOT, Scene((front,))).valid
    show(graph, node, wait_until, from_depth(np.zeros((CAMERA.height, CAMERA.width)), header), "depth/image_raw")
    assert generate(graph, node).error.value == ErrorCode.INVALID_IMAGE, "a covered lens is no empty scene"
    straight = generate(graph, node, ignore_obstacles_topic=True).candidates
    hit = [verify(to_trajectory(c.trajectory, ROBOT.joint_names), ROBOT, Scene((front,))).valid for c in straight]
    assert not all(hit), "blind, it would have met the post"


def cloud(node, frame="panda_link0", points=((0.5, 0.5, 0.5),), age=0.0) -> PointCloud2:
    return from_points(np.array(points), Header(frame_id=frame, stamp=to_stamp(now(node) - age)))


def centers(node) -> np.ndarray:
    return np.array([box.center for box in node.scene_input.scene().boxes])


def test_a_view_that_cannot_be_used_is_an_error_until_a_better_one_comes(graph, cloud_node, wait_until):
    node = cloud_node
    say_state(graph, node, wait_until)
    broken = cloud(node)
    broken.point_step = 7
    covered = cloud(node, points=np.full((50, 3), np.nan))
    for message, code in (
        (broken, ErrorCode.INVALID_POINT_CLOUD),
        (covered, ErrorCode.INVALID_POINT_CLOUD),
        (cloud(node, frame="camera"), ErrorCode.UNKNOWN_FRAME),
        (cloud(node, age=300.0), ErrorCode.NO_ROBOT_STATE),
    ):
        show(graph, node, wait_until, message, "points")
        answer = generate(graph, node)
        assert ErrorCode(answer.error.value) == code, answer.error.message
        assert (answer.robot, answer.joint_names) == ("panda", list(ROBOT.joint_names))
        show(graph, node, wait_until, cloud(node), "points")
        assert generate(graph, node).error.value == ErrorCode.SUCCESS
    np.testing.assert_allclose(centers(node), [[0.5, 0.5, 0.5]], atol=0.03)


def test_a_cloud_without_points_is_an_empty_scene(graph, cloud_node, wait_until):
    say_state(graph, cloud_node, wait_until)
    show(graph, cloud_node, wait_until, cloud(cloud_node, points=np.empty((0, 3))), "points")
    assert cloud_node.scene_input.scene() == Scene()


def set_age(node, seconds: float) -> None:
    assert node.set_parameters([Parameter("perception.max_age", value=seconds)])[0].successful


def test_a_view_grows_old(graph, cloud_node, wait_until):
    node = cloud_node
    say_state(graph, node, wait_until)
    show(graph, node, wait_until, cloud(node, age=5.0), "points")
    assert generate(graph, node).error.value == ErrorCode.SUCCESS
    set_age(node, 4.0)
    answer = generate(graph, node)
    assert answer.error.value == ErrorCode.PERCEPTION_TOO_OLD and "point cloud" in answer.error.message
    set_age(node, 60.0)
    assert generate(graph, node).error.value == ErrorCode.SUCCESS


def set_pose(node, pose, parent="") -> None:
    values = {"perception.camera_pose": pose, "perception.camera_parent": parent}
    assert all(r.successful for r in node.set_parameters([Parameter(k, value=v) for k, v in values.items()]))


def test_a_sensor_on_the_hand_moves_with_it(graph, cloud_node, wait_until):
    """By its frame, if that is a link, or by a pose in its parent."""
    node = cloud_node
    hand = link_pose(ROBOT.chain, torch.as_tensor(START), "panda_hand").numpy()
    ahead = np.array([0.1, 0.0, 0.4])  # in the hand's frame
    expected = hand[:3, :3] @ ahead + hand[:3, 3]
    say_state(graph, node, wait_until)
    show(graph, node, wait_until, cloud(node, "panda_hand", [ahead]), "points")
    np.testing.assert_allclose(centers(node), [expected], atol=0.03)
    # A camera 0.1 m along the hand's x, turned by 180 degrees about z.
    set_pose(node, [0.1, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0], "panda_hand")
    show(graph, node, wait_until, cloud(node, "camera", [[0.0, 0.0, 0.4]]), "points")
    np.testing.assert_allclose(centers(node), [expected], atol=0.03)
    set_pose(node, [0.1, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0], "panda_hand")
    show(graph, node, wait_until, cloud(node, "camera"), "points")
    assert generate(graph, node).error.value == ErrorCode.NOT_FINITE, "not a unit quaternion"
    set_pose(node, [0.0] * 7)


def test_the_arm_is_taken_out_where_it_was_when_the_sensor_looked(graph, cloud_node, wait_until):
    node = cloud_node
    then = say_state(graph, node, wait_until, START)
    hand = link_pose(ROBOT.chain, torch.as_tensor(START), "panda_hand").numpy()[:3, 3]
    turned = START.copy()
    turned[0] += 1.0
    say_state(graph, node, wait_until, turned)
    points = cloud(node, points=[hand])
    points.header.stamp = to_stamp(then)
    show(graph, node, wait_until, points, "points")
    assert not node.scene_input.scene().obstacles
    points.header.stamp = to_stamp(now(node))
    show(graph, node, wait_until, points, "points")
    assert node.scene_input.scene().obstacles, "there is something where the hand has left"


def test_the_picture_of_the_post_is_right():
    points = depth_points(depth_image(), CAMERA, BASE_FROM_CAMERA)
    outside = np.abs(points - POST.center) - POST.dims / 2
    assert len(points) > 200
    np.testing.assert_allclose(outside.max(axis=1), 0, atol=1e-5)


def test_what_the_arm_carries_is_seen_as_the_arm(graph, cloud_node, wait_until):
    stick = SceneObject("stick", np.eye(4), ((np.eye(4), (Box((0, 0, 0.3), (0.02, 0.02, 0.4)),)),), link="panda_hand")
    along = np.column_stack([np.zeros((40, 2)), np.linspace(0.2, 0.5, 40), np.ones(40)])
    hand = link_pose(ROBOT.chain, torch.as_tensor(START), "panda_hand").numpy()
    scene_input = cloud_node.scene_input

    def seen() -> int:
        cloud = from_points((along @ hand.T)[:, :3], Header(frame_id="panda_link0"))
        cloud.header.stamp = to_stamp(say_state(graph, cloud_node, wait_until))
        show(graph, cloud_node, wait_until, cloud, "points")
        return len(scene_input._perceived().obstacles)

    assert seen() > 0
    try:
        scene_input.planning_scene.objects = ObjectScene().put(stick)
        assert seen() == 0
    finally:
        scene_input.planning_scene.objects = ObjectScene()
