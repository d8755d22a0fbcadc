"""Frames that tf tells of, taken from real DDS."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.rollouts import Bounds
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.transforms import TRANSFORMS, to_transforms
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.frames import Frames
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import TF_STATIC
from genmodels_ros.pipelines.mobile.routes import to_odom

needs_tf = pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2")
POSE = np.array([0.5, -0.2, 0.3])  # of the base in odom


class Listener(ManagedNode):
    PARAMETERS = (*ManagedNode.PARAMETERS, Parameter("base_frame", "base_link", "The base's"))

    def activate(self):
        self.frames = Frames(self, SimpleNamespace(odom_frame="odom"))


@pytest.fixture(scope="module")
def node(graph):
    node = graph.add(Listener("tf_listener"))
    assert node.start()
    yield node
    graph.remove(node)


def transform(parent, frame, pose):
    return to_transforms(pose, header(parent, 0.0), frame).transforms[0]


def goal(frame, pose=(1.0, 2.0, 0.5)) -> PoseStamped:
    return PoseStamped(header=Header(frame_id=frame), pose=from_planar(pose))


def known(node, frame) -> bool:
    try:
        node.frames.place(goal(frame), POSE)
    except GenModelsError:
        return False
    return True


def test_odometry_and_base_need_no_tf(node):
    np.testing.assert_allclose(node.frames.place(goal("odom"), POSE), (1.0, 2.0, 0.5))
    np.testing.assert_allclose(node.frames.place(goal("base_link"), POSE), to_odom(POSE, np.array([1.0, 2.0, 0.5])))


@pytest.mark.parametrize("frame", ["", "nowhere"])
def test_a_frame_nobody_told_of_is_refused(node, frame):
    with pytest.raises(GenModelsError) as error:
        node.frames.path(Path(header=Header(frame_id=frame)), POSE)
    assert error.value.code == ErrorCode.UNKNOWN_FRAME and error.value.message.endswith(".")


def test_paths_of_several_frames_are_read_in_one_go(node):
    way = [PoseStamped(pose=from_planar(pose)) for pose in ((0.5, -0.2, 0.3), (1.5, -0.2, 0.3))]
    messages = [Path(header=Header(frame_id=frame), poses=way) for frame in ("odom", "base_link")]
    seen, same = node.frames.paths(messages, POSE, Bounds(sequences=2, steps=0))
    np.testing.assert_allclose(seen[0], (0, 0, 0), atol=1e-9)
    np.testing.assert_allclose(same[0], POSE, atol=1e-9)
    with pytest.raises(GenModelsError, match="Path 1"):
        node.frames.paths([messages[0], Path(header=Header(frame_id="nowhere"), poses=way)], POSE, Bounds(2, 0))


@needs_tf
def test_one_bad_transform_spoils_no_other_and_the_newest_counts(graph, node, wait_until):
    tf = graph.publisher(TRANSFORMS, "/tf")
    assert wait_until(tf.get_subscription_count)
    bad = transform("moved", "bad", (0.0, 0.0, 0.0))
    bad.transform.translation.x = math.nan
    tf.publish(TRANSFORMS(transforms=[bad, transform("/moved", "odom", (0.0, 0.0, 0.0))]))
    assert wait_until(lambda: known(node, "moved")) and "NOT_FINITE" in node.monitor.last_error
    told = np.array([3.0, 1.0, math.pi / 2])
    tf.publish(TRANSFORMS(transforms=[transform("moved", "odom", told)]))
    here = to_odom(told, np.array([1.0, 2.0, 0.5]))
    assert wait_until(lambda: np.allclose(node.frames.place(goal("moved", here), POSE), (1.0, 2.0, 0.5)))


@needs_tf
def test_what_stands_still_is_known_to_who_comes_later(graph, node, wait_until):
    static = graph.publisher(TRANSFORMS, "/tf_static", TF_STATIC)
    static.publish(TRANSFORMS(transforms=[transform("fixed", "odom", (1.0, 0.0, 0.0))]))
    for _ in range(3):
        node.trigger_deactivate()
        node.trigger_activate()
        assert wait_until(lambda: known(node, "fixed"))
