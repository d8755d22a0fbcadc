"""What goes wrong on a real robot's day: crowds of callers, changes of mind, obstacles everywhere, damaged files."""

import json
import shutil
import threading
import time

import numpy as np
import pytest
import torch
from action_msgs.msg import GoalStatus
from rclpy.parameter import Parameter
from safetensors.torch import load_file, save_file
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from genmodels_interfaces.action import GenerateTrajectories as GenerateTrajectoriesAction
from genmodels_interfaces.msg import ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.errors import ErrorCode
from genmodels_ros.models.checkpoint import CARD, WEIGHTS, file_sha256, shipped
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.base import REQUESTS
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Scene, Sphere

PATIENCE = 60.0  # s; only a failing test waits as long
NAME = "faults/trajectory_generator"
ROBOT = load_robot("panda")
START = ROBOT.ready
GOAL = START + np.array([0.5, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])


@pytest.fixture(scope="module")
def node(started):
    return started(TrajectoryGeneratorNode, "faults")


@pytest.fixture(scope="module")
def action(node, goals_to):
    many = {f"{service}_service_qos_profile": REQUESTS for service in ("goal", "result", "cancel")}
    return goals_to(GenerateTrajectoriesAction, f"{NAME}/generate_trajectories", **many)


def state_of(q) -> JointState:
    return JointState(name=list(ROBOT.joint_names), position=[float(value) for value in q])


def request_of(**fields) -> TrajectoryRequest:
    return TrajectoryRequest(
        **{"start": state_of(START), "joint_goal": state_of(GOAL), "num_samples": 4, "seed": 1, **fields}
    )


def obstacles_of(scene: Scene) -> ObstacleArray:
    return to_obstacle_array(scene, Header(frame_id=ROBOT.base_frame))


def generate(graph, **fields):
    request = GenerateTrajectories.Request(request=request_of(**fields))
    return graph.call(GenerateTrajectories, f"{NAME}/generate", request, timeout=PATIENCE).result


def assert_serving(graph):
    result = generate(graph)
    assert result.error.value == ErrorCode.SUCCESS and result.candidates, result.error.message


def goal_of(**fields) -> GenerateTrajectoriesAction.Goal:
    return GenerateTrajectoriesAction.Goal(request=request_of(**fields))


def outcome(answer):
    """The status, and what the action's result holds."""
    return answer.status, answer.result.result


class Pause:
    """Holds every generation at the first report of a stage, until it is cancelled or let go."""

    def __init__(self, node, monkeypatch, stage: str):
        self.reached, self.go_on, self.running = threading.Event(), threading.Event(), 0
        generate = node.pipeline.generate

        def paused(query, progress=None, cancelled=None, *args, **options):
            def report(now, step, steps):
                if progress is not None:
                    progress(now, step, steps)
                if now == stage and not self.go_on.is_set():
                    self.reached.set()
                    deadline = time.monotonic() + PATIENCE
                    while not (self.go_on.wait(0.01) or cancelled() or time.monotonic() > deadline):
                        pass

            return generate(query, report, cancelled, *args, **options)

        monkeypatch.setattr(node.pipeline, "generate", paused)


# --- Changes of mind


@pytest.mark.parametrize("stage", ["sampling", "refining", "verifying"])
def test_a_goal_is_cancelled_at_any_stage_and_the_next_is_answered(graph, node, action, monkeypatch, stage):
    pause = Pause(node, monkeypatch, stage)
    handle = action.send(goal_of())
    assert pause.reached.wait(PATIENCE)
    handle.cancel_goal_async()
    status, result = outcome(action.answer(handle))
    assert status == GoalStatus.STATUS_CANCELED and result.error.value == ErrorCode.CANCELLED and not result.candidates
    monkeypatch.undo()
    assert_serving(graph)


def test_a_goal_is_cancelled_while_it_waits_and_the_running_one_is_not(graph, node, action, wait_until, monkeypatch):
    pause = Pause(node, monkeypatch, "sampling")
    running = action.send(goal_of())
    assert pause.reached.wait(PATIENCE)
    waiting = [action.send(goal_of()) for _ in range(3)]
    assert wait_until(lambda: len(node.queue) == 4, PATIENCE)
    waiting[1].cancel_goal_async()
    status, result = outcome(action.answer(waiting[1]))
    assert status == GoalStatus.STATUS_CANCELED and result.error.value == ErrorCode.CANCELLED
    assert len(node.queue) == 3, "its place in the queue is free again, the others wait on"
    pause.go_on.set()
    for handle in (running, waiting[0], waiting[2]):
        status, result = outcome(action.answer(handle))
        assert status == GoalStatus.STATUS_SUCCEEDED and result.candidates


