"""How goals end that no client of the nodes' tests can bring about."""

from types import SimpleNamespace

import pytest
from rclpy._rclpy_pybind11 import RCLError

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.mobile import drive_action
from genmodels_ros.nodes.mobile.drive_action import DriveAction
from genmodels_ros.nodes.mobile.drive_under_way import DriveUnderWay


class Goal:
    """A goal whose server can no longer publish where `gone`."""

    request, is_cancel_requested = None, False

    def __init__(self, gone: bool):
        self._gone, self.ends = gone, []

    def publish_feedback(self, message):
        if self._gone:
            raise RCLError("publisher is invalid")

    def abort(self):
        self.ends.append("aborted")
        if self._gone:
            raise RCLError("publisher is invalid")


@pytest.fixture
def ended(monkeypatch):
    """ended(goal, begin) → (what was reported, the error that the result tells of)."""
    monkeypatch.setattr(drive_action, "action_server", lambda *arguments, **options: None)

    def run(goal, begin, alive=True):
        reported = []
        node = SimpleNamespace(
            active=True, concurrent=None, context=SimpleNamespace(ok=lambda: alive),
            report=lambda error: reported.append(error) or error,
        )  # fmt: skip
        action = DriveAction(node, None, "drive", begin, lambda drive: None, lambda drive, error: error)
        return reported, action._execute(goal)

    return run


def drive(request):
    return DriveUnderWay(None, 0.3, 0.0)


def refuse(request):
    raise GenModelsError(ErrorCode.INVALID_PATH, "No.")


def test_ctrl_c_during_a_drive_is_no_failure(ended):
    goal = Goal(gone=True)
    assert ended(goal, drive, alive=False) == ([], None) and goal.ends == ["aborted"]


def test_a_failure_is_told_once_and_aborts(ended):
    goal = Goal(gone=False)
    reported, error = ended(goal, refuse)
    assert [error] == reported and error.code == ErrorCode.INVALID_PATH and goal.ends == ["aborted"]


def test_a_broken_publisher_in_a_living_process_is_not_hidden(ended):
    with pytest.raises(RCLError):
        ended(Goal(gone=True), drive)
