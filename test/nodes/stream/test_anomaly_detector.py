"""Any numeric topic over real DDS: judged row by row, learnt from scratch, and nothing that comes ends it."""

import itertools
import math
import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import Odometry
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray
from std_srvs.srv import Trigger

from genmodels_interfaces.msg import Anomaly
from genmodels_interfaces.srv import GetModelInfo, LearnNominal
from genmodels_ros.conversions.stamps import header
from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.stream.anomaly_detector import AnomalyDetectorNode
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream.learning import Parts, StreamLearning, learn_stream

LABELS = ("position[swing]", "velocity[swing]", "effort[swing]", "effort[fan]")
RATE = 50.0  # Hz
NAMES = itertools.count()  # a topic keeps its type as long as the test's client lives


@pytest.fixture(scope="module")
def checkpoint(swinging_joint, tmp_path_factory):
    runs = [StreamRun(*swinging_joint(10.0, seed, RATE)) for seed in range(40)]
    learning = StreamLearning("mixture", {"components": 3, "restarts": 1}, FitOptions(steps=6))
    folder = tmp_path_factory.mktemp("swing")
    learn_stream(Parts(runs[:20], runs[20:22], runs[22:]), LABELS, learning).save(folder)
    return folder


@pytest.fixture
def make(graph):
    nodes = []

    def make(start=True, **parameters):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in parameters.items()]
        nodes.append(graph.add(AnomalyDetectorNode(namespace=f"odd{next(NAMES)}", parameter_overrides=overrides)))
        assert not start or nodes[-1].start()
        return nodes[-1]

    yield make
    for node in nodes:
        graph.remove(node)


class Robot:
    """Publishes rows of the swinging joint as joint states, at stamps of their own."""

    def __init__(self, graph, node, swinging_joint, seed=99, kind=JointState):
        self.node, self.topic = node, f"{node.get_namespace()}/input"
        self.publisher = graph.publisher(kind, self.topic, 500)
        self.stamps, self.rows = swinging_joint(200.0, seed, RATE)
        self.at = 0
        self.listening = lambda: self.publisher.get_subscription_count() > 0

    def move(self, count, change=lambda row: row):
        for _ in range(count):
            row = change(self.rows[self.at].copy())
            self.say(self.stamps[self.at], row)
            self.at += 1

    def say(self, stamp, row):
        q, dq, effort, fan = row
        message = JointState(name=["fan", "swing"], position=[0.0, q], velocity=[0.0, dq], effort=[fan, effort])
        message.header = header("arm", 1000.0 + stamp)
        self.publisher.publish(message)

    def seen(self) -> int:
        """Rows the node has judged."""
        last = self.node._last
        return -1 if last is None else round((last[0].stamp - 1000.0) * RATE)


@pytest.fixture
def robot(graph, make, swinging_joint, checkpoint, wait_until):
    robot = Robot(graph, make(model__checkpoint=str(checkpoint)), swinging_joint)
    assert wait_until(robot.listening)
    return robot


def call(graph, robot_or_node, kind, name, **fields):
    node = getattr(robot_or_node, "node", robot_or_node)
    return graph.call(kind, f"{node.get_fully_qualified_name()}/{name}", kind.Request(**fields))


# --- Judging


def test_each_row_is_scored_and_a_fault_raises_an_alarm_that_names_the_field(graph, robot, wait_until):
    name = robot.node.get_fully_qualified_name()
    anomalies, scores = graph.listen(Anomaly, f"{name}/anomaly", 500), graph.listen(Float64, f"{name}/score", 500)
    diagnostics = graph.listen(DiagnosticArray, "/diagnostics")
    assert wait_until(lambda: all(p.get_subscription_count() for p in (robot.node._anomaly, robot.node._score)))
    robot.move(200)
    assert wait_until(lambda: robot.seen() >= 199 and len(anomalies) >= 150 and len(scores) >= 150)
    assert not any(message.alarm for message in anomalies) and anomalies[-1].header.frame_id == "arm"
    robot.move(50, lambda row: row + np.array([0, 0, 5.0, 0]))
    assert wait_until(lambda: anomalies[-1].alarm)
    alarm = next(message for message in anomalies if message.alarm)
    assert alarm.cause == "effort[swing]" and list(alarm.statistics) == list(LABELS)
    assert alarm.values[2] == max(alarm.values) and alarm.score > 0 and alarm.false_alarms_per_hour < 1
    robot.node.publish_diagnostics()
    mine = lambda: [s for array in diagnostics for s in array.status if s.name == f"{name}: anomaly"]  # noqa: E731
    assert wait_until(lambda: any(s.level == DiagnosticStatus.WARN and "effort[swing]" in s.message for s in mine()))


