"""A camera's frames through the whole node, over real DDS: what comes out, in step with what, and how often."""

import time

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_ros.conversions.boxes import from_detections
from genmodels_ros.conversions.detections import DETECTIONS, to_detections
from genmodels_ros.conversions.images import from_labels, from_rgb, to_labels, to_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.data.raw_images import ENCODINGS
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

LABELS = {
    "mono8": lambda labels: labels,
    "mono16": lambda labels: np.where(labels == 2, 65535, labels).astype(np.uint16),
    "32SC1": lambda labels: labels.astype(np.int32) * 100_000,
}


def test_a_frame_comes_back_in_step_with_its_camera(camera):
    stamp = camera.see()
    image, augmented = camera.find("image", stamp), camera.find("augmented", stamp)
    assert camera.find("camera_info", stamp).width == camera.street.width
    assert augmented.accepted and augmented.provenance.style == "night" and augmented.provenance.source == stamp
    assert augmented.image == image and image.encoding == "rgb8"
    jpeg = to_rgb(camera.find("image/compressed", stamp))
    assert np.abs(jpeg.astype(int) - to_rgb(image)).mean() < 8
    assert not camera["label_image"] and not camera["boxes"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_goes_through_the_node(camera, encoding):
    stamp = camera.see(from_rgb(camera.street.image, encoding=encoding))
    assert to_rgb(camera.find("image", stamp)).shape == camera.street.image.shape


@pytest.mark.parametrize("encoding", ["bgr8", "mono8"])
def test_the_encoding_of_the_result_can_be_chosen(camera, set_parameters, encoding):
    first = to_rgb(camera.find("image", camera.see(stamp=header("camera", 7.5))))
    set_parameters(encoding=encoding)
    camera.clear()
    image = camera.find("image", camera.see(stamp=header("camera", 7.5)))
    assert image.encoding == encoding
    np.testing.assert_array_equal(to_rgb(image), to_rgb(from_rgb(first, encoding=encoding)))


@pytest.mark.parametrize("kind", LABELS)
def test_labels_and_boxes_stay_in_step_to_the_pixel(camera, kind):
    camera.publish("label_image", "boxes")
    labels = LABELS[kind](camera.street.labels)
    for order in (("label_image", "boxes", "image_raw"), ("image_raw", "boxes", "label_image")):
        stamp = camera.stamp()
        messages = {
            "label_image": from_labels(labels),
            "boxes": ImageBoxes(boxes=camera.street.boxes.boxes),
            "image_raw": from_rgb(camera.street.image),
        }
        for topic in order:
            camera.send(topic, messages[topic], stamp)
            time.sleep(0.05)  # else the executor takes them up in an order of its own
        after = camera.find("label_image", stamp)
        assert after.encoding == kind
        np.testing.assert_array_equal(to_labels(after), labels)
        assert camera.find("boxes", stamp) == messages["boxes"]
        augmented = camera.find("augmented", stamp)
        assert augmented.label_image == after and augmented.boxes == messages["boxes"]


@pytest.mark.skipif(DETECTIONS is None, reason="vision_msgs is no wheel: it comes with an installed ROS 2")
def test_detections_are_boxes_and_stay_in_step(camera, node, graph, wait_until):
    sent = node.create_publisher(DETECTIONS, "detections", 10)
    heard = graph.listen(DETECTIONS, "image_augmenter/detections")
    try:
        assert wait_until(lambda: node.count_subscribers("detections"))
        stamp = camera.stamp()
        sent.publish(to_detections(ImageBoxes(header=stamp, boxes=camera.street.boxes.boxes)))
        camera.send("image_raw", from_rgb(camera.street.image), stamp)
        assert camera.find("boxes", stamp).boxes == camera.street.boxes.boxes
        assert wait_until(lambda: heard)
        assert heard[0].header == stamp and from_detections(heard[0]).boxes == camera.street.boxes.boxes
    finally:
        node.destroy_publisher(sent)


def test_what_finds_no_partner_is_counted_by_topic(camera, node, wait_until):
    camera.publish("label_image")
    before = node.frames.unmatched

    def count_one():
        camera.send("image_raw", from_rgb(camera.street.image), camera.stamp())
        return node.frames.unmatched["image_raw"] > before["image_raw"]

    assert wait_until(count_one)
    assert node.frames.unmatched["label_image"] == before["label_image"] and not camera["image"]
    assert int(node.details()["unmatched image_raw"]) > before["image_raw"]


def test_calibration_of_the_same_stamp_is_preferred_to_the_newest(camera, node, wait_until):
    stamp, borrowed = camera.stamp(), node.frames.borrowed_infos
    camera.send("camera_info", CameraInfo(width=1), stamp)
    camera.send("camera_info", CameraInfo(width=2), camera.stamp())
    assert wait_until(lambda: any(info.width == 2 for info in list(node.frames._infos.values())))
    camera.send("image_raw", from_rgb(camera.street.image), stamp)
    assert camera.find("camera_info", stamp).width == 1
    later = camera.stamp()
    camera.send("image_raw", from_rgb(camera.street.image), later)
    assert camera.find("camera_info", later).width == 2 and node.frames.borrowed_infos > borrowed


# --- Determinism, rates, refusals


def test_the_seed_and_the_stamp_make_the_frame(camera, set_parameters):
    set_parameters(style="random", variants=3, strength=0.3)
    first, again, later, other_seed = (
        _variants(camera, stamp, seed, set_parameters) for stamp, seed in ((12.5, 3), (12.5, 3), (12.6, 3), (12.5, 4))
    )
    assert first == again and first != later and first != other_seed
    assert len({data for data, _ in first}) == len(first) > 1


def _variants(camera, stamp, seed, set_parameters) -> list:
    """(pixels, provenance) of each that the gate lets through of one frame's three."""
    set_parameters(seed=seed)
    camera.clear()
    before = camera.node.rejections.total()
    stamp = camera.take(stamp=header("camera", stamp))

    def made():
        return [one for one in camera["augmented"] if one.image.header == stamp]

    assert camera.wait_until(lambda: len(made()) + camera.node.rejections.total() - before == 3)
    return [(one.image.data.tobytes(), str(one.provenance)) for one in made()]


def test_what_the_gate_refuses_is_counted_and_not_published(camera, node, refuse_all):
    rejected = node.rejections.total()
    camera.take()
    assert camera.wait_until(lambda: node.rejections.total() == rejected + 1)
    assert not camera["image"]
    details = node.details()
    assert details["rejected"] == str(rejected + 1)
    by_reason = [int(value) for name, value in details.items() if name.startswith("rejected: ")]
    assert sum(by_reason) == rejected + 1


def test_stale_frames_are_dropped(camera, node, monkeypatch):
    slot, sent, arrived = node._newest, [], []
    dropped, put = slot.dropped, slot.put
    monkeypatch.setattr(slot, "put", lambda frame: (put(frame), arrived.append(frame.header)))
    with node.work:
        assert camera.wait_until(lambda: sent.append(camera.take()) or slot.dropped >= dropped + 8)
        assert camera.wait_until(lambda: arrived[-1] == sent[-1])
    camera.find("image", sent[-1])
    assert len(camera["image"]) <= 2


def test_a_rate_limit_skips_frames(camera, node, set_parameters):
    set_parameters(max_rate=4.0)
    skipped, started = node.limit.skipped, time.monotonic()
    assert camera.wait_until(lambda: camera.take() and len(camera["image"]) >= 3)
    assert len(camera["image"]) <= 2 + 4.0 * (time.monotonic() - started)
    assert node.limit.skipped > skipped and int(node.details()["skipped"]) == node.limit.skipped


def test_unknown_styles_are_refused_with_the_known_ones(node):
    result = node.set_parameters([Parameter("style", value="baroque")])[0]
    assert not result.successful and "night" in result.reason
    assert "night" in node.describe_parameter("style").additional_constraints


# --- Frames as cameras send them, and worse


def test_frames_may_change_size(camera):
    for shape in ((30, 40), (240, 320), (17, 33), (1, 1)):
        image = cv2.resize(camera.street.image, shape[::-1])
        message = camera.find("image", camera.see(from_rgb(image)))
        assert (message.height, message.width) == shape
        camera.clear()


def test_the_largest_frames(camera):
    large = cv2.resize(camera.street.image, (4000, 3000), interpolation=cv2.INTER_LINEAR)
    message = camera.find("image", camera.see(from_rgb(large, encoding="mono8"), patience=50.0))
    assert (message.height, message.width) == (3000, 4000)


@pytest.mark.parametrize("value", [0, 255])
def test_frames_with_nothing_to_see_are_answered_or_refused_with_a_reason(camera, node, value):
    rejected = node.rejections.total()
    camera.take(from_rgb(np.full((60, 80, 3), value, np.uint8)))
    assert camera.wait_until(lambda: camera["image"] or node.rejections.total() > rejected)
    if value == 0:
        assert not camera["image"], "a black frame teaches nobody anything"
    camera.see()


BAD = {
    "zero size": ({"width": 0, "step": 0}, ErrorCode.INVALID_IMAGE),
    "wrong step": ({"step": 80}, ErrorCode.INVALID_IMAGE),
    "truncated": ({"data": bytes(100)}, ErrorCode.INVALID_IMAGE),
    "absurd size": ({"width": 2**31, "height": 2**31}, ErrorCode.INVALID_IMAGE),
    "unknown encoding": ({"encoding": "nv12"}, ErrorCode.UNKNOWN_ENCODING),
}


@pytest.mark.parametrize(("fields", "code"), BAD.values(), ids=BAD)
def test_a_bad_frame_is_counted_and_the_next_one_is_served(camera, node, fields, code):
    image = from_rgb(camera.street.image)
    for name, value in fields.items():
        setattr(image, name, value)
    _expect_error(camera, node, code, lambda: camera.take(image))


def test_bad_labels_and_boxes_are_counted_and_the_next_frame_is_served(camera, node):
    camera.publish("label_image", "boxes")
    small = from_labels(camera.street.labels[1:])
    nowhere = ImageBoxes(boxes=[ImageBox(center_x=float("nan"))])
    good_labels, good_boxes = from_labels(camera.street.labels), ImageBoxes()

    def take(labels, boxes):
        stamp = camera.stamp()
        for topic, message in (("label_image", labels), ("boxes", boxes), ("image_raw", from_rgb(camera.street.image))):
            camera.send(topic, message, stamp)

    _expect_error(camera, node, ErrorCode.LABEL_MISMATCH, lambda: take(small, good_boxes))
    _expect_error(camera, node, ErrorCode.NOT_FINITE, lambda: take(good_labels, nowhere))
    _expect_error(camera, node, ErrorCode.UNKNOWN_ENCODING, lambda: take(from_rgb(camera.street.image), good_boxes))


def _expect_error(camera, node, code, act):
    errors = node.monitor.num_errors
    act()
    assert camera.wait_until(lambda: node.monitor.num_errors > errors)
    assert code.name in node.monitor.last_error
    camera.clear()
    camera.see()


# --- The grid; up and down


def test_the_grid_shows_the_source_and_every_style(graph, node, camera, wait_until):
    grids = graph.listen(Image, "image_augmenter/grid")
    assert wait_until(lambda: node.grid.publisher.get_subscription_count())
    camera.publish("label_image")
    camera.see()
    assert wait_until(lambda: grids)
    picture = to_rgb(grids[0])
    assert picture.shape[1] >= camera.street.width * (2 + len(node.pipeline.styles)) and picture.std() > 10


def test_up_and_down_and_up_with_compressed_topics(augment, node, camera, wait_until):
    subscriptions = len(list(node.subscriptions))
    for compressed in (True, False):
        node.trigger_deactivate()
        assert augment().error.value == ErrorCode.NOT_ACTIVE
        node.trigger_cleanup()
        assert len(list(node.subscriptions)) < subscriptions and node.pipeline is None
        node.set_parameters([Parameter("compressed", value=compressed)])
        assert node.start() and len(list(node.subscriptions)) == subscriptions
        if compressed:
            camera.publish("image_raw/compressed")
        assert wait_until(lambda: all(one.get_subscription_count() for one in camera.ends()))
        camera.clear()
        camera.see(topic="image_raw/compressed" if compressed else "image_raw")


def test_the_quality_of_service_of_a_camera_can_be_overridden(graph):
    name = "qos_overrides./sure/image_raw.subscription.reliability"
    node = graph.add(ImageAugmenterNode(namespace="sure", parameter_overrides=[Parameter(name, value="reliable")]))
    for _ in range(2):
        assert node.start()
        kinds = {one.topic_name: one.qos_profile.reliability for one in node.subscriptions}
        assert kinds["/sure/image_raw"] == ReliabilityPolicy.RELIABLE
        assert kinds["/sure/camera_info"] == kinds["/sure/label_image"] == ReliabilityPolicy.BEST_EFFORT
        node.trigger_deactivate()
        node.trigger_cleanup()
    graph.remove(node)
