"""A street, a camera that looks at it, with labels and boxes, and the augmenter that listens."""

import itertools

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from genmodels_interfaces.msg import AugmentedImage, ImageBox, ImageBoxes
from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.images import compress, from_labels, from_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

STAMPS = itertools.count(1000)


class Street:
    """A picture with edges: floor, wall, a door and a window, uint8 [60, 80, 3]; what is on it, and boxes around."""

    def __init__(self):
        self.height, self.width = 60, 80
        self.image = np.full((self.height, self.width, 3), (150, 170, 200), np.uint8)
        cv2.rectangle(self.image, (0, 38), (self.width, self.height), (110, 90, 70), -1)
        cv2.rectangle(self.image, (12, 16), (26, 44), (60, 40, 120), -1)
        cv2.rectangle(self.image, (44, 12), (66, 28), (240, 240, 220), -1)
        self.image = cv2.GaussianBlur(self.image, (3, 3), 0)
        self.labels = np.zeros((self.height, self.width), np.uint8)
        self.labels[38:], self.labels[16:45, 12:27] = 1, 2
        door = ImageBox(class_id="door", id="7", center_x=19.5, center_y=30.5, size_x=15.0, size_y=29.0, score=1.0)
        window = ImageBox(class_id="window", center_x=55.5, center_y=20.5, size_x=23.0, size_y=17.0, score=0.5)
        self.boxes = ImageBoxes(boxes=[door, window])


@pytest.fixture(scope="session")
def street():
    return Street()


@pytest.fixture(scope="module")
def node(started):
    return started(ImageAugmenterNode)


@pytest.fixture
def set_parameters(node):
    """Sets parameters of the node for one test; dots of their names are written as two underscores."""
    before = {}

    def set_parameters(**values):
        for name, value in values.items():
            name = name.replace("__", ".")
            before.setdefault(name, node.value(name))
            result = node.set_parameters([Parameter(name, value=value)])[0]
            assert result.successful, result.reason

    yield set_parameters
    for name, value in before.items():
        node.set_parameters([Parameter(name, value=value)])


@pytest.fixture(scope="module")
def augment(graph, node, street):
    """Calls ~/augment, by default with the street."""

    def augment(images=None, **fields):
        request = AugmentImages.Request(images=[from_rgb(street.image)] if images is None else images, **fields)
        return graph.call(AugmentImages, "image_augmenter/augment", request)

    return augment


class Camera:
    """Publishes frames with all that may come with them, and collects what the augmenter makes of them."""

    TOPICS = {  # noqa: RUF012
        "image": Image,
        "image/compressed": CompressedImage,
        "camera_info": CameraInfo,
        "label_image": Image,
        "boxes": ImageBoxes,
        "augmented": AugmentedImage,
    }
    INPUTS = {  # noqa: RUF012
        "image_raw": Image,
        "image_raw/compressed": CompressedImage,
        "camera_info": CameraInfo,
        "label_image": Image,
        "boxes": ImageBoxes,
        "reference_image": Image,
    }

    def __init__(self, graph, node, street, wait_until):
        self.graph, self.node, self.street, self.wait_until = graph, node, street, wait_until
        self.publishers = {}
        self.received = {topic: graph.listen(kind, f"image_augmenter/{topic}") for topic, kind in self.TOPICS.items()}
        self.publish("image_raw", "camera_info")
        assert wait_until(lambda: all(one.get_subscription_count() for one in self.ends()))

    def ends(self):
        """Every publisher that a frame passes, here and in the node."""
        output = self.node.output
        outputs = (
            output.image,
            output.compressed,
            output.camera_info,
            output.label_image,
            output.boxes,
            output.augmented,
        )
        return *outputs, *(
            one for topic, one in self.publishers.items() if ("compressed" in topic) == self._compressed()
        )

    def _compressed(self) -> bool:
        return self.node.value("compressed")

    def __getitem__(self, topic) -> list:
        """What came on a topic of the node."""
        return self.received[topic]

    def clear(self):
        for received in self.received.values():
            received.clear()

    def publish(self, *topics):
        """Starts publishing them."""
        for topic in topics:
            publisher = self.graph.publisher(self.INPUTS[topic], topic, qos_profile_sensor_data)
            self.publishers[topic] = publisher
            assert self.wait_until(lambda one=publisher: one.get_subscription_count())
            assert self.wait_until(lambda name=topic: self.node.count_publishers(name))

    def fall_silent(self, *topics):
        for topic in topics:
            self.graph.node.destroy_publisher(self.publishers.pop(topic))
            assert self.wait_until(lambda name=topic: not self.node.count_publishers(name))

    def stamp(self):
        """The header of the next frame."""
        return header("camera_optical_frame", next(STAMPS) * 0.1)

    def send(self, topic, message, stamp):
        message.header = stamp
        self.publishers[topic].publish(message)

    def take(self, image: Image | None = None, *, topic="image_raw", stamp=None):
        """Publishes a frame with its camera_info, and labels and boxes if they are published; its header."""
        stamp = stamp or self.stamp()
        image = from_rgb(self.street.image) if image is None else image
        self.send("camera_info", CameraInfo(width=self.street.width, height=self.street.height), stamp)
        if "label_image" in self.publishers:
            self.send("label_image", from_labels(self.street.labels), stamp)
        if "boxes" in self.publishers:
            self.send("boxes", ImageBoxes(boxes=self.street.boxes.boxes), stamp)
        self.send(topic, compress(self.street.image) if "compressed" in topic else image, stamp)
        return stamp

    def see(self, *arguments, patience=5.0, **options):
        """Takes frames until a synthetic one comes, for the gate may refuse some; its header."""
        stamps = []

        def seen():
            return [message.header for message in self["image"] if message.header in stamps]

        def look():
            stamps.append(self.take(*arguments, **options))
            return self.wait_until(seen, patience)

        assert self.wait_until(look), self.node.monitor.last_error or dict(self.node.rejections)
        return seen()[0]

    def find(self, topic, stamp):
        """The message of the node's topic with this header."""
        assert self.wait_until(lambda: any(_header(message) == stamp for message in self[topic])), topic
        return next(message for message in self[topic] if _header(message) == stamp)


def _header(message):
    return message.image.header if isinstance(message, AugmentedImage) else message.header


@pytest.fixture(scope="module")
def _camera(graph, node, street, wait_until):
    camera = Camera(graph, node, street, wait_until)
    yield camera
    for received in camera.received.values():  # or it would keep the frames of all modules to come
        graph.stop_listening(received)


@pytest.fixture
def camera(_camera, set_parameters):
    """The camera, and a style that the gate lets through."""
    set_parameters(style="night", strength=0.5)
    _camera.clear()
    yield _camera
    _camera.fall_silent(*(set(_camera.publishers) - {"image_raw", "camera_info"}))


@pytest.fixture
def refuse_all(node, monkeypatch):
    """A quality gate that nothing passes."""
    monkeypatch.setattr(node.pipeline, "min_agreement", 2.0)
