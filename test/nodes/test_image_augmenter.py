"""The augmenter as a camera and a user see it: frames in, variants with their labels out, and bad frames."""

import itertools
import time

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from genmodels_interfaces.msg import AugmentedImage
from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.images import compress, from_labels, from_rgb, to_labels, to_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.image_augmenter import ImageAugmenterNode

HEIGHT, WIDTH = 60, 80
STAMPS = itertools.count(1000)


def street() -> np.ndarray:
    """A picture with edges: floor, wall, a door and a window, uint8 [60, 80, 3]."""
    image = np.full((HEIGHT, WIDTH, 3), (150, 170, 200), np.uint8)
    cv2.rectangle(image, (0, 38), (WIDTH, HEIGHT), (110, 90, 70), -1)
    cv2.rectangle(image, (12, 16), (26, 44), (60, 40, 120), -1)
    cv2.rectangle(image, (44, 12), (66, 28), (240, 240, 220), -1)
    return cv2.GaussianBlur(image, (3, 3), 0)


def street_labels() -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[38:] = 1
    labels[16:45, 12:27] = 2
    return labels


@pytest.fixture(scope="module")
def node(graph):
    node = graph.add(ImageAugmenterNode())
    assert node.start()
    yield node
    graph.remove(node)


@pytest.fixture
def set_parameters(node):
    """Sets parameters of the node for one test."""
    before = {}

    def set_parameters(**values):
        for name, value in values.items():
            before.setdefault(name, node.value(name))
            result = node.set_parameters([Parameter(name, value=value)])[0]
            assert result.successful, result.reason

    yield set_parameters
    for name, value in before.items():
        node.set_parameters([Parameter(name, value=value)])


def augment(graph, images=None, **fields):
    request = AugmentImages.Request(images=[from_rgb(street())] if images is None else images, **fields)
    return graph.call(AugmentImages, "image_augmenter/augment", request)


class Camera:
    """A camera with labels, and what the augmenter makes of it."""

    def __init__(self, graph, wait_until):
        self.wait_until = wait_until
        self.images = graph.publisher(Image, "image_raw", qos_profile_sensor_data)
        self.info = graph.publisher(CameraInfo, "camera_info", qos_profile_sensor_data)
        self.synthetic = graph.listen(Image, "image_augmenter/image")
        self.synthetic_info = graph.listen(CameraInfo, "image_augmenter/camera_info")
        self.synthetic_labels = graph.listen(Image, "image_augmenter/label_image")
        self.augmented = graph.listen(AugmentedImage, "image_augmenter/augmented")
        assert wait_until(lambda: self.images.get_subscription_count() and self.info.get_subscription_count())

    def take(self, image: Image | None = None, publisher=None):
        """Publishes a frame with its camera_info; its header."""
        stamp = header("camera_optical_frame", next(STAMPS) * 0.1)
        image = from_rgb(street()) if image is None else image
        image.header = stamp
        self.info.publish(CameraInfo(header=stamp, width=WIDTH, height=HEIGHT))
        (publisher or self.images).publish(image)
        return stamp

    def clear(self):
        for received in (self.synthetic, self.synthetic_info, self.synthetic_labels, self.augmented):
            received.clear()


@pytest.fixture(scope="module")
def _camera(graph, node, wait_until):
    camera = Camera(graph, wait_until)
    assert wait_until(lambda: node.image.get_subscription_count() and node.augmented.get_subscription_count())
    return camera


@pytest.fixture
def camera(_camera):
    _camera.clear()
    return _camera


# --- The service


def test_every_style_gives_an_image_of_the_same_size(graph, node):
    for style in node.pipeline.styles:
        answer = augment(graph, style=style, seed=3)
        assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
        variant = answer.variants[0]
        assert variant.provenance.style == style and variant.provenance.checkpoint_sha256 == node.pipeline.card.sha256
        assert variant.provenance.digital_source_type.startswith("http://cv.iptc.org/")
        assert 0 <= variant.quality <= 1
        if variant.accepted:
            image = to_rgb(variant.image)
            assert image.shape == (HEIGHT, WIDTH, 3) and np.abs(image.astype(int) - street()).mean() > 1
        else:
            assert variant.rejection_reason and not variant.image.data


def test_variants_come_in_order_with_their_labels(graph):
    headers = [header(f"camera{number}", number) for number in (1, 2)]
    images = [from_rgb(street(), headers[0]), from_rgb(street()[:, ::-1].copy(), headers[1])]
    labels = [from_labels(street_labels()), from_labels(street_labels()[:, ::-1].copy())]
    answer = augment(graph, images, label_images=labels, count=3)
    assert answer.error.value == ErrorCode.SUCCESS and answer.computation_time > 0
    assert [variant.provenance.source.frame_id for variant in answer.variants] == ["camera1"] * 3 + ["camera2"] * 3
    for number, variant in enumerate(answer.variants):
        if variant.accepted:
            assert variant.label_image == labels[number // 3]
            assert variant.image.header == headers[number // 3]


def test_the_same_seed_gives_the_same_variants(graph):
    first, again, other = (augment(graph, count=2, seed=seed).variants for seed in (5, 5, 6))
    assert first == again and first != other
    assert first[0] != first[1]


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "yuv422", "yuv422_yuy2", "mono8"])
def test_every_encoding_reaches_the_model(graph, encoding):
    answer = augment(graph, [from_rgb(street(), encoding=encoding)], strength=0.5)
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_compressed_images_are_answered_after_the_others(graph, image_format):
    compressed = compress(street(), header("compressed", 1.0), image_format)
    answer = augment(graph, compressed_images=[compressed])
    assert [variant.provenance.source.frame_id for variant in answer.variants] == ["", "compressed"]


