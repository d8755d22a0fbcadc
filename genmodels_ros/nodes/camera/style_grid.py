"""~/grid: the frame, its labels and each style of it, side by side, now and then, for people."""

import time

import cv2
import numpy as np
from sensor_msgs.msg import Image

from genmodels_ros.conversions.augmentation import Source
from genmodels_ros.conversions.images import from_rgb
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.camera.comparison_grid import comparison_grid

SIDE = 480  # pixels of the longer side of what it is made of: its cells show no more


class StyleGrid:
    """Published from configure to cleanup while somebody looks; what the gate refuses is framed in red."""

    PARAMETERS = (
        Parameter("grid.period", 2.0, "Between pictures of all styles on ~/grid; 0: none", "s", range=(0.0, 3600.0)),
    )

    def __init__(self, node: ModelNode):
        """Made on configure."""
        self._node, self._last = node, -np.inf
        self.publisher = node.add_publisher(Image, "~/grid", 1)

    def show(self, source: Source) -> None:
        """Publishes a picture of `source` if it is time for one."""
        value, now = self._node.value, time.monotonic()
        period = value("grid.period")
        if not period or now - self._last < period or not self.publisher.get_subscription_count():
            return
        self._last = now
        picture = comparison_grid(
            self._node.pipeline,
            [shown(source.image)],
            labels=None if source.labels is None else [shown(source.labels)],
            strength=value("strength"),
            seed=value("seed"),
        )
        self.publisher.publish(from_rgb(picture, source.header))


def shown(image: np.ndarray) -> np.ndarray:
    """An image or its labels, [H, W] or [H, W, 3], no larger than a grid can show; labels keep their values."""
    scale = SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    size = tuple(max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if image.ndim == 3 else cv2.INTER_NEAREST)
