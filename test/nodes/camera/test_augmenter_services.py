"""~/augment, ~/inspect and ~/complete as a user calls them, rightly and wrongly."""

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_interfaces.srv import InspectImages
from genmodels_ros.conversions.images import compress, from_labels, from_rgb, to_labels, to_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.data.raw_images import ENCODINGS
from genmodels_ros.errors import ErrorCode

HEIGHT, WIDTH = 60, 80  # of the street


def test_every_style_gives_an_image_of_the_same_size(augment, node, street):
    for style in node.pipeline.styles:
        answer = augment(style=style, seed=3)
        assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
        variant = answer.variants[0]
        assert variant.provenance.style == style and variant.provenance.checkpoint_sha256 == node.pipeline.card.sha256
        assert variant.provenance.digital_source_type.startswith("http://cv.iptc.org/")
        assert 0 <= variant.quality <= 1 and len(variant.scores) == len(variant.score_names)
        if variant.accepted:
            image = to_rgb(variant.image)
            assert image.shape == (HEIGHT, WIDTH, 3) and np.abs(image.astype(int) - street.image).mean() > 1
        else:
            assert variant.rejection_reason and not variant.image.data


def test_variants_come_in_order_with_their_labels_and_boxes(augment, street):
    headers = [header(f"camera{number}", number) for number in (1, 2)]
    images = [from_rgb(street.image, headers[0]), from_rgb(street.image[:, ::-1].copy(), headers[1])]
    labels = [from_labels(street.labels), from_labels(street.labels[:, ::-1].astype(np.int32))]
    boxes = [ImageBoxes(header=headers[0], boxes=street.boxes.boxes), ImageBoxes(header=headers[1])]
    answer = augment(images, label_images=labels, boxes=boxes, count=3, style="night", strength=0.5)
    assert answer.error.value == ErrorCode.SUCCESS and answer.computation_time > 0
    assert [variant.provenance.source.frame_id for variant in answer.variants] == ["camera1"] * 3 + ["camera2"] * 3
    assert any(variant.accepted for variant in answer.variants)
    for number, variant in enumerate(answer.variants):
        if variant.accepted:
            assert variant.label_image == labels[number // 3] and variant.boxes == boxes[number // 3]
            assert variant.image.header == headers[number // 3]


def test_the_largest_seed_is_one(augment):
    answer = augment([from_rgb(np.full((9, 9, 3), 90, np.uint8))] * 2, seed=2**64 - 1, style="night")
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message


def test_the_same_seed_gives_the_same_variants(augment):
    first, again, other = (augment(count=2, seed=seed).variants for seed in (5, 5, 6))
    assert first == again and first != other
    assert first[0] != first[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_reaches_the_model(augment, street, encoding):
    answer = augment([from_rgb(street.image, encoding=encoding)], style="night", strength=0.5)
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_compressed_images_are_answered_after_the_others(augment, street, image_format):
    compressed = compress(street.image, header("compressed", 1.0), image_format)
    answer = augment(compressed_images=[compressed])
    assert [variant.provenance.source.frame_id for variant in answer.variants] == ["", "compressed"]


# --- What must be refused


def image_with(**fields) -> Image:
    image = from_rgb(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    for name, value in fields.items():
        setattr(image, name, value)
    return image


def labels_of(*shape, dtype=np.uint8) -> Image:
    return from_labels(np.zeros(shape, dtype))


def boxes_of(**fields) -> ImageBoxes:
    return ImageBoxes(boxes=[ImageBox(**fields)])


BOMB = CompressedImage(format="png", data=cv2.imencode(".png", np.zeros((5000, 6000), np.uint8))[1].tobytes())
GOOD, JPEG = image_with(), compress(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
COLOURED = from_rgb(np.tile(np.uint8([90, 91, 92]), (HEIGHT, WIDTH, 1)))
WRONG = {
    "no image": ({"images": []}, ErrorCode.INVALID_COUNT),
    "too many images": ({"images": [GOOD] * 65}, ErrorCode.INVALID_COUNT),
    "too many variants": ({"count": 1_000_000}, ErrorCode.INVALID_COUNT),
    "too many pixels": ({"images": [labels_of(2000, 2000)], "count": 120}, ErrorCode.INVALID_COUNT),
    "too many pixels in small files": ({"compressed_images": [BOMB] * 20}, ErrorCode.INVALID_COUNT),
    "a good and a bad image": ({"images": [GOOD, image_with(encoding="nv12")]}, ErrorCode.UNKNOWN_ENCODING),
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
        {"images": [], "compressed_images": [CompressedImage(format="jpeg", data=JPEG.data[:300])]},
        ErrorCode.INVALID_IMAGE,
    ),
    "unknown style": ({"style": "baroque"}, ErrorCode.UNKNOWN_STYLE),
    "strength above 1": ({"strength": 1.5}, ErrorCode.INVALID_SCALING),
    "negative strength": ({"strength": -0.5}, ErrorCode.INVALID_SCALING),
    "NaN strength": ({"strength": float("nan")}, ErrorCode.INVALID_SCALING),
    "labels of another size": ({"label_images": [labels_of(HEIGHT, WIDTH - 1)]}, ErrorCode.LABEL_MISMATCH),
    "labels of another number": ({"label_images": [labels_of(HEIGHT, WIDTH)] * 2}, ErrorCode.LABEL_MISMATCH),
    "colour as labels": ({"label_images": [COLOURED]}, ErrorCode.UNKNOWN_ENCODING),
    "boxes of another number": ({"boxes": [ImageBoxes()] * 2}, ErrorCode.LABEL_MISMATCH),
    "a box at infinity": ({"boxes": [boxes_of(center_x=float("inf"))]}, ErrorCode.NOT_FINITE),
    "a box inside out": ({"boxes": [boxes_of(size_x=-1.0)]}, ErrorCode.LABEL_MISMATCH),
    "a broken reference": ({"reference_image": image_with(data=[])}, ErrorCode.INVALID_IMAGE),
    "a reference that is none": ({"reference_image": image_with(encoding="32FC1")}, ErrorCode.UNKNOWN_ENCODING),
}


@pytest.mark.parametrize(("fields", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_has_its_own_code_and_leaves_the_node_serving(augment, fields, code):
    answer = augment(**fields)
    assert ErrorCode(answer.error.value) == code, answer.error.message
    assert answer.error.message.endswith(".") and not answer.variants
    assert augment().error.value == ErrorCode.SUCCESS


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 500), (700, 500)])
def test_sizes_from_one_pixel_up(augment, shape):
    answer = augment([from_rgb(np.full((*shape, 3), 128, np.uint8))], style="night")
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
    if answer.variants[0].accepted:
        assert to_rgb(answer.variants[0].image).shape == (*shape, 3)


# --- Inspection


@pytest.fixture(scope="module")
def inspect(graph, node):
    return lambda **request: graph.call(InspectImages, "image_augmenter/inspect", InspectImages.Request(**request))


def test_what_the_node_made_is_told_from_what_it_was_made_of(augment, inspect, street):
    source = cv2.resize(street.image, (320, 240), interpolation=cv2.INTER_CUBIC)
    made = next(one for one in augment([from_rgb(source)], count=8, style="night").variants if one.accepted)
    jpeg = compress(to_rgb(made.image), quality=75)
    answer = inspect(images=[made.image, from_rgb(source)], compressed_images=[jpeg, compress(source)])
    assert answer.error.value == ErrorCode.SUCCESS and answer.computation_time > 0
    assert list(answer.is_synthetic) == [True, False, True, False]
    assert max(answer.false_alarm[0], answer.false_alarm[2]) <= 1e-6 < min(answer.false_alarm[1], answer.false_alarm[3])
    assert min(answer.score[0], answer.score[2]) > max(answer.score[1], answer.score[3])
    assert made.provenance.mark_key


@pytest.mark.parametrize(
    "name", ["no image", "too many images", "zero size", "truncated", "unknown encoding", "cut jpeg"]
)
def test_what_cannot_be_inspected_is_refused(inspect, name):
    fields, code = WRONG[name]
    answer = inspect(**fields)
    assert ErrorCode(answer.error.value) == code and answer.error.message.endswith(".")
    assert not answer.is_synthetic and not answer.score and not answer.false_alarm


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 2)])
def test_the_smallest_images_can_be_inspected(inspect, shape):
    answer = inspect(images=[from_rgb(np.full((*shape, 3), 128, np.uint8))])
    assert answer.error.value == ErrorCode.SUCCESS and list(answer.is_synthetic) == [False]


def test_labels_of_a_request_need_not_be_small(augment, street):
    labels = np.where(street.labels == 2, 65535, street.labels).astype(np.uint16)
    for one in (labels, labels.astype(np.int32) - 40000):
        answer = augment(label_images=[from_labels(one)], style="night", strength=0.5)
        assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
        if answer.variants[0].accepted:
            np.testing.assert_array_equal(to_labels(answer.variants[0].label_image), one)