def image_with(**fields) -> Image:
    image = from_rgb(street())
    for name, value in fields.items():
        setattr(image, name, value)
    return image


def labels_of(*shape, dtype=np.uint8) -> Image:
    return from_labels(np.zeros(shape, dtype))


GOOD = from_rgb(street())
WRONG = {
    "no image": ({"images": []}, ErrorCode.INVALID_COUNT),
    "too many images": ({"images": [GOOD] * 65}, ErrorCode.INVALID_COUNT),
    "too many variants": ({"count": 1_000_000}, ErrorCode.INVALID_COUNT),
    "zero size": ({"images": [image_with(width=0, step=0)]}, ErrorCode.INVALID_IMAGE),
    "no data": ({"images": [Image(encoding="rgb8")]}, ErrorCode.INVALID_IMAGE),
    "truncated": ({"images": [image_with(data=GOOD.data[:-100])]}, ErrorCode.INVALID_IMAGE),
    "step too small": ({"images": [image_with(step=WIDTH)]}, ErrorCode.INVALID_IMAGE),
    "absurd size": ({"images": [image_with(width=2**31, height=2**31)]}, ErrorCode.INVALID_IMAGE),
    "unknown encoding": ({"images": [image_with(encoding="rgb48")]}, ErrorCode.UNKNOWN_ENCODING),
    "no encoding": ({"images": [image_with(encoding="")]}, ErrorCode.UNKNOWN_ENCODING),
    "not a jpeg": (
        {"images": [], "compressed_images": [CompressedImage(format="jpeg", data=b"text")]},
        ErrorCode.UNKNOWN_ENCODING,
    ),
    "cut jpeg": (
        {"images": [], "compressed_images": [CompressedImage(format="jpeg", data=compress(street()).data[:300])]},
        ErrorCode.INVALID_IMAGE,
    ),
    "unknown style": ({"style": "baroque"}, ErrorCode.UNKNOWN_STYLE),
    "strength above 1": ({"strength": 1.5}, ErrorCode.INVALID_SCALING),
    "negative strength": ({"strength": -0.5}, ErrorCode.INVALID_SCALING),
    "NaN strength": ({"strength": float("nan")}, ErrorCode.INVALID_SCALING),
    "labels of another size": ({"label_images": [labels_of(HEIGHT, WIDTH - 1)]}, ErrorCode.LABEL_MISMATCH),
    "labels of another number": ({"label_images": [labels_of(HEIGHT, WIDTH)] * 2}, ErrorCode.LABEL_MISMATCH),
    "colour as labels": ({"label_images": [GOOD]}, ErrorCode.UNKNOWN_ENCODING),
}


@pytest.mark.parametrize(("fields", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_has_its_own_code_and_leaves_the_node_serving(graph, node, fields, code):
    answer = augment(graph, **fields)
    assert ErrorCode(answer.error.value) == code, answer.error.message
    assert answer.error.message.endswith(".") and not answer.variants
    assert augment(graph).error.value == ErrorCode.SUCCESS


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 500), (700, 500)])
def test_sizes_from_one_pixel_up(graph, shape):
    answer = augment(graph, [from_rgb(np.full((*shape, 3), 128, np.uint8))])
    assert answer.error.value == ErrorCode.SUCCESS
    if answer.variants[0].accepted:
        assert to_rgb(answer.variants[0].image).shape == (*shape, 3)


# --- The topic


def test_a_frame_comes_back_in_step_with_its_camera(camera, set_parameters):
    set_parameters(style="night", strength=0.5, seed=3)
    stamp = camera.take()
    assert camera.wait_until(lambda: camera.synthetic and camera.synthetic_info and camera.augmented)
    assert camera.synthetic[0].header == camera.synthetic_info[0].header == camera.augmented[0].image.header == stamp
    assert camera.augmented[0].accepted and camera.augmented[0].provenance.style == "night"
    assert camera.augmented[0].image.data == camera.synthetic[0].data


def test_the_seed_and_the_stamp_make_the_frame(node, set_parameters):
    set_parameters(style="random", variants=3)
    stamp = header("camera", 12.5)
    first, again, later = (node.variants(street(), at, None) for at in (stamp, stamp, header("camera", 12.6)))
    assert first == again and first != later and len(first) == 3


