"""How a process ends: nodes are deactivated while ROS is still up, so the last command and the last answer get out."""

import signal
import subprocess
import sys

import pytest
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from std_msgs.msg import Header

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.errors import ErrorCode

AHEAD = DriveToGoal.Goal(goal=PoseStamped(header=Header(frame_id="odom"), pose=from_planar((2.3, 0.0, 0.0))))


@pytest.fixture
def process():
    """A local planner of its own process in the namespace /ending."""
    options = ["--ros-args", "-r", "__ns:=/ending", "-p", "scan.max_age:=3.0"]
    command = [sys.executable, "-m", "genmodels_ros.nodes.bringup", "--nodes", "local_planner", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_base_that_drives_is_stopped_and_its_client_told(graph, wait_until, driven_base, process, number):
    """A base without a time-out of its own would go on with the last command for ever."""
    robot = driven_base("/ending")
    client = ActionClient(graph.node, DriveToGoal, "/ending/local_planner/drive_to_goal")
    handles = []

    def drives() -> bool:
        """The goal is sent again until the planner is active and has seen the room."""
        if not handles or handles[-1][1].done():
            sent = client.send_goal_async(AHEAD)
            assert wait_until(sent.done)
            if sent.result().accepted:
                handles.append((sent.result(), sent.result().get_result_async()))
        return wait_until(robot.drives, 1.0)

    try:
        assert client.wait_for_server(60.0) and wait_until(drives)
        process.send_signal(number)
        assert process.wait(60.0) == 0
        assert wait_until(robot.stands, 5.0)
        told = handles[-1][1]
        assert wait_until(told.done, 5.0) and told.result().result.error.value == ErrorCode.NOT_ACTIVE
        assert "Traceback" not in process.stdout.read()
    finally:
        robot.close()
        client.destroy()