# --- Crowds


def test_32_callers_at_once_all_get_an_honest_answer(graph, node, action, wait_until):
    """Half by service, half by action, some of which think better of it; verification is answered meanwhile."""
    client = graph.node.create_client(GenerateTrajectories, f"{NAME}/generate", qos_profile=REQUESTS)
    assert client.wait_for_service(PATIENCE)
    trajectory = generate(graph).candidates[0].trajectory
    calls = [
        client.call_async(GenerateTrajectories.Request(request=request_of(num_samples=2, seed=seed)))
        for seed in range(16)
    ]
    goals = [action.client.send_goal_async(goal_of(num_samples=2, seed=seed)) for seed in range(16)]
    verdict = graph.call(VerifyTrajectory, f"{NAME}/verify", VerifyTrajectory.Request(trajectory=trajectory))
    assert verdict.valid
    assert wait_until(lambda: all(future.done() for future in goals), PATIENCE)
    handles = [future.result() for future in goals]
    accepted = [handle for handle in handles if handle.accepted]
    for handle in accepted[1::2]:
        handle.cancel_goal_async()
    for handle in accepted:
        status, result = outcome(action.answer(handle))
        assert (status == GoalStatus.STATUS_SUCCEEDED) == bool(result.candidates)
        assert result.error.value in (ErrorCode.SUCCESS, ErrorCode.CANCELLED, ErrorCode.QUEUE_FULL)
    assert wait_until(lambda: all(future.done() for future in calls), PATIENCE)
    results = [future.result().result for future in calls]
    assert {result.error.value for result in results} <= {ErrorCode.SUCCESS, ErrorCode.QUEUE_FULL}
    assert all(result.candidates or result.error.message.endswith(".") for result in results)
    answered = sum(bool(result.candidates) for result in results)
    assert answered >= 1
    graph.node.destroy_client(client)
    assert wait_until(lambda: not len(node.queue), PATIENCE)
    assert_serving(graph)


# --- Obstacles everywhere


def hand_at(q) -> np.ndarray:
    return link_pose(ROBOT.chain, torch.as_tensor(q), ROBOT.tool_frame)[:3, 3].numpy()


@pytest.mark.parametrize(
    ("q", "code"), [(START, ErrorCode.START_IN_COLLISION), (GOAL, ErrorCode.GOAL_IN_COLLISION)], ids=["start", "goal"]
)
def test_what_covers_start_or_goal_is_named(graph, node, q, code):
    result = generate(graph, obstacles=obstacles_of(Scene((Sphere(hand_at(q), 0.07, id="balloon"),))))
    assert result.error.value == code and "balloon" in result.error.message and not result.candidates
    assert_serving(graph)


def test_500_obstacles_are_planned_around_or_refused_in_time(graph, node):
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shell = Scene(tuple(Box(1.4 * direction, (0.1, 0.1, 0.1)) for direction in directions))
    result = generate(graph, obstacles=obstacles_of(shell), time_limit=20.0)
    assert result.error.value == ErrorCode.SUCCESS and result.candidates, result.error.message
    crowd = Scene(tuple(Box(0.6 * direction, (0.2, 0.2, 0.2), id="crowd") for direction in directions))
    assert generate(graph, obstacles=obstacles_of(crowd)).error.value == ErrorCode.START_IN_COLLISION
    assert_serving(graph)


def test_an_obstacle_of_absurd_size_is_refused(graph, node):
    huge = obstacles_of(Scene((Sphere((3.0, 0.0, 0.0), 0.1, id="planet"),)))
    huge.obstacles[0].primitive.dimensions = [1e40]
    result = generate(graph, obstacles=huge)
    assert result.error.value == ErrorCode.INVALID_OBSTACLE and "planet" in result.error.message
    assert_serving(graph)


# --- Damaged files


def test_weights_that_are_no_numbers_are_refused_and_good_ones_load(graph, tmp_path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(shipped(TrajectoryGeneratorNode.SHIPPED), folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    weights = load_file(folder / WEIGHTS)
    name = max(weights, key=lambda key: weights[key].numel())
    save_file(weights | {name: torch.full_like(weights[name], torch.nan)}, folder / WEIGHTS)
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"sha256": file_sha256(folder / WEIGHTS)}))
    node = graph.add(TrajectoryGeneratorNode(namespace="damaged"))
    try:
        assert node.set_parameters([Parameter("model.checkpoint", value=str(folder))])[0].successful
        assert not node.start() and node.pipeline is None
        assert node.set_parameters([Parameter("model.checkpoint", value="")])[0].successful
        assert node.start()
    finally:
        graph.remove(node)
