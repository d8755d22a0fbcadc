"""Nav2's messages: speed limits, what a path's goal may ask for, and what its result says."""

import math

import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header

from genmodels_ros.conversions import nav2
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError

needs_nav2 = pytest.mark.skipif(
    nav2.FOLLOW_PATH is None, reason="nav2_msgs is no wheel: it comes with Nav2, sudo apt install ros-jazzy-nav2-msgs"
)
OWN = {"controller_id": "FollowPath", "goal_checker_id": "general_goal_checker"}


def test_one_pose_is_a_route_to_it():
    path = Path(header=Header(frame_id="map"), poses=[PoseStamped()])
    assert len(nav2.to_route(path).poses) == 2 and nav2.to_route(path).header.frame_id == "map"
    assert nav2.to_route(Path()).poses == [] and len(path.poses) == 1
    longer = Path(poses=[PoseStamped()] * 3)
    assert nav2.to_route(longer) == longer


@needs_nav2
@pytest.mark.parametrize(
    ("percentage", "limit", "share"),
    [(True, 0.0, 1.0), (False, 0.0, 1.0), (True, 50.0, 0.5), (False, 0.2, 0.4), (True, 300.0, 1.0), (False, 9.0, 1.0)],
)
def test_a_limit_is_a_share_of_the_full_speed(percentage, limit, share):
    message = nav2.SPEED_LIMIT(percentage=percentage, speed_limit=limit)
    assert nav2.from_speed_limit(message, full_speed=0.5) == pytest.approx(share)


@needs_nav2
@pytest.mark.parametrize("limit", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("percentage", [True, False])
def test_a_limit_that_is_none_is_refused(percentage, limit):
    with pytest.raises(GenModelsError) as error:
        nav2.from_speed_limit(nav2.SPEED_LIMIT(percentage=percentage, speed_limit=limit), 0.5)
    assert error.value.code == ErrorCode.INVALID_SCALING


@needs_nav2
def test_a_limit_of_ours_is_read_as_it_was_meant():
    message = nav2.to_speed_limit(30.0, header("base_link", 4.0))
    assert message.header.frame_id == "base_link" and nav2.from_speed_limit(message, 0.5) == pytest.approx(0.3)
    assert nav2.from_speed_limit(nav2.to_speed_limit(nav2.NO_LIMIT, Header()), 0.5) == 1.0


@needs_nav2
@pytest.mark.parametrize("named", [{}, {"controller_id": "FollowPath"}, OWN])
def test_a_goal_may_name_nothing_or_what_there_is(named):
    nav2.check_plugins(nav2.FOLLOW_PATH.Goal(**named), OWN)


@needs_nav2
@pytest.mark.parametrize("field", OWN)
def test_a_goal_for_somebody_else_is_refused(field):
    with pytest.raises(GenModelsError, match=field) as error:
        nav2.check_plugins(nav2.FOLLOW_PATH.Goal(**{field: "Somebody"}), OWN)
    assert nav2.to_follow_path_result(error.value).error_code == nav2.FOLLOW_PATH.Result.INVALID_CONTROLLER


@needs_nav2
@pytest.mark.parametrize("action", ["follow", "compute"])
def test_every_code_has_one_of_nav2_s(action):
    to_result, codes, constants = {
        "follow": (nav2.to_follow_path_result, nav2.FOLLOW_PATH_CODES, nav2.FOLLOW_PATH),
        "compute": (lambda error: nav2.to_computed_path(None, 0.5, error), nav2.COMPUTE_PATH_CODES, nav2.COMPUTE_PATH),
    }[action]
    for code in ErrorCode:
        result = to_result(GenModelsError(code, "A sentence."))
        assert result.error_code == getattr(constants.Result, codes.get(code, "UNKNOWN"))
        assert result.error_msg == "A sentence."


@needs_nav2
def test_a_computed_path_says_how_long_it_took():
    path = Path(poses=[PoseStamped()])
    result = nav2.to_computed_path(path, 0.25, None)
    assert (result.path, result.planning_time.nanosec, result.error_code) == (path, 250_000_000, 0)


@needs_nav2
def test_success_has_no_code():
    result = nav2.to_follow_path_result(None)
    assert (result.error_code, result.error_msg) == (nav2.FOLLOW_PATH.Result.NONE, "")
