"""References, label-conditioned models, lighting alone and completion, with small models that nobody has trained."""

import cv2
import numpy as np
import pytest
import torch
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from genmodels_interfaces.srv import AugmentImages, CompleteImage
from genmodels_ros.conversions.images import from_labels, from_rgb, to_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

CONFIG = {
    "styles": ["night", "fog"],
    "width": 16,
    "network": "translator",
    "label_values": [0, 1, 2],
    "style_encoder_width": 4,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """(translation, completion): checkpoints that change an image visibly."""
    torch.manual_seed(0)
    folders = []
    for name, model_type, config in (
        ("image_translation_gan", ImageTranslationGAN, CONFIG),
        ("image_completion_gan", ImageCompletionGAN, {"width": 8}),
    ):
        model = model_type.from_config(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        folders.append(tmp_path_factory.mktemp(name))
        save_checkpoint(folders[-1], model, Card(name, config))
    return folders


@pytest.fixture(scope="module")
def node(started, folders):
    node = started(ImageAugmenterNode, "able", {"model.checkpoint": str(folders[0])})
    node.pipeline.min_agreement = 0.0
    return node


@pytest.fixture(scope="module")
def call(graph, node, street):
    def call(service_type, name, **fields):
        answer = graph.call(service_type, f"able/image_augmenter/{name}", service_type.Request(**fields))
        assert answer.error.value == ErrorCode.SUCCESS or answer.error.message.endswith(".")
        return answer

    return call


@pytest.fixture(scope="module")
def pixels(call, street):
    """The pixels and the provenance of one variant of the street."""

    def pixels(**fields):
        answer = call(AugmentImages, "augment", images=[from_rgb(street.image)], strength=1.0, **fields)
        assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
        return to_rgb(answer.variants[0].image), answer.variants[0].provenance

    return pixels


def evening(seed=0) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 90, (50, 70, 3), dtype=np.uint8), (9, 9), 0)


def test_labels_steer_a_model_that_was_trained_with_them(pixels, street):
    plain, _ = pixels(style="night")
    steered, _ = pixels(style="night", label_images=[from_labels(street.labels)])
    moved, _ = pixels(style="night", label_images=[from_labels(street.labels[:, ::-1].copy())])
    assert not np.array_equal(steered, moved) and not np.array_equal(plain, moved)


def test_the_style_comes_from_a_picture_where_one_is_given(pixels):
    one, found = pixels(reference_image=from_rgb(evening(1)))
    other, _ = pixels(reference_image=from_rgb(255 - evening(2)))
    again, same = pixels(reference_image=from_rgb(evening(1)))
    assert not np.array_equal(one, other) and np.array_equal(one, again)
    assert len(found.reference_sha256) == 64 and found == same
    _, provenance = pixels(reference_image=from_rgb(evening(1)), style="fog")
    assert provenance.style == "fog"
    _, provenance = pixels(style="fog")
    assert not provenance.reference_sha256


def test_brightness_alone(pixels):
    made, provenance = pixels(style="night", lighting_only=True)
    assert provenance.lighting_only and made.shape == (60, 80, 3)


# --- A reference on the topics: file and message, the later one counts


@pytest.fixture
def reference_file(tmp_path):
    path = tmp_path / "evening.png"
    cv2.imwrite(str(path), evening(3))
    return str(path)


def test_the_later_of_file_and_message_counts(graph, node, wait_until, reference_file):
    publisher = graph.publisher(Image, "able/reference_image", qos_profile_sensor_data)
    assert wait_until(lambda: publisher.get_subscription_count())

    def send(image):
        publisher.publish(image)

    try:
        send(from_rgb(evening(4)))
        assert wait_until(lambda: node.reference.current is not None)
        np.testing.assert_array_equal(node.reference.current.pixels, evening(4))
        assert set_path(node, reference_file).successful
        np.testing.assert_array_equal(node.reference.current.pixels, evening(3)[..., ::-1])
        before, errors = node.reference.current, node.monitor.num_errors
        send(Image(width=4, height=4, step=12, encoding="rgb8", data=bytes(7)))
        assert wait_until(lambda: node.monitor.num_errors > errors)
        assert node.reference.current is before, "a broken picture changes nothing"
        send(from_rgb(evening(5)))
        assert wait_until(lambda: np.array_equal(node.reference.current.pixels, evening(5)))
        send(Image())
        assert wait_until(lambda: node.reference.current is None), "an empty picture ends it"
        assert set_path(node, reference_file).successful and node.reference.current is not None
        assert set_path(node, "").successful and node.reference.current is None
    finally:
        graph.node.destroy_publisher(publisher)


