"""Checkpoints missing, damaged or of another kind: refused with a reason, and the node can be configured again."""

import shutil

import pytest
import torch
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.parameter import Parameter

from genmodels_interfaces.srv import GetModelInfo
from genmodels_ros.errors import ErrorCode
from genmodels_ros.models.checkpoint import CARD, WEIGHTS, shipped
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

NODES = (TrajectoryGeneratorNode, WorldModelNode, ImageAugmenterNode)


@pytest.fixture(params=NODES, ids=lambda node_class: node_class.__name__)
def node(graph, request):
    node = graph.add(request.param(namespace="loading"))
    yield node
    graph.remove(node)


def missing(folder, node):
    """There is no such folder."""


def truncated(folder, node):
    shutil.copytree(shipped(node.SHIPPED), folder)
    weights = folder / WEIGHTS
    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:-100])


def altered(folder, node):
    shutil.copytree(shipped(node.SHIPPED), folder)
    weights = folder / WEIGHTS
    weights.chmod(0o644)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))


def not_json(folder, node):
    shutil.copytree(shipped(node.SHIPPED), folder)
    (folder / CARD).write_text("model: me")


def of_another_kind(folder, node):
    other = NODES[(NODES.index(type(node)) + 1) % len(NODES)]
    shutil.copytree(shipped(other.SHIPPED), folder)


def configure(graph, node) -> bool:
    request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
    return graph.call(ChangeState, f"{node.get_fully_qualified_name()}/change_state", request).success


@pytest.mark.parametrize("damage", [missing, truncated, altered, not_json, of_another_kind])
def test_a_bad_checkpoint_is_refused_and_the_node_recovers(graph, node, tmp_path, damage):
    folder = tmp_path / "checkpoint"
    damage(folder, node)
    name = node.get_fully_qualified_name()
    assert node.set_parameters([Parameter("model.checkpoint", value=str(folder))])[0].successful
    assert not configure(graph, node)
    assert graph.call(GetState, f"{name}/get_state").current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    assert "MODEL_UNAVAILABLE" in node.monitor.last_error or "checkpoint" in node.monitor.last_error
    assert str(folder) in node.monitor.last_error, "the reason names the file"
    answer = graph.call(GetModelInfo, f"{name}/get_model_info")
    assert answer.error.value == ErrorCode.NOT_ACTIVE

    assert node.set_parameters([Parameter("model.checkpoint", value="")])[0].successful
    assert configure(graph, node)
    assert not node.monitor.failed
    info = graph.call(GetModelInfo, f"{name}/get_model_info").info
    assert len(info.checkpoint_sha256) == 64 and info.num_parameters > 1000 and info.family == node.FAMILY
    assert info.device == "cpu" or info.device.startswith("cuda")


def test_a_gpu_without_memory_is_left_for_the_cpu(graph, node, monkeypatch):
    """The pipeline in use runs out of memory; the request hears so, and the next one is served."""
    assert configure(graph, node)
    monkeypatch.setattr(node, "_device", "cuda:0")
    full = node.pipeline
    answer = node.report(torch.cuda.OutOfMemoryError("CUDA out of memory."))
    assert answer.code == ErrorCode.OUT_OF_MEMORY and "cuda:0" in answer.message
    assert node.pipeline is not full and str(node.pipeline.device) == "cpu"
    node.publish_diagnostics()
    assert "OUT_OF_MEMORY" in node.monitor.last_error and "until it is configured again" in node.monitor.last_error
    assert node.details()["device"] == "cpu"
    node.warm_up()


@pytest.mark.parametrize("device", ["cuda:97", "gpu", "tpu:0"])
def test_a_device_that_is_not_there_is_refused(graph, node, device):
    node.set_parameters([Parameter("device", value=device)])
    assert not configure(graph, node)
    assert device in node.monitor.last_error
