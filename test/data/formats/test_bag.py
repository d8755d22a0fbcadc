"""rosbag2 in and out; what is written is loaded back with mcap and mcap-ros2-support, no relatives of rosbags."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import GenModelsError

STORE = get_typestore(Stores.ROS2_JAZZY)
STAMPS = [(5, 123456789), (5, 223456789), (5, 323456789)]


def make(name, **fields):
    return STORE.types[name](**fields)


def header(stamp, frame="camera_optical_frame"):
    time = make("builtin_interfaces/msg/Time", sec=stamp[0], nanosec=stamp[1])
    return make("std_msgs/msg/Header", stamp=time, frame_id=frame)


def image(stamp, pixels, encoding):
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).view(np.uint8).reshape(-1)
    return make(
        "sensor_msgs/msg/Image", header=header(stamp), height=height, width=width, encoding=encoding, is_bigendian=0,
        step=data.size // height, data=data,
    )  # fmt: skip


def compressed(stamp, pixels):
    data = np.frombuffer(encode_png(pixels), np.uint8)
    return make("sensor_msgs/msg/CompressedImage", header=header(stamp), format="png", data=data)


def camera_info(stamp):
    roi = make("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    k = np.array([100.0, 0, 8, 0, 100, 6, 0, 0, 1])
    return make(
        "sensor_msgs/msg/CameraInfo", header=header(stamp), height=12, width=16, distortion_model="plumb_bob",
        d=np.zeros(5), k=k, r=np.eye(3).ravel(), p=np.zeros(12), binning_x=0, binning_y=0, roi=roi,
    )  # fmt: skip


def twist(forward, turning):
    vector = STORE.types["geometry_msgs/msg/Vector3"]
    return make("geometry_msgs/msg/Twist", linear=vector(forward, 0.0, 0.0), angular=vector(0.0, 0.0, turning))


def write(folder, messages):
    """messages: [(topic, message), …], received one nanosecond after the other."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        connections = {}
        for number, (topic, message) in enumerate(messages):
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, message.__msgtype__, typestore=STORE)
            bag.write(connections[topic], 10**9 + number, STORE.serialize_cdr(message, message.__msgtype__))
    return folder


def labels_of(number):
    return np.arange(12 * 16, dtype=np.int32).reshape(12, 16) * 1000 - number


@pytest.fixture
def bag(tmp_path, picture):
    """Three images, bgr8, with instances of the same stamps that come first, in between, and last."""
    order = [("labels", 0), ("labels", 1), ("image", 0), ("image", 2), ("image", 1), ("labels", 2)]
    messages = [("/cmd_vel", twist(0.5, -0.25)), ("/front/camera_info", camera_info(STAMPS[0]))]
    for kind, number in order:
        if kind == "image":
            messages.append(("/front/image_raw", image(STAMPS[number], picture(number)[..., ::-1], "bgr8")))
        else:
            messages.append(("/front/instances", image(STAMPS[number], labels_of(number), "32SC1")))
    return write(tmp_path / "bag", messages)


def loaded(folder) -> dict:
    """{topic: [(time of reception, message)]}, by the mcap project's reader."""
    assert yaml.safe_load((folder / "metadata.yaml").read_text())["rosbag2_bagfile_information"]["storage_identifier"]
    found = {}
    with next(folder.glob("*.mcap")).open("rb") as file:
        for _, channel, record, message in make_reader(
            file, decoder_factories=[DecoderFactory()]
        ).iter_decoded_messages():
            found.setdefault(channel.topic, []).append((record.log_time, message))
    return found


def stamps(messages):
    return [(message.header.stamp.sec, message.header.stamp.nanosec) for _, message in messages]


