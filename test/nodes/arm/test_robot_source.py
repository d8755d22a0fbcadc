"""Any arm: by its name, by a YAML file, or by the robot_description that the system shares."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from genmodels_interfaces.msg import TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories
from genmodels_ros.errors import ErrorCode
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.nodes.arm import robot_source
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import load_robot

PANDA = load_robot("panda")


@pytest.fixture
def make(graph):
    nodes = []

    def make(**parameters):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in parameters.items()]
        nodes.append(graph.add(TrajectoryGeneratorNode(namespace="described", parameter_overrides=overrides)))
        return nodes[-1]

    yield make
    for node in nodes:
        graph.remove(node)


@pytest.fixture
def settings(tmp_path) -> Path:
    """The Panda's, in the user's own folder, with a ready pose of the user's."""
    content = dict(PANDA.source.settings)
    content["ready"] = [value + 0.01 for value in content["ready"]]
    path = tmp_path / "my_arm.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def state_of(robot, q, **others) -> JointState:
    return JointState(name=[*others, *robot.joint_names], position=[*others.values(), *map(float, q)])


def assert_plans(graph, node):
    robot = node.robot
    goal = np.clip(robot.ready + 0.2, robot.limits.lower, robot.limits.upper)
    request = TrajectoryRequest(start=state_of(robot, robot.ready), joint_goal=state_of(robot, goal), num_samples=4)
    service = f"{node.get_fully_qualified_name()}/generate"
    result = graph.call(GenerateTrajectories, service, GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.SUCCESS, result.error.message
    assert (result.robot, tuple(result.joint_names)) == (robot.name, robot.joint_names)


def test_a_description_on_the_topic_and_settings_in_a_file(graph, make, settings):
    publisher = graph.publisher(String, "described/robot_description", LATCHED)
    publisher.publish(String(data=PANDA.source.urdf))
    node = make(
        robot_settings=str(settings),
        robot_description_semantic=PANDA.source.srdf,
        model__checkpoint=str(shipped("panda_diffusion")),
    )
    assert node.start(), node.monitor.last_error
    np.testing.assert_allclose(node.robot.ready, PANDA.ready + 0.01)
    assert_plans(graph, node)
    graph.node.destroy_publisher(publisher)


def test_a_description_as_a_parameter(graph, make, settings):
    node = make(
        robot_settings=str(settings),
        robot_description=PANDA.source.urdf,
        robot_description_semantic=PANDA.source.srdf,
        model__checkpoint=str(shipped("panda_diffusion")),
    )
    assert node.start(), node.monitor.last_error
    assert_plans(graph, node)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"robot": "r2d2"}, "r2d2"),
        ({"robot": "/nowhere/arm.yaml"}, "/nowhere/arm.yaml"),
        ({"robot_settings": "/nowhere/arm.yaml", "robot_description": "<robot/>"}, "/nowhere/arm.yaml"),
        ({"robot": "ur5", "model.checkpoint": str(shipped("panda_diffusion"))}, "panda"),
    ],
)
def test_an_arm_that_cannot_be_had_leaves_the_node_unconfigured_and_says_why(make, parameters, words):
    node = make(**parameters)
    assert not node.start()
    assert "MODEL_UNAVAILABLE" in node.monitor.last_error or words in node.monitor.last_error
    assert words in node.monitor.last_error


def test_a_description_that_does_not_come_is_not_waited_for_forever(make, settings, monkeypatch):
    monkeypatch.setattr(robot_source, "PATIENCE", 0.05)
    node = make(robot_settings=str(settings))
    assert not node.start()
    assert "robot_description" in node.monitor.last_error


def test_a_whole_robot_s_state_serves_as_start_and_goal(graph, make):
    """Fingers and mimic joints of the description, in any order, beside the arm's own joints."""
    node = make()
    assert node.start()
    start = state_of(PANDA, PANDA.ready, panda_finger_joint2=0.04, panda_finger_joint1=0.04)
    goal = state_of(PANDA, PANDA.ready + 0.1, panda_finger_joint1=0.0)
    goal.name, goal.position = goal.name[::-1], goal.position[::-1]
    request = TrajectoryRequest(start=start, joint_goal=goal, num_samples=4)
    service = f"{node.get_fully_qualified_name()}/generate"
    result = graph.call(GenerateTrajectories, service, GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.SUCCESS, result.error.message
    np.testing.assert_allclose(result.candidates[0].trajectory.points[-1].positions, PANDA.ready + 0.1, atol=1e-6)
    request.start.name[0] = "wheel"
    result = graph.call(GenerateTrajectories, service, GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.UNKNOWN_JOINT and "wheel" in result.error.message
    assert result.robot == "panda" and len(result.joint_names) == 7, "a failure says whose it is, too"
