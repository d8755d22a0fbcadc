"""The simulated robots as a user starts them: all becomes active, a question is answered, Ctrl-C ends all with code 0.

Run by launch_testing (test_launched.py): launch_test test/launch/launched/simulated.py
"""

import time
import unittest

import launch_testing
import rclpy
from geometry_msgs.msg import Twist
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.substitutions import FindPackageShare
from launch_testing.actions import ReadyToTest
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from sensor_msgs.msg import JointState

from genmodels_interfaces.msg import CommandSequence, ErrorCode, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories, ImagineRollouts

PATIENCE = 90.0  # s: from a process's start to a loaded model, on a slow machine
NAMESPACE = "launched"
GOAL = JointState(name=[f"panda_joint{i}" for i in range(1, 8)], position=[0.6, 0.2, 0.0, -1.8, 0.0, 2.0, 0.8])
QUESTIONS = {  # of a node that needs the simulation's sensors for its answer
    "world_model": (
        ImagineRollouts,
        "world_model/imagine",
        ImagineRollouts.Request(sequences=[CommandSequence(commands=[Twist()] * 5)], num_samples=2, seed=1),
    ),
    "trajectory_generator": (
        GenerateTrajectories,
        "trajectory_generator/generate",
        GenerateTrajectories.Request(request=TrajectoryRequest(use_current_state=True, joint_goal=GOAL)),
    ),
}


@launch_testing.parametrize(
    "file, model, composed",
    [
        ("sim_mobile", "world_model", "true"),
        ("sim_mobile", "world_model", "false"),
        ("sim_arm", "trajectory_generator", "false"),
    ],
)
def generate_test_description(file, model, composed):
    source = PythonLaunchDescriptionSource([FindPackageShare("genmodels_ros"), f"/launch/{file}.launch.py"])
    arguments = {"namespace": NAMESPACE, "nodes": model, "composed": composed}
    return LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments.items()), ReadyToTest()])


class WhileItRuns(unittest.TestCase):
    def setUp(self):
        rclpy.init()
        self.node = rclpy.create_node("asker", namespace=NAMESPACE)

    def tearDown(self):
        self.node.destroy_node()
        rclpy.shutdown()

    def call(self, kind, name, request):
        client = self.node.create_client(kind, name)
        self.assertTrue(client.wait_for_service(PATIENCE), f"no service {name}")
        future = client.call_async(request)
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=PATIENCE)
        self.assertTrue(future.done(), f"{name} does not answer")
        return future.result()

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.5)

    def test_nodes_are_active_and_answer(self, model):
        for name in ("simulation", model):
            self.until(lambda name=name: self.is_active(name), f"{name} does not become active")
        kind, name, request = QUESTIONS[model]
        self.until(lambda: error_of(self.call(kind, name, request)) == ErrorCode.SUCCESS, f"{name} does not succeed")

    def is_active(self, name) -> bool:
        state = self.call(GetState, f"{name}/get_state", GetState.Request()).current_state
        return state.id == State.PRIMARY_STATE_ACTIVE


def error_of(answer) -> int:
    return getattr(answer, "result", answer).error.value


@launch_testing.post_shutdown_test()
class AfterCtrlC(unittest.TestCase):
    def test_every_process_ended_with_code_0(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
