"""Step 3: synthetic images at the camera's rate while the robot drives, and every style once for the picture."""

import threading
from functools import partial

import numpy as np
from sensor_msgs.msg import Image

from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.images import to_labels, to_rgb
from genmodels_ros.nodes.mission.client import SENSOR, Latest, MissionClient, MissionFailure

KEPT_LABELS = 2000  # newest label images remembered, 77 kB each
KEPT_EVERY = 10  # camera frames between two that are kept for the picture
SHOWN = 4  # frames in the picture


class CameraWatcher(MissionClient):
    """Counts what the camera sends and what the augmenter publishes, and holds the two against each other."""

    def __init__(self, **kwargs):
        super().__init__("camera_watcher", **kwargs)
        self._lock = threading.Lock()
        self._source_labels: dict[tuple, Image] = {}
        self._synthetic_labels: dict[tuple, Image] = {}
        self._frames: list[Image] = []
        self.image = Latest(self, Image, "image_raw", SENSOR, self._keep_frame)
        self.synthetic = Latest(self, Image, "image_augmenter/image", 10)
        Latest(self, Image, "label_image", SENSOR, partial(self._remember, self._source_labels))
        Latest(self, Image, "image_augmenter/label_image", 10, partial(self._remember, self._synthetic_labels))
        self._augment = self.client(AugmentImages, "image_augmenter/augment")

    def counts(self) -> tuple[int, int]:
        """(camera frames, synthetic frames) so far."""
        return self.image.count, self.synthetic.count

    def labels_kept(self) -> tuple[int, int]:
        """(synthetic label images equal to the source's of the same stamp, compared)."""
        with self._lock:
            stamps = self._source_labels.keys() & self._synthetic_labels.keys()
            equal = sum(self._source_labels[stamp].data == self._synthetic_labels[stamp].data for stamp in stamps)
        return equal, len(stamps)

    def kept_frames(self) -> list[tuple[Image, np.ndarray]]:
        """SHOWN frames with their labels [H, W], chosen evenly over what was seen."""
        with self._lock:
            pairs = [(image, self._source_labels.get(_stamp(image))) for image in self._frames]
        pairs = [(image, to_labels(labels)) for image, labels in pairs if labels is not None]
        if len(pairs) < SHOWN:
            raise MissionFailure(f"only {len(pairs)} camera frames came with their labels")
        return [pairs[i] for i in np.linspace(0, len(pairs) - 1, SHOWN).astype(int)]

    def variant(self, image: Image, style: str, seed: int) -> tuple[np.ndarray, bool]:
        """A synthetic image [H, W, 3] that the service makes of a frame and whether its gate accepted it."""
        response = self.answer(self._augment, AugmentImages.Request(images=[image], style=style, seed=seed), 30.0)
        made = response.variants[0]
        return (to_rgb(made.image) if made.accepted else np.zeros_like(to_rgb(image))), made.accepted

    def _keep_frame(self, image: Image):
        with self._lock:
            if self.image.count % KEPT_EVERY == 0:
                self._frames.append(image)

    def _remember(self, store: dict, message: Image):
        with self._lock:
            store[_stamp(message)] = message
            if len(store) > KEPT_LABELS:
                store.pop(next(iter(store)))


def _stamp(message: Image) -> tuple[int, int]:
    return message.header.stamp.sec, message.header.stamp.nanosec