def test_images_labels_and_calibration_keep_their_headers(bag, picture, darker, copy_dataset, tmp_path):
    notes, problems = copy_dataset(open_images(bag), "same", tmp_path / "out", variants=2)
    read = loaded(tmp_path / "out")
    assert not notes and not problems
    for variant in ("/variant_00", "/variant_01"):
        images, labels, infos = (read[f"{variant}/front/{part}"] for part in ("image_raw", "instances", "camera_info"))
        assert set(stamps(images)) == set(STAMPS) and stamps(images) == stamps(labels) == stamps(infos)
        for (_, picture_message), (_, label), (_, info) in zip(images, labels, infos, strict=True):
            number = STAMPS.index((picture_message.header.stamp.sec, picture_message.header.stamp.nanosec))
            assert {m.header.frame_id for m in (picture_message, label, info)} == {"camera_optical_frame"}
            pixels = np.frombuffer(picture_message.data, np.uint8).reshape(12, 16, 3)
            assert picture_message.encoding == "rgb8" and np.array_equal(pixels, darker(picture(number)))
            values = np.frombuffer(label.data, "<i4").reshape(12, 16)
            assert label.encoding == "32SC1" and np.array_equal(values, labels_of(number))
            assert list(info.k) == [100, 0, 8, 0, 100, 6, 0, 0, 1]
        sidecars = [json.loads(message.data) for _, message in read[f"{variant}/provenance"]]
        assert all(sidecar["style"] == "dark" for sidecar in sidecars) and len(sidecars) == 3


def test_times_of_reception_are_the_source_s(bag, copy_dataset, tmp_path):
    copy_dataset(open_images(bag), "bag", tmp_path / "out", variants=1)
    times = {time for time, _ in loaded(tmp_path / "out")["/variant_00/front/image_raw"]}
    assert times == {10**9 + 4, 10**9 + 5, 10**9 + 6}


def test_a_bag_read_has_stamps_and_the_command_given_last(bag):
    items = {item.stamp: item for item in open_images(bag).images()}
    assert sorted(items) == pytest.approx([5.123456789, 5.223456789, 5.323456789])
    assert all(item.command == (0.5, -0.25) for item in items.values())


def test_an_image_without_labels_of_its_stamp_is_said(tmp_path, picture):
    messages = [("/image", image(STAMPS[n], picture(n), "rgb8")) for n in range(3)]
    messages.insert(1, ("/label_image", image(STAMPS[0], np.ones((12, 16), np.uint8), "mono8")))
    items = list(open_images(write(tmp_path / "bag", messages)).images())
    assert [item.image is not None for item in items] == [True, False, False]
    assert "/label_image has its stamp" in items[1].problem


def test_labels_as_gazebo_sends_them_are_labels_and_a_coloured_map_is_a_picture(tmp_path, picture):
    values = (np.arange(12 * 16) % 7).astype(np.uint8).reshape(12, 16)
    messages = []
    for n in range(2):
        messages.append(("/camera/segmentation/labels_map", image(STAMPS[n], np.dstack([values] * 3), "rgb8")))
        messages += [("/camera/segmentation/colored_map", image(STAMPS[n], picture(9), "rgb8"))] * 2
        messages.append(("/camera/image", image(STAMPS[n], picture(n), "rgb8")))
    source = open_images(write(tmp_path / "bag", messages))
    items = list(source.images())
    assert source.header["image"] == "/camera/image" and "colored_map" in " ".join(source.notes())
    assert all(item.labels.dtype == np.uint8 and np.array_equal(item.labels, values) for item in items)


def test_labels_that_turn_coloured_are_said(tmp_path, picture):
    messages = []
    for n, labels in enumerate((np.full((12, 16, 3), 4, np.uint8), picture(5))):
        messages.append(("/label_image", image(STAMPS[n], labels, "rgb8")))
        messages.append(("/image", image(STAMPS[n], picture(n), "rgb8")))
    first, second = open_images(write(tmp_path / "bag", messages)).images()
    assert (first.labels == 4).all() and second.image is None and "three equal channels" in second.problem