def test_nan_other_joints_and_changing_lengths_do_not_end_it(graph, robot, wait_until):
    robot.move(20)
    robot.move(10, lambda row: np.where([False, False, True, False], math.nan, row))
    assert wait_until(lambda: robot.node._last is not None and robot.node._last[0].cause == "dropout")
    assert list(robot.node._last[0].contributions) == ["effort[swing]"]
    robot.publisher.publish(JointState(name=["gripper"], position=[0.1]))
    assert wait_until(lambda: robot.node.input.others == 1)
    for hostile in (
        JointState(name=["swing", "fan"], position=[0.1], velocity=[1.0, 2.0], effort=[]),
        JointState(name=["swing"], position=[0.1] * 5),
        JointState(),
    ):
        errors, others = robot.node.monitor.num_errors, robot.node.input.others
        robot.publisher.publish(hostile)
        assert wait_until(lambda e=errors, o=others: robot.node.monitor.num_errors > e or robot.node.input.others > o)
    robot.move(120)
    assert wait_until(lambda: robot.seen() >= 149 and not robot.node._last[0].alarm)


def test_silence_is_an_alarm_until_something_comes(robot, wait_until):
    robot.move(30)
    assert wait_until(lambda: robot.node._last is not None and robot.node._last[0].cause == "dropout", 10.0)
    robot.at += 500
    robot.move(120)
    assert wait_until(lambda: robot.seen() >= 649 and not robot.node.pipeline.state.alarm)


def test_a_stream_at_200_hz_is_kept_up_with(graph, robot, wait_until):
    stop, sent = threading.Event(), itertools.count()

    def stream():
        while not stop.wait(0.005):
            robot.move(1)
            next(sent)

    thread = threading.Thread(target=stream)
    thread.start()
    stop.wait(4.0)
    stop.set()
    thread.join()
    count = next(sent)
    assert count > 100 and wait_until(lambda: robot.seen() == count - 1), "none waits"
    assert robot.node.input.overrun == 0 and robot.node.monitor.num_errors == 0
    assert robot.node.monitor.summary()["latency_p99_ms"] < 1000


# --- Learning


def test_it_learns_from_scratch_and_resets(graph, make, swinging_joint, wait_until):
    node = make(
        fields=["position[swing]", "velocity[swing]", "effort[swing]", "effort[fan]"],
        family="mixture", learning__run=1.0, learning__steps=5,
    )  # fmt: skip
    robot = Robot(graph, node, swinging_joint, seed=5)
    assert wait_until(robot.listening)
    refused = call(graph, node, GetModelInfo, "get_model_info")
    assert refused.error.value == ErrorCode.MODEL_UNAVAILABLE and "learn" in refused.error.message
    assert call(graph, node, LearnNominal, "learn", command=2).error.value == ErrorCode.INVALID_DATA
    assert call(graph, node, LearnNominal, "learn", command=1, duration=-1.0).error.value == ErrorCode.INVALID_HORIZON
    assert call(graph, node, LearnNominal, "learn", command=9).error.value == ErrorCode.UNSUPPORTED
    started = call(graph, node, LearnNominal, "learn", command=1, duration=100.0)
    assert started.error.value == ErrorCode.SUCCESS and started.state == "collecting"
    told = lambda: node.learning.learner.status  # noqa: E731
    for _ in range(60):
        robot.move(100)
        assert wait_until(lambda: told().rows >= robot.at - 50 or told().state == "learning" or told().outcome)
        if robot.at >= 5100:
            break
    assert wait_until(lambda: call(graph, node, LearnNominal, "learn").outcome), node.learning.details()
    answer = call(graph, node, LearnNominal, "learn")
    assert answer.state == "off" and answer.outcome.startswith("New model"), answer.outcome
    assert answer.rows > 4000 and answer.seconds > 80
    info = call(graph, node, GetModelInfo, "get_model_info").info
    assert info.family == "mixture" and info.name == "stream_density"
    robot.at = 6000
    robot.move(60, lambda row: row + np.array([0, 0, 5.0, 0]))
    assert wait_until(lambda: node._last is not None and node._last[0].alarm)
    assert call(graph, node, Trigger, "reset").success
    assert node.pipeline.model is None
    assert call(graph, node, GetModelInfo, "get_model_info").error.value == ErrorCode.MODEL_UNAVAILABLE


