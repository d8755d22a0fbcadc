"""Whatever a message holds becomes a query that is checked, or a code and one sentence."""

from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from genmodels_interfaces.msg import CostWeights, GuidanceWeights, Obstacle, ObstacleArray, TrajectoryRequest
from genmodels_ros.conversions.requests import RequestDefaults, deadline_of, to_query
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene

PANDA = load_robot("panda")
NAMES, FINGER = list(PANDA.joint_names), "panda_finger_joint1"
anything = settings(max_examples=150, deadline=None, derandomize=True)


def rarely(good, bad) -> st.SearchStrategy:
    """A bad one once in ten times, so that messages without a fault, or with one, are common."""
    return st.integers(0, 9).flatmap(lambda draw: good if draw else bad)


number = rarely(st.floats(-1, 1), st.floats())
positive = rarely(st.floats(0, 1), st.floats())
frames = st.builds(Header, frame_id=rarely(st.sampled_from(["", PANDA.base_frame]), st.text(max_size=9)))
quaternions = rarely(
    st.sampled_from([Quaternion(w=1.0), Quaternion(x=0.6, w=0.8)]),
    st.builds(Quaternion, x=number, y=number, z=number, w=number),
)
points = st.builds(Point, x=number, y=number, z=number)
poses = st.builds(Pose, position=points, orientation=quaternions)


def states() -> st.SearchStrategy:
    good = st.permutations(range(7)).map(
        lambda order: JointState(name=[NAMES[i] for i in order], position=[PANDA.ready[i] for i in order])
    )
    name = st.sampled_from([*NAMES, FINGER, "elbow", ""])
    bad = st.builds(JointState, name=st.lists(name, max_size=9), position=st.lists(st.floats(), max_size=9))
    return rarely(good, bad)


primitives = st.builds(
    SolidPrimitive,
    type=rarely(st.integers(1, 3), st.integers(0, 255)),
    dimensions=rarely(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.lists(st.floats(), max_size=3)),
)
obstacles = st.builds(Obstacle, id=st.text(max_size=5), primitive=primitives, pose=poses)
scenes = st.builds(ObstacleArray, header=frames, obstacles=st.lists(obstacles, max_size=3))
durations = st.integers(-5, 2**31 - 1)
trajectories = st.builds(
    JointTrajectory,
    header=frames,
    joint_names=rarely(st.just(NAMES), st.lists(st.sampled_from([*NAMES, "elbow"]), max_size=9)),
    points=st.lists(
        st.builds(
            lambda seconds, positions, velocities: _point(seconds, positions, velocities),
            durations,
            rarely(st.lists(number, min_size=7, max_size=7), st.lists(st.floats(), max_size=9)),
            rarely(st.just([]), st.lists(st.floats(), max_size=9)),
        ),
        max_size=4,
    ),
)


def _point(seconds: int, positions, velocities) -> JointTrajectoryPoint:
    point = JointTrajectoryPoint(positions=positions, velocities=velocities)
    point.time_from_start.sec = seconds
    return point


requests = st.builds(
    TrajectoryRequest,
    start=states(),
    joint_goal=rarely(states(), st.just(JointState())),
    has_pose_goal=st.booleans(),
    pose_goal=st.builds(PoseStamped, header=frames, pose=poses),
    obstacles=scenes,
    ignore_obstacles_topic=st.booleans(),
    finger_position=rarely(st.sampled_from([0.0, 0.02]), st.floats()),
    num_samples=rarely(st.integers(0, 64), st.integers(0, 2**32 - 1)),
    max_candidates=st.integers(0, 2**32 - 1),
    seed=st.integers(0, 2**64 - 1),
    velocity_scaling=positive,
    acceleration_scaling=positive,
    weights=st.builds(CostWeights, length=positive, duration=positive, clearance=positive, smoothness=positive),
    guidance=st.builds(GuidanceWeights, collision=positive, length=positive, smoothness=positive, workspace=positive),
    has_workspace=st.booleans(),
    workspace_lower=points,
    workspace_upper=points,
    warm_start=rarely(st.just(JointTrajectory()), trajectories),
    time_limit=positive,
    deadline=positive,
)


def assert_told(error: GenModelsError) -> None:
    assert error.code != ErrorCode.INTERNAL_ERROR
    assert error.message.endswith(".") and "\n" not in error.message


@anything
@given(requests)
def test_any_request_becomes_a_checked_query_or_an_error(request):
    try:
        deadline_of(request)
        query = to_query(request, PANDA, None, Scene(), RequestDefaults())
    except GenModelsError as error:
        assert_told(error)
    else:
        query.check(PANDA)
        assert 1 <= query.num_samples <= RequestDefaults().max_samples
        assert 0 < query.time_limit <= RequestDefaults().max_time_limit


@anything
@given(trajectories)
def test_any_trajectory_is_read_or_refused(message):
    try:
        trajectory = to_trajectory(message, PANDA.joint_names)
    except GenModelsError as error:
        assert_told(error)
    else:
        assert trajectory.joint_names == PANDA.joint_names and trajectory.positions.shape[1] == 7