DEFINITIONS = {
    "vision_msgs/msg/Point2D": "float64 x\nfloat64 y",
    "vision_msgs/msg/Pose2D": "vision_msgs/Point2D position\nfloat64 theta",
    "vision_msgs/msg/BoundingBox2D": "vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y",
    "vision_msgs/msg/ObjectHypothesis": "string class_id\nfloat64 score",
    "vision_msgs/msg/ObjectHypothesisWithPose":
        "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose",
    "vision_msgs/msg/Detection2D":
        "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
        "vision_msgs/BoundingBox2D bbox\nstring id",
    "vision_msgs/msg/Detection2DArray": "std_msgs/Header header\nvision_msgs/Detection2D[] detections",
}  # fmt: skip
INTERFACES = Path(__file__).parents[3] / "genmodels_interfaces" / "msg"
for name in ("ImageBox", "ImageBoxes"):
    DEFINITIONS[f"genmodels_interfaces/msg/{name}"] = (INTERFACES / f"{name}.msg").read_text()
for name, text in DEFINITIONS.items():
    STORE.register(get_types_from_msg(text, name))


def detections(stamp, boxes):
    """As a detector sends them: (class, x, y, width, height, theta) each, with a less likely class beside it."""
    covariance = np.zeros(36)
    pose = make("geometry_msgs/msg/Pose", position=make("geometry_msgs/msg/Point", x=0.0, y=0.0, z=0.0),
                orientation=make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0))  # fmt: skip
    pose = make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=covariance)

    def result(name, score):
        hypothesis = make("vision_msgs/msg/ObjectHypothesis", class_id=name, score=score)
        return make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=hypothesis, pose=pose)

    def detection(name, x, y, width, height, theta):
        center = make("vision_msgs/msg/Pose2D", position=make("vision_msgs/msg/Point2D", x=x, y=y), theta=theta)
        box = make("vision_msgs/msg/BoundingBox2D", center=center, size_x=width, size_y=height)
        results = [result("shadow", 0.2), result(name, 0.9)]
        return make("vision_msgs/msg/Detection2D", header=header(stamp), results=results, bbox=box, id="")

    found = [detection(*box) for box in boxes]
    return make("vision_msgs/msg/Detection2DArray", header=header(stamp), detections=found)


def image_boxes(stamp, boxes):
    names = ("class_id", "center_x", "center_y", "size_x", "size_y", "theta")
    found = [
        make("genmodels_interfaces/msg/ImageBox", id="", score=1.0, **dict(zip(names, box, strict=True)))
        for box in boxes
    ]
    return make("genmodels_interfaces/msg/ImageBoxes", header=header(stamp), boxes=found)


BOXES = [[("cone", 4.0, 5.0, 2.0, 4.0, 0.0), ("person", 8.0, 6.0, 4.0, 2.0, np.pi / 2)], []]


@pytest.mark.parametrize("message_of", [detections, image_boxes])
def test_boxes_go_with_the_images_of_their_stamp_into_any_format(message_of, tmp_path, picture, copy_dataset):
    messages = []
    for n, boxes in enumerate(BOXES):
        messages.append(("/front/image", image(STAMPS[n], picture(n), "rgb8")))
        messages.append(("/front/detections", message_of(STAMPS[n], boxes)))
    messages.append(("/front/image", image(STAMPS[2], picture(2), "rgb8")))
    source = open_images(write(tmp_path / "bag", messages))
    with_boxes, empty, without = source.images()
    assert [category.name for category in source.categories] == ["cone", "person"]
    assert [instance.category for instance in with_boxes.instances] == [0, 1] and not empty.instances
    assert with_boxes.instances[0].box == (3.0, 3.0, 2.0, 4.0) and not with_boxes.instances[0].polygons
    assert with_boxes.instances[1].box == pytest.approx((7.0, 4.0, 2.0, 4.0)) and with_boxes.instances[1].polygons
    assert without.image is None and "/front/detections has its stamp" in without.problem

    copy_dataset(source, "coco", tmp_path / "coco", variants=1)
    (annotations,) = (tmp_path / "coco" / "annotations").glob("*.json")
    written = json.loads(annotations.read_text())
    assert [item["bbox"] for item in written["annotations"]] == [pytest.approx(i.box) for i in with_boxes.instances]
    assert [category["name"] for category in written["categories"]] == ["cone", "person"]

    copy_dataset(source, "bag", tmp_path / "again", variants=1)
    again = open_images(tmp_path / "again")
    assert again.header["boxes"] == "/variant_00/front/detections"
    assert [item.instances for item in again.images()] == [with_boxes.instances, ()]