def test_a_learnt_model_is_saved_and_another_stream_forgets_it(graph, make, swinging_joint, wait_until, tmp_path):
    node = make(model__checkpoint="", learning__save_to=str(tmp_path / "mine"), fields=["position"])
    runs = [
        StreamRun(*(part if part.ndim == 1 else part[:, :1] for part in swinging_joint(10.0, s, RATE)))
        for s in range(9)
    ]
    learning = StreamLearning("mixture", {"components": 1}, FitOptions(steps=1))
    model = learn_stream(Parts(runs[:4], runs[4:5], runs[5:]), ("position[swing]",), learning)
    node.learning._adopt(model)
    assert StreamModel.load(tmp_path / "mine").layout.labels == ("position[swing]",)
    assert node.pipeline.model is not None
    publisher = graph.publisher(JointState, f"{node.get_namespace()}/input", 10)
    assert wait_until(lambda: publisher.get_subscription_count())
    publisher.publish(JointState(header=header("", 5.0), name=["a"], position=[0.1]))
    assert wait_until(lambda: node.pipeline.model is None)


# --- What is asked for


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"fields": ["posiition"]}, "it has: header, name, position"),
        ({"fields": ["name"]}, "string"),
        ({"fields": ["position.x"]}, "number"),
        ({"input_type": "sensor_msgs/msg/Nothing"}, "not installed"),
        ({"input_type": "what is this"}, "no message type"),
        ({"model__checkpoint": "/nowhere"}, "card"),
        ({"precision": "float16"}, "float32"),
    ],
)
def test_what_cannot_be_is_refused_on_configure_with_a_sentence(make, parameters, says):
    node = make(start=False, **parameters)
    assert not node.start()
    assert says in node.monitor.last_error


@pytest.mark.parametrize(
    ("kind", "name", "fields", "message", "count"),
    [
        (Odometry, "nav_msgs/msg/Odometry", ["twist.twist"], Odometry(), 6),
        (Float64MultiArray, "std_msgs/Float64MultiArray", ["data[:3]"], Float64MultiArray(data=[1.0] * 9), 3),
    ],
)
def test_any_numeric_topic(graph, make, kind, name, fields, message, count, wait_until):
    node = make(input_type=name, fields=fields)
    publisher = graph.publisher(kind, f"{node.get_namespace()}/input", 10)
    assert wait_until(lambda: publisher.get_subscription_count())
    publisher.publish(message)
    assert wait_until(lambda: node.input.labels is not None and len(node.input.labels) == count)


def test_a_checkpoint_of_other_fields_is_told(graph, make, checkpoint, wait_until):
    node = make(model__checkpoint=str(checkpoint), fields=["position"])
    publisher = graph.publisher(JointState, f"{node.get_namespace()}/input", 10)
    assert wait_until(lambda: publisher.get_subscription_count())
    publisher.publish(JointState(name=["a", "b"], position=[0.1, 0.2]))
    assert wait_until(lambda: node.monitor.num_errors)
    assert "leave `fields` empty" in node.monitor.last_error
