"""One decision after the other, with futures whose risk the test decides; and plans by the shipped world model."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model import planar
from genmodels_ros.pipelines.mobile.goal_drive import GoalDrive
from genmodels_ros.pipelines.mobile.local_planning import DriveState, ImaginedFutures, LocalPlanner, plan
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.recovery import ATTEMPTS, DURATION, PATIENCE
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ANGLES = -np.pi + np.pi / 180 * np.arange(360)
TARGET = np.array([1.4, 0.0])


class Kinematics:
    """A base without slip and latency; every future has the same risk."""

    def __init__(self, risk=0.0, takes=True):
        self.risk, self.takes, self.commands = risk, takes, []

    def observe(self, observation) -> bool:
        return self.takes

    def told(self, command) -> None:
        self.commands.append(command)

    def __call__(self, commands):
        return planar.drive(torch.as_tensor(commands), 0.2).numpy(), np.full(commands.shape[:2], self.risk)


def seen(stamp=0.0, pose=(0.0, 0.0, 0.0), ahead=3.0) -> Observation:
    """In a room whose wall ahead is `ahead` m away and the others 3 m."""
    cos, sin = np.cos(ANGLES), np.sin(ANGLES)
    with np.errstate(divide="ignore"):
        ranges = np.minimum(np.where(cos > 0, ahead / cos, -3.0 / cos), 3.0 / np.abs(sin))
    return Observation(stamp, ranges, -np.pi, np.pi / 180, 0.12, 12.0, np.array(pose)).checked()


def decided(planner, count=4, waited=0, **seeing):
    for index in range(count):
        decision = planner.decide(seen(0.2 * index, **seeing), TARGET, waited)
    return decision


def test_it_drives_towards_its_target_and_says_so_to_its_futures():
    futures = Kinematics()
    decision = decided(LocalPlanner(futures))
    assert decision.state == DriveState.DRIVING and decision.command[0] > 0.3
    assert np.array_equal(futures.commands[-1], decision.command)


def test_it_stops_before_what_it_cannot_brake_for_whatever_the_futures_say():
    decision = decided(LocalPlanner(Kinematics()), ahead=0.3)
    assert decision.state == DriveState.STOPPED and decision.command[0] == 0


def test_it_stands_where_every_candidate_is_about_to_touch_something():
    decision = decided(LocalPlanner(Kinematics(risk=0.9)))
    assert decision.state == DriveState.CORNERED and not decision.command.any()


def test_an_observation_left_out_only_serves_the_safety_stop():
    futures = Kinematics()
    planner = LocalPlanner(futures)
    command = decided(planner).command
    futures.takes = False
    assert np.array_equal(planner.decide(seen(0.7), TARGET).command, command)
    assert planner.decide(seen(0.7, ahead=0.3), TARGET).state == DriveState.STOPPED
    assert LocalPlanner(futures).decide(seen(), TARGET).command.any() == False  # noqa: E712


def test_it_recovers_and_gives_up_in_the_end():
    period = PATIENCE + DURATION
    assert decided(LocalPlanner(Kinematics()), waited=PATIENCE).state == DriveState.RECOVERING
    assert decided(LocalPlanner(Kinematics(risk=0.5)), waited=PATIENCE).state == DriveState.WAITING
    assert decided(LocalPlanner(Kinematics()), waited=period).state == DriveState.DRIVING
    assert decided(LocalPlanner(Kinematics()), waited=ATTEMPTS * period).state == DriveState.STUCK


def test_the_same_seed_decides_the_same():
    first, again, other = (decided(LocalPlanner(Kinematics(), seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.command, again.command) and not np.array_equal(first.poses, other.poses)


# --- A whole drive


def drive(task, start=(0.0, 0.0, 0.0), steps=60):
    pose, path = np.array(start), []
    for index in range(steps):
        decision = task.step(seen(0.2 * index, pose))
        pose = planar.advance(torch.as_tensor(pose), torch.as_tensor(decision.command), 0.2).numpy()
        path.append(pose)
        if task.arrived(pose, 0.2):
            break
    return np.array(path)


def test_a_drive_reaches_its_goal():
    task = GoalDrive(LocalPlanner(Kinematics()), np.array([1.5, -1.0]))
    assert task.left(np.zeros(2)) == pytest.approx(np.hypot(1.5, 1.0))
    assert task.arrived(drive(task)[-1], 0.2)


def test_a_drive_follows_its_route():
    route = np.array([[0.0, 0.0], [0.0, 1.5]])
    task = GoalDrive(LocalPlanner(Kinematics()), np.array([1.5, 1.5]), route)
    assert task.left(np.zeros(2)) == pytest.approx(3.0)
    path = drive(task)
    assert task.arrived(path[-1], 0.2) and np.hypot(*(path[:, :2] - (0.0, 1.5)).T).min() < 0.6


@pytest.mark.parametrize("yaw", [0.0, 2.5, -2.5])
def test_where_it_shall_look_it_turns_in_the_end(yaw):
    goal = np.array([1.0, 0.3, yaw])
    task = GoalDrive(LocalPlanner(Kinematics()), goal, goal[None], heading_tolerance=0.1)
    path = drive(task, steps=90)
    assert task.arrived(path[-1], 0.2) and abs(np.angle(np.exp(1j * (path[-1, 2] - yaw)))) < 0.1
    assert np.hypot(*(path[-1, :2] - goal[:2])) < 0.25
    turned = np.abs(np.diff(np.unwrap(path[:, 2]))) / 0.2
    assert turned.max() <= 1.5 + 1e-6, "within its limits"


def test_who_cannot_turn_gives_up_whatever_is_planned_anew():
    goal, states = np.array([1.0, 0.0, 2.0]), []
    task = GoalDrive(LocalPlanner(Kinematics()), goal, goal[None], heading_tolerance=0.1)
    for index in range(60):  # it stands there and looks ahead
        assert not task.arrived(goal * (1, 1, 0), 0.2)
        states.append(task.step(seen(0.2 * index, goal * (1, 1, 0))).state)
        task.reroute(goal + 0.01, goal[None], goal[:2])
    assert DriveState.STUCK not in states[:40] and states[-1] == DriveState.STUCK
    farther = np.add(goal, (2.0, 0.0, 0.0))
    task.reroute(farther, farther[None], goal[:2])
    states = [task.step(seen(12.0 + 0.2 * index, goal * (1, 1, 0))).state for index in range(PATIENCE - 2)]
    assert set(states) == {DriveState.DRIVING}, "another goal is another try"


def test_it_turns_the_short_way_and_as_slowly_as_it_must():
    planner = LocalPlanner(Kinematics())
    planner.limit_speed(0.2)
    assert planner.turn(seen(), 3.0).command == pytest.approx([0.0, 0.3])
    assert planner.turn(seen(0.2), -0.05).command == pytest.approx([0.0, -0.2])


def test_a_new_route_neither_ends_the_search_nor_counts_as_progress():
    """Nav2 plans once a second anew: with the same way each time, nothing is to change."""
    goal, route = np.array([1.5, 1.5]), np.array([[0.0, 0.0], [0.0, 1.5]])
    once, again = (GoalDrive(LocalPlanner(Kinematics()), goal, route) for _ in range(2))
    for index in range(12):
        again.reroute(goal, route, np.zeros(2))
        one, other = (task.step(seen(0.2 * index)) for task in (once, again))
        assert np.array_equal(one.command, other.command)
    again.reroute(-goal, -route, np.zeros(2))
    turned = again.step(seen(2.4))
    assert turned.poses[-1, 1] < 0, "it goes where the new route goes"
    assert again.left(np.zeros(2)) == pytest.approx(3.0)


def test_a_route_that_gets_shorter_by_itself_is_no_progress():
    task, states = GoalDrive(LocalPlanner(Kinematics()), np.array([0.0, 5.0])), []
    for index in range(PATIENCE + 2):
        route = np.array([[0.0, 0.0], [0.0, 5.0 - 0.15 * index]])
        task.reroute(route[-1], route, np.zeros(2))
        states.append(task.step(seen(0.2 * index)).state)
    assert states[-1] == DriveState.RECOVERING


def test_a_fast_lidar_does_not_make_it_impatient():
    task, states = GoalDrive(LocalPlanner(Kinematics()), np.array([1.5, 0.0])), []
    for index in range(4 * PATIENCE + 8):  # it never comes farther; 20 scans a second, 5 decisions
        states.append(task.step(seen(0.05 * index)).state)
    assert states.index(DriveState.RECOVERING) == pytest.approx(4 * PATIENCE, abs=4)


@pytest.mark.parametrize("waited", [0, PATIENCE], ids=["driving", "recovering"])
def test_a_limited_speed_is_kept_whatever_it_does(waited):
    planner, share = LocalPlanner(Kinematics()), 0.25
    bounds = planner.settings.bounds
    limit = share * np.array([bounds.forwards, bounds.turn_rate])

    def speeds() -> np.ndarray:
        planner.reset()
        return np.abs(decided(planner, 8, waited).command)

    free = speeds()
    assert (free > limit).any()
    planner.limit_speed(share)
    assert (speeds() <= limit + 1e-9).all()
    planner.limit_speed(7.0)
    assert np.array_equal(speeds(), free), "its own limits hold again, no more"


# --- With the world model


@pytest.fixture(scope="module")
def world():
    return WorldModel.from_checkpoint(device="cpu")


def watch(world, ahead=3.0, pose=(0.0, 0.0, 0.0)):
    world.reset()
    for index in range(5):
        world.observe(seen(0.2 * index, pose, ahead))
        world.told(np.zeros(2))


def test_a_plan_leads_towards_the_goal_in_odom(world):
    pose = np.array([2.0, 1.0, np.pi / 2])
    watch(world, pose=pose)
    poses = plan(world, (2.0, 2.0))
    assert np.allclose(poses[0], pose) and poses.shape[1] == 3
    assert np.hypot(*(poses[-1, :2] - (2.0, 2.0))) < 0.4
    assert np.allclose(poses, plan(world, (2.0, 2.0, 0.3)))


def test_a_plan_does_not_lead_into_a_wall(world):
    watch(world, ahead=0.9)
    poses = plan(world, (2.0, 0.0))
    assert (poses[:, 0] < 0.9 - 0.2).all()


def test_a_command_told_after_the_observation_is_what_was_driven(world):
    """The next observation is expected to follow from it."""
    ends = []
    for command in ((0.5, 0.0), (0.0, 0.0)):
        watch(world)
        world.told(np.array(command))
        assert np.array_equal(world.last_observation.command, command)
        world.observe(seen(1.0))
        ends.append(world.imagine(np.zeros((1, 5, 2))).poses[0, -1, 0])
    assert ends[0] > ends[1] + 0.01


@pytest.mark.parametrize(
    ("goal", "code"),
    [((np.nan, 0.0), ErrorCode.NOT_FINITE), ((1.0,), ErrorCode.WRONG_LENGTH), ((1.0, 0, 0, 0), ErrorCode.WRONG_LENGTH)],
)
def test_a_goal_that_is_no_place_is_refused(world, goal, code):
    watch(world)
    with pytest.raises(GenModelsError) as refused:
        plan(world, goal)
    assert refused.value.code == code


def test_a_plan_needs_an_observation(world):
    world.reset()
    with pytest.raises(GenModelsError) as refused:
        plan(world, (1.0, 0.0))
    assert refused.value.code == ErrorCode.NO_OBSERVATION


def test_imagined_futures_never_decode_a_scan(world, monkeypatch):
    watch(world)
    monkeypatch.setattr(world.model, "decode", None)
    decision = LocalPlanner(ImaginedFutures(world)).decide(seen(0.85), TARGET)
    assert decision.state in (DriveState.DRIVING, DriveState.WAITING)
    assert plan(world, (1.0, 0.0)).shape[1] == 3
