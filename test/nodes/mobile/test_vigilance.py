"""Odd scans on topics and in diagnostics, and Nav2's speed limit; a stand-in serves where Nav2 is not installed."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_msgs.msg import Float64, Header

from genmodels_interfaces.msg import Anomaly
from genmodels_ros.conversions import nav2
from genmodels_ros.nodes.mobile import vigilance as module
from genmodels_ros.nodes.mobile.vigilance import Vigilance
from genmodels_ros.nodes.mobile.world_model import WorldModelNode
from genmodels_ros.pipelines.mobile.anomaly import AnomalyScore

ODD = AnomalyScore(3.2, True, "motion", 0.0006, {"frozen": 0.0, "motion": 7.5})
USUAL = AnomalyScore(-1.0, False, "frozen", 10.0, {"frozen": 0.1, "motion": 0.5})


@pytest.fixture(scope="module")
def node(started):
    return started(WorldModelNode, "vigilant", {"horizon": 2.0})


def test_each_scan_is_judged(graph, node, robot, wait_until):
    surprise = graph.listen(Float64, "vigilant/world_model/surprise")
    anomaly = graph.listen(Anomaly, "vigilant/world_model/anomaly")
    diagnostics = graph.listen(DiagnosticArray, "/diagnostics")
    assert robot.is_heard("surprise", "anomaly")
    for _ in range(4):
        robot.sense()
    assert wait_until(lambda: len(anomaly) >= 4 and len(surprise) >= 3)
    assert anomaly[-1].header.frame_id == "base_scan"
    assert len(anomaly[-1].statistics) == len(anomaly[-1].values)
    name = f"{node.get_fully_qualified_name()}: anomaly"
    node.publish_diagnostics()
    assert wait_until(lambda: any(status.name == name for array in diagnostics for status in array.status))


def test_an_alarm_is_a_warning_that_says_what_to_look_at(node, monkeypatch):
    vigilance = node.vigilance
    monkeypatch.setattr(vigilance, "_score", ODD)
    status = vigilance.status()
    assert status.level == DiagnosticStatus.WARN and "slip" in status.message
    assert {value.key: value.value for value in status.values}["cause"] == "motion"
    monkeypatch.setattr(vigilance, "_score", USUAL)
    assert vigilance.status().level == DiagnosticStatus.OK
    monkeypatch.setattr(vigilance, "_score", None)
    assert vigilance.status().level == DiagnosticStatus.STALE


# --- nav2_msgs/SpeedLimit


@dataclass
class SpeedLimit:
    """As nav2_msgs has it."""

    header: Header
    percentage: bool = False
    speed_limit: float = 0.0


@dataclass
class FakeNode:
    """As much of a node as Vigilance uses; keeps what is published, by topic."""

    values: dict
    sent: dict = field(default_factory=dict)
    farewells: list = field(default_factory=list)

    def add_publisher(self, message_type, topic, qos=10):
        return SimpleNamespace(publish=self.sent.setdefault(topic, []).append)

    def add_farewell(self, callback):
        self.farewells.append(callback)

    def value(self, name):
        return self.values[name]


@pytest.fixture
def watch(monkeypatch):
    """(node, tell): tell(stamp, score, risk) is one scan."""
    if nav2.SPEED_LIMIT is None:
        for place in (nav2, module):
            monkeypatch.setattr(place, "SPEED_LIMIT", SpeedLimit)
    values = {row.name: row.default for row in Vigilance.PARAMETERS}
    node = FakeNode({**values, "speed_limit.hold": 1.0, "base_frame": "base_link"})
    vigilance = Vigilance(node)
    vigilance.activate()

    def tell(stamp, score=USUAL, risk=0.0):
        world = SimpleNamespace(surprise=0.5, anomaly=score, last_observation=SimpleNamespace(stamp=stamp))
        vigilance.tell(world, Header(), risk)
        return [(message.percentage, message.speed_limit) for message in node.sent["speed_limit"]]

    return node, tell


FULL, HALF = (True, 0.0), (True, 50.0)


@pytest.mark.parametrize("danger", [{"score": ODD}, {"risk": 0.6}], ids=["anomaly", "risk"])
def test_danger_limits_the_speed_until_it_has_been_over_for_a_while(watch, danger):
    _, tell = watch
    assert tell(10.0) == []
    assert tell(10.2, **danger) == [HALF]
    assert tell(10.4, **danger) == [HALF], "told once"
    assert tell(11.2) == [HALF], "a short pause is none"
    assert tell(11.6) == [HALF, FULL]
    assert tell(11.8) == [HALF, FULL]
    assert tell(12.0, **danger) == [HALF, FULL, HALF]


def test_time_that_starts_over_ends_the_limit(watch):
    _, tell = watch
    tell(100.0, score=ODD)
    assert tell(3.0) == [HALF, FULL]


def test_who_was_limited_is_let_go_when_the_node_ends_or_the_parameter_says_so(watch):
    node, tell = watch
    tell(10.0, score=ODD)
    (farewell,) = node.farewells
    farewell()
    assert node.sent["speed_limit"][-1].speed_limit == 0.0
    farewell()
    assert len(node.sent["speed_limit"]) == 2
    tell(20.0, score=ODD)
    node.values["speed_limit.enabled"] = False
    assert tell(20.2, score=ODD)[-1] == FULL
    assert tell(20.4, score=ODD)[-1] == FULL


def test_without_nav2_or_a_score_nothing_is_missing(monkeypatch):
    monkeypatch.setattr(module, "SPEED_LIMIT", None)
    node = FakeNode({row.name: row.default for row in Vigilance.PARAMETERS})
    vigilance = Vigilance(node)
    vigilance.activate()
    world = SimpleNamespace(surprise=None, anomaly=None, last_observation=SimpleNamespace(stamp=1.0))
    vigilance.tell(world, Header(), 0.9)
    assert not any(node.sent.values()) and "speed_limit" not in node.sent
