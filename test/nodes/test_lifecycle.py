"""Hooks that fail, on a node without parts: it says why, and stands where it can be tried again or was told to go."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.lifecycle import ReportingNode

HOOKS = ("configure", "activate", "deactivate", "cleanup")


class FragileNode(ReportingNode):
    """Its hooks fail while they are named in `broken`."""

    def __init__(self):
        self.broken, self.called = set(), []
        super().__init__("fragile")

    def _hook(self, name):
        self.called.append(name)
        if name in self.broken:
            raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"No {name} today.")

    def configure(self):
        self._hook("configure")

    def activate(self):
        self._hook("activate")

    def deactivate(self):
        self._hook("deactivate")

    def cleanup(self):
        self._hook("cleanup")


@pytest.fixture
def node(graph):
    node = graph.add(FragileNode())
    yield node
    graph.remove(node)


@pytest.mark.parametrize("hook", ["configure", "activate"])
def test_who_cannot_begin_says_why_and_can_be_tried_again(graph, node, wait_until, hook):
    heard = graph.listen(DiagnosticArray, "/diagnostics")
    assert wait_until(lambda: any(status.name == "/fragile" for array in heard for status in array.status))
    node.broken.add(hook)
    assert not node.start() and not node.active
    sentence = f"Could not {hook}: No {hook} today."
    assert node.monitor.last_error == sentence

    def told(status) -> bool:
        return status.level == DiagnosticStatus.ERROR and sentence in (
            status.message,
            *(value.value for value in status.values),
        )

    assert wait_until(lambda: any(told(status) for array in list(heard) for status in array.status))
    node.broken.clear()
    begin_again = node.start if hook == "configure" else node.trigger_activate
    begin_again()
    assert node.active


@pytest.mark.parametrize("hook", ["deactivate", "cleanup"])
def test_who_fails_to_let_go_is_told_of_and_goes_all_the_same(node, hook):
    assert node.start()
    node.broken.add(hook)
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert f"No {hook} today." in node.monitor.last_error and node.called == list(HOOKS)
    node.broken.clear()
    assert node.start()


def test_leaving_deactivates_once(node):
    assert not node.leave()
    assert node.start() and node.leave() and not node.leave()
    assert node.called.count("deactivate") == 1
