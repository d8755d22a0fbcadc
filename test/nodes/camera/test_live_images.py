"""A training loop on a camera's topic, over real DDS."""

import numpy as np
import pytest
import torch
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from torch.utils.data import DataLoader

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_ros.conversions.images import compress, from_labels, from_rgb
from genmodels_ros.conversions.stamps import header
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.nodes.camera.live_images import live_images
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.augmented_dataset import AugmentedDataset

NUM_FRAMES = 6


@pytest.fixture(scope="module")
def augmenter():
    torch.manual_seed(0)
    config = {"styles": ["night", "fog"], "width": 16}
    return ImageAugmenter(ImageTranslationGAN.from_config(config), Card("image_translation_gan", config), device="cpu")


def scene(number):
    """A picture and its labels, which say which picture it was."""
    rng = np.random.default_rng(number)
    blocks = np.kron(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
    return blocks, np.full(blocks.shape[:2], 100 + number, np.uint16)


@pytest.fixture
def camera(graph, wait_until):
    """publish(number, *parts) after live_images has found its topics."""
    publishers = {
        "image": graph.publisher(Image, "/live/image_raw", qos_profile_sensor_data),
        "compressed": graph.publisher(CompressedImage, "/live/image_raw/compressed", qos_profile_sensor_data),
        "labels": graph.publisher(Image, "/live/label_image", qos_profile_sensor_data),
    }

    def publish(number, *parts):
        rgb, labels = scene(number)
        stamp = header("camera", 10.0 + number)
        made = {"image": from_rgb, "compressed": compress, "labels": from_labels}
        for part in parts:
            assert wait_until(publishers[part].get_subscription_count)
            publishers[part].publish(made[part](labels if part == "labels" else rgb, stamp))

    return publish


REMAP = ["--ros-args", "-r", "__ns:=/live"]


def test_ten_lines_train_on_a_live_topic(camera, augmenter, wait_until):
    with live_images(labels=True, patience=20.0, args=REMAP) as frames:
        for number in range(NUM_FRAMES):
            camera(number, "labels", "image")
            assert wait_until(lambda n=number: frames.received > n)
        frames.close()
        model = torch.nn.Conv2d(3, 1, 1)
        seen = []
        for batch in DataLoader(AugmentedDataset(frames, augmenter, style="fog"), batch_size=2):
            loss = (model(batch["image"]).mean((1, 2, 3)) - batch["labels"].float().mean((1, 2)) / 100).square().mean()
            gradients = torch.autograd.grad(loss, list(model.parameters()))  # torch.optim takes 10 s to import
            torch._foreach_sub_([parameter.data for parameter in model.parameters()], gradients, alpha=0.1)
            seen += batch["labels"][:, 0, 0].tolist()
    assert seen == [100 + number for number in range(NUM_FRAMES)] and torch.isfinite(loss)


def test_an_image_waits_for_the_labels_of_its_stamp(camera, wait_until):
    with live_images(labels=True, patience=0.3, args=REMAP) as frames:
        camera(0, "image")
        camera(1, "labels")
        camera(1, "image")
        (frame,) = frames.images()
    assert frame.stamp == 11.0 and (frame.labels == 101).all() and np.array_equal(frame.image, scene(1)[0])


def test_boxes_of_the_classes_asked_for_come_as_instances(camera, graph, wait_until):
    publisher = graph.publisher(ImageBoxes, "/live/boxes", qos_profile_sensor_data)
    with live_images(classes=("cone", "person"), patience=20.0, args=REMAP) as frames:
        assert wait_until(publisher.get_subscription_count)
        boxes = [
            ImageBox(class_id=name, center_x=8.0, center_y=6.0, size_x=4.0, size_y=2.0) for name in ("person", "cat")
        ]
        publisher.publish(ImageBoxes(header=header("camera", 12.0), boxes=boxes))
        camera(2, "image")
        (instance,) = next(frames.images()).instances
    assert instance.category == 1 and instance.box == (6.0, 5.0, 4.0, 2.0)


def test_compressed_images_come_without_labels_and_the_newest_win(camera, wait_until):
    with live_images(compressed=True, size=2, args=REMAP) as frames:
        for number in range(4):
            camera(number, "compressed")
            assert wait_until(lambda n=number: frames.received > n)
        frames.close()
        assert [frame.stamp for frame in frames.images()] == [12.0, 13.0]
    assert frames.dropped == 2


def test_an_image_of_unknown_encoding_is_counted_and_the_next_one_comes(graph, wait_until, camera):
    publisher = graph.publisher(Image, "/live/image_raw", qos_profile_sensor_data)
    with live_images(patience=20.0, args=REMAP) as frames:
        assert wait_until(publisher.get_subscription_count)
        publisher.publish(Image(height=1, width=1, encoding="yuv_of_mars", step=1, data=[0]))
        camera(3, "image")
        assert next(frames.images()).stamp == 13.0
