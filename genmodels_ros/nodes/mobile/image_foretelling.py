"""~/predicted_image: what the camera is expected to show, where a camera world model is configured."""

import numpy as np
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from genmodels_ros.conversions.images import from_rgb, to_rgb
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.observation_input import ObservationInput
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.camera_world_model import TIME_STEP, CameraWorldModel


class ImageForetelling:
    """Listens to `image_raw` only with `camera.checkpoint`; scans and images need not come together."""

    PARAMETERS = (
        Parameter(
            "camera.checkpoint", "", "Folder of a camera world model for ~/predicted_image; empty: none", load_time=True
        ),
        Parameter("camera.horizon", 0.5, "How far ~/predicted_image looks", "s", range=(0.05, 3.0)),
        Parameter("camera.full_speed", 0.6, "Speed that is full throttle to the model", "m/s", range=(0.01, 20.0)),
        Parameter("camera.full_turn", 1.5, "Turn rate that is full steering to it", "rad/s", range=(0.01, 20.0)),
    )

    def __init__(self, node: ManagedNode):
        """Made on configure. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        self._node, folder = node, node.value("camera.checkpoint")
        self._world = CameraWorldModel.from_checkpoint(folder, device=node.value("device")) if folder else None
        if self._world is not None:
            self._image = node.add_publisher(Image, "~/predicted_image")

    def activate(self, listening: ObservationInput) -> None:
        """Starts listening; the command in force is that of `listening`."""
        if self._world is None:
            return
        self._listening = listening
        self._world.reset()
        worker = self._node.add_worker(self._see)
        self._node.add_subscription(Image, "image_raw", worker.put, qos_profile_sensor_data)

    def _see(self, message: Image) -> None:
        value = self._node.value
        speed, turn = self._listening.command()
        action = np.clip([speed / value("camera.full_speed"), turn / value("camera.full_turn")], -1.0, 1.0)
        if not self._world.observe(to_rgb(message), action, to_seconds(message.header.stamp)):
            return
        if self._image.get_subscription_count():
            steps = max(1, round(value("camera.horizon") / TIME_STEP))
            actions = np.tile(action, (steps, 1))
            future = self._world.imagine(actions, value("camera.horizon") / steps, steps=[steps - 1])
            self._image.publish(from_rgb(future.images[-1], message.header))