def test_files_that_are_no_pictures_are_refused_with_the_reason(node, tmp_path, reference_file):
    (tmp_path / "notes.png").write_text("text")
    set_path(node, reference_file)
    before = node.reference.current
    for path in (str(tmp_path / "notes.png"), str(tmp_path / "missing.png"), str(tmp_path)):
        result = set_path(node, path)
        assert not result.successful and result.reason.endswith(".")
        assert node.reference.current is before and node.value("reference.path") == reference_file
    set_path(node, "")


def set_path(node, path):
    return node.set_parameters([Parameter("reference.path", value=path)])[0]


def test_a_model_that_knows_no_references_says_so(graph, wait_until, reference_file):
    node = graph.add(ImageAugmenterNode(namespace="blind"))
    assert node.start()
    node.pipeline._model.style_encoder = None
    assert "encoder" in set_path(node, reference_file).reason and node.reference.current is None
    request = AugmentImages.Request(images=[from_rgb(evening())], reference_image=from_rgb(evening(1)))
    answer = graph.call(AugmentImages, "blind/image_augmenter/augment", request)
    assert answer.error.value == ErrorCode.UNKNOWN_STYLE and answer.error.message.endswith(".")
    graph.remove(node)


def test_a_reference_that_is_missing_from_the_start_keeps_the_node_from_configuring(graph, reference_file):
    node = graph.add(
        ImageAugmenterNode(namespace="early", parameter_overrides=[Parameter("reference.path", value="/no/where.png")])
    )
    assert not node.start() and "/no/where.png" in node.monitor.last_error
    assert set_path(node, "").successful and node.start()
    graph.remove(node)


# --- The full gate


@pytest.fixture(scope="module")
def strict(graph):
    """Calls ~/augment of a node whose gate makes every check there is."""
    node = graph.add(ImageAugmenterNode(namespace="strict", parameter_overrides=[Parameter("gate", value="full")]))
    assert node.start(), node.monitor.last_error

    def strict(image, **fields):
        request = AugmentImages.Request(images=[from_rgb(image)], style="night", **fields)
        return graph.call(AugmentImages, "strict/image_augmenter/augment", request)

    yield strict
    graph.remove(node)


@pytest.mark.parametrize("labels", [None, np.uint8, np.uint16, np.int32])
def test_the_full_gate_tells_all_it_measured(strict, street, labels):
    fields = {} if labels is None else {"label_images": [from_labels(street.labels.astype(labels))]}
    answer = strict(street.image, **fields)
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
    variant = answer.variants[0]
    assert len(variant.scores) == len(variant.score_names) > 2 and np.all(np.isfinite(variant.scores))
    assert variant.accepted == (not variant.rejection_reason)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 2), (90, 120)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_the_full_gate_judges_images_with_nothing_on_them(strict, shape, value):
    answer = strict(np.full((*shape, 3), value, np.uint8))
    assert answer.error.value == ErrorCode.SUCCESS, answer.error.message
    assert value or not answer.variants[0].accepted


# --- Completion


def test_completion_keeps_what_is_outside_of_the_mask(node, call, folders, street):
    node.set_parameters([Parameter("completion.checkpoint", value=str(folders[1]))])
    stamp, mask = header("camera", 3.5), np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 200
    fields = {"image": from_rgb(street.image, stamp), "mask": from_labels(mask)}
    first, again = (call(CompleteImage, "complete", seed=5, **fields) for _ in range(2))
    assert first.error.value == ErrorCode.SUCCESS, first.error.message
    assert first.image.header == stamp == first.provenance.source and first.image == again.image
    assert first.provenance.seed == 5 and first.provenance.checkpoint_sha256 and first.computation_time > 0
    change = np.abs(to_rgb(first.image).astype(int) - street.image).max(axis=-1)
    assert change[mask == 0].max() < 20, "the invisible mark alone"


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.ones((59, 80), np.uint8), ErrorCode.LABEL_MISMATCH),
        (np.zeros((60, 80), np.uint8), ErrorCode.INVALID_IMAGE),
        (np.ones((60, 80), np.int32), ErrorCode.INVALID_IMAGE),
    ],
)
def test_masks_that_are_none_are_refused(node, call, folders, street, mask, code):
    node.set_parameters([Parameter("completion.checkpoint", value=str(folders[1]))])
    answer = call(CompleteImage, "complete", image=from_rgb(street.image), mask=from_labels(mask))
    assert ErrorCode(answer.error.value) == code and not answer.image.data


def test_without_a_checkpoint_completion_is_unavailable_and_the_node_goes_on(node, call, street, tmp_path, pixels):
    node.set_parameters([Parameter("completion.checkpoint", value=str(tmp_path))])
    mask = from_labels(np.eye(60, 80, dtype=np.uint8))
    answer = call(CompleteImage, "complete", image=from_rgb(street.image), mask=mask)
    assert ErrorCode(answer.error.value) == ErrorCode.MODEL_UNAVAILABLE
    pixels(style="night")
