"""How a process ends: nodes are deactivated while ROS is still up, so the last command and the last answer get out."""

import signal
import subprocess
import sys

import pytest
from geometry_msgs.msg import PoseStamped
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
def test_a_base_that_drives_is_stopped_and_its_client_told(wait_until, driven_base, goals_to, process, number):
    """A base without a time-out of its own would go on with the last command for ever."""
    goals, told = goals_to(DriveToGoal, "/ending/local_planner/drive_to_goal"), []
    robot = driven_base("/ending")

    def drives() -> bool:
        """The goal is sent again until the planner is active and has seen the room."""
        if not told or told[-1].done():
            handle = goals.send(AHEAD)
            if handle.accepted:
                told.append(handle.get_result_async())
        return wait_until(robot.drives, 1.0)

    try:
        assert wait_until(drives)
        process.send_signal(number)
        assert process.wait(60.0) == 0
        assert wait_until(robot.stands, 5.0)
        assert wait_until(told[-1].done, 5.0) and told[-1].result().result.error.value == ErrorCode.NOT_ACTIVE
        assert "Traceback" not in process.stdout.read()
    finally:
        robot.close()
