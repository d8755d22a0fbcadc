"""Learning while driving is switched on and off, and ends with the node's sleep; what it learns is tested elsewhere."""

import threading

import pytest
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from genmodels_ros.nodes.mobile.world_model import WorldModelNode


def learns() -> bool:
    return any(thread.name == "adaptation" for thread in threading.enumerate())


@pytest.fixture
def make(graph):
    nodes = []

    def make(**parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        nodes.append(graph.add(WorldModelNode(namespace="adapting", parameter_overrides=overrides)))
        assert nodes[-1].start()
        return nodes[-1]

    yield make
    for node in nodes:
        graph.remove(node)


def test_a_service_switches_it(graph, make, wait_until):
    node = make()
    switch = lambda on: graph.call(SetBool, "adapting/world_model/adapt", SetBool.Request(data=on))  # noqa: E731
    assert not learns() and node.details()["adaptation"] == "stopped"
    assert switch(True).success and learns()
    assert wait_until(lambda: node.details()["adaptation"] == "waiting")
    assert switch(True).success and sum(t.name == "adaptation" for t in threading.enumerate()) == 1
    assert switch(False).success and not learns() and node.details()["adaptation"] == "stopped"
    switch(True)
    node.trigger_deactivate()
    assert not learns()
    answer = switch(True)
    assert not answer.success and "not active" in answer.message and not learns()


def test_the_parameter_starts_it_with_every_activation(make):
    node = make(**{"adaptation.enabled": True})
    assert learns()
    node.trigger_deactivate()
    assert not learns()
    node.trigger_activate()
    assert learns()
    node.trigger_deactivate()
