"""Predicted camera images: only where a model is configured, at the size of the camera's own."""

import numpy as np
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from genmodels_ros.conversions.images import from_rgb, to_rgb
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.nodes.mobile.world_model import WorldModelNode


def picture(seed: int) -> np.ndarray:
    """A gradient with a bright square that wanders."""
    image = np.tile(np.linspace(40, 120, 160).astype(np.uint8)[None, :, None], (120, 1, 3)).copy()
    image[40:80, 40 + seed : 80 + seed] = 220
    return image


def test_images_are_foretold_at_the_camera_s_own_size(graph, wait_until):
    checkpoint = Parameter("camera.checkpoint", value=str(shipped("track_camera_model")))
    node = graph.add(WorldModelNode(namespace="camera", parameter_overrides=[checkpoint]))
    assert node.start()
    told = graph.listen(Image, "camera/world_model/predicted_image")
    camera = graph.publisher(Image, "camera/image_raw")
    assert wait_until(lambda: camera.get_subscription_count() and graph.node.count_publishers("camera/image_raw"))

    def foretold(number):
        image = from_rgb(picture(number), header("camera_optical_frame", 10 + 0.1 * number))
        camera.publish(image)
        return bool(told)

    numbers = iter(range(60))
    assert wait_until(lambda: foretold(next(numbers, 59)))
    image = to_rgb(told[-1])
    assert image.shape == (120, 160, 3) and told[-1].header.frame_id == "camera_optical_frame"
    assert 10.0 <= to_seconds(told[-1].header.stamp) <= 16.0
    assert 40 < image.mean() < 160, "a picture, not noise"
    graph.remove(node)


@pytest.mark.parametrize("folder", ["/nowhere"])
def test_a_camera_model_that_is_not_there_is_refused(graph, folder):
    parameters = [Parameter("camera.checkpoint", value=folder)]
    node = graph.add(WorldModelNode(namespace="blindfold", parameter_overrides=parameters))
    assert not node.start() and folder in node.monitor.last_error
    node.set_parameters([Parameter("camera.checkpoint", value="")])
    assert node.start()
    assert not any(subscription.topic_name.endswith("image_raw") for subscription in node.subscriptions)
    graph.remove(node)