def test_a_box_that_is_none_is_said(tmp_path, picture):
    messages = [("/image", image(STAMPS[0], picture(), "rgb8"))]
    messages.append(("/boxes", image_boxes(STAMPS[0], [("cone", 4.0, 5.0, -2.0, 4.0, 0.0)])))
    (item,) = open_images(write(tmp_path / "bag", messages)).images()
    assert item.image is None and "-2.0 x 4.0" in item.problem


def test_two_images_of_one_stamp_are_both_accounted_for(tmp_path, picture):
    messages = [("/image", image(STAMPS[0], picture(n), "rgb8")) for n in range(2)]
    messages.append(("/label_image", image(STAMPS[0], np.ones((12, 16), np.uint8), "mono8")))
    assert len(list(open_images(write(tmp_path / "bag", messages)).images())) == 2


def test_depth_is_no_label_and_the_topic_may_be_chosen(tmp_path, picture):
    depth = image(STAMPS[0], np.ones((12, 16), np.uint16), "16UC1")
    messages = [("/left/image", image(STAMPS[0], picture(), "rgb8"))] * 2
    folder = write(
        tmp_path / "bag", [*messages, ("/right/image", compressed(STAMPS[0], picture(1))), ("/depth", depth)]
    )
    first = next(open_images(folder).images())
    assert first.labels is None and np.array_equal(first.image, picture())
    chosen = open_images(folder, topic="/right/image")
    assert np.array_equal(next(chosen.images()).image, picture(1)) and "/left/image" in " ".join(chosen.notes())
    with pytest.raises(GenModelsError, match="/right/image"):
        open_images(folder, topic="/rear/image")


def test_compressed_images_stay_compressed_and_damaged_ones_are_said(tmp_path, picture, darker, copy_dataset):
    damaged = compressed(STAMPS[1], picture(1))
    damaged.data = damaged.data[:30]
    folder = write(tmp_path / "bag", [("/image", compressed(STAMPS[0], picture())), ("/image", damaged)])
    _, problems = copy_dataset(open_images(folder), "same", tmp_path / "out", variants=1)
    ((_, message),) = loaded(tmp_path / "out")["/variant_00/image"]
    decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(decoded, darker(picture())) and "truncated" in problems[0][1]


def test_a_folder_becomes_a_bag(tmp_path, picture, copy_dataset):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for seed in range(2):
        (tmp_path / "images" / f"{seed}.png").write_bytes(encode_png(picture(seed)))
        (tmp_path / "masks" / f"{seed}.png").write_bytes(encode_png(np.full((12, 16), 5, np.uint8)))
    copy_dataset(open_images(tmp_path / "images", tmp_path / "masks"), "bag", tmp_path / "out", variants=2)
    read = loaded(tmp_path / "out")
    assert stamps(read["/variant_00/camera/image_raw"]) == stamps(read["/variant_01/camera/label_image"])
    assert len(set(stamps(read["/variant_00/camera/image_raw"]))) == 2
    assert all(message.encoding == "mono8" for _, message in read["/variant_00/camera/label_image"])


def test_bags_without_pictures_are_refused(tmp_path):
    with pytest.raises(GenModelsError, match="/cmd_vel"):
        open_images(write(tmp_path / "bag", [("/cmd_vel", twist(1.0, 0.0))]))