def test_labels_stay_in_step(graph, node, camera, set_parameters, wait_until):
    set_parameters(style="night", strength=0.5)
    publisher = graph.publisher(Image, "label_image", qos_profile_sensor_data)
    try:
        assert wait_until(lambda: node.count_publishers("label_image"))
        assert wait_until(lambda: publisher.get_subscription_count())
        without = camera.take()
        unmatched = node._pairs.unmatched
        for image_first in (True, False):
            camera.clear()
            stamp = header("camera_optical_frame", next(STAMPS) * 0.1)
            image, labels = from_rgb(street(), stamp), from_labels(street_labels(), stamp)
            for message, where in [(image, camera.images), (labels, publisher)][:: 1 if image_first else -1]:
                where.publish(message)
            assert wait_until(lambda: camera.synthetic and camera.synthetic_labels and camera.augmented)
            assert camera.synthetic[0].header == camera.synthetic_labels[0].header == stamp != without
            np.testing.assert_array_equal(to_labels(camera.synthetic_labels[0]), street_labels())
            assert camera.augmented[0].label_image == labels
        assert wait_until(lambda: camera.take() and node._pairs.unmatched > unmatched), "a frame without labels counts"
        errors = node.monitor.num_errors
        stamp = header("camera_optical_frame", next(STAMPS) * 0.1)
        camera.images.publish(from_rgb(street(), stamp))
        publisher.publish(from_labels(street_labels()[1:], stamp))
        assert wait_until(lambda: node.monitor.num_errors > errors) and "LABEL_MISMATCH" in node.monitor.last_error
    finally:
        graph.node.destroy_publisher(publisher)
        assert wait_until(lambda: not node.count_publishers("label_image"))


@pytest.mark.parametrize("name", ["zero size", "truncated", "step too small", "unknown encoding"])
def test_a_bad_frame_is_counted_and_the_next_one_is_served(camera, node, name):
    fields, code = WRONG[name]
    errors = node.monitor.num_errors
    camera.take(fields["images"][0])
    assert camera.wait_until(lambda: node.monitor.num_errors > errors)
    assert code.name in node.monitor.last_error
    stamp = camera.take()
    assert camera.wait_until(lambda: camera.synthetic and camera.synthetic[-1].header == stamp)


def test_frames_may_change_size(camera):
    for shape in ((30, 40), (240, 320), (17, 33)):
        camera.clear()
        camera.take(from_rgb(cv2.resize(street(), shape[::-1])))
        assert camera.wait_until(lambda: camera.synthetic)
        assert (camera.synthetic[0].height, camera.synthetic[0].width) == shape


def test_what_the_gate_refuses_is_counted_and_not_published(camera, node, monkeypatch):
    monkeypatch.setattr(node.pipeline, "min_agreement", 2.0)
    rejected = node.num_rejected
    camera.take()
    assert camera.wait_until(lambda: node.num_rejected == rejected + 1)
    assert not camera.synthetic
    assert node.details()["rejected"] == str(rejected + 1)


def test_stale_frames_are_dropped(camera, node, monkeypatch):
    frames, sent, arrived = node._frames, [], []
    dropped, put = frames.dropped, frames.put
    monkeypatch.setattr(frames, "put", lambda frame: (put(frame), arrived.append(frame[0].header)))
    with node.work:
        assert camera.wait_until(lambda: sent.append(camera.take()) or frames.dropped >= dropped + 8)
        assert camera.wait_until(lambda: arrived[-1] == sent[-1])
    assert camera.wait_until(lambda: camera.synthetic and camera.synthetic[-1].header == sent[-1])
    assert len(camera.synthetic) <= 2


def test_a_rate_limit_skips_frames(camera, set_parameters):
    set_parameters(max_rate=2.0, style="night", strength=0.5)
    started = time.monotonic()
    assert camera.wait_until(lambda: camera.take() and len(camera.synthetic) >= 2)
    assert len(camera.synthetic) <= 1 + 2.0 * (time.monotonic() - started)


def test_the_grid_shows_the_source_and_every_style(graph, node, camera, set_parameters, wait_until):
    grids = graph.listen(Image, "image_augmenter/grid")
    assert wait_until(lambda: node.grid.get_subscription_count())
    camera.take()
    assert wait_until(lambda: grids)
    picture = to_rgb(grids[0])
    assert picture.shape[1] >= WIDTH * (1 + len(node.pipeline.styles)) and picture.std() > 10


def test_unknown_styles_are_refused_with_the_known_ones(node):
    result = node.set_parameters([Parameter("style", value="baroque")])[0]
    assert not result.successful and "night" in result.reason
    assert "night" in node.describe_parameter("style").additional_constraints


def test_compressed_topics_and_inactivity(graph, node, camera, wait_until):
    node.trigger_deactivate()
    assert augment(graph).error.value == ErrorCode.NOT_ACTIVE
    node.trigger_cleanup()
    node.set_parameters([Parameter("compressed", value=True)])
    assert node.start()
    try:
        publisher = graph.publisher(CompressedImage, "image_raw/compressed", qos_profile_sensor_data)
        assert wait_until(lambda: publisher.get_subscription_count() and node.image.get_subscription_count())
        stamp = camera.take(compress(street()), publisher)
        assert wait_until(lambda: camera.synthetic and camera.synthetic[-1].header == stamp)
    finally:
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.set_parameters([Parameter("compressed", value=False)])
        assert node.start()
