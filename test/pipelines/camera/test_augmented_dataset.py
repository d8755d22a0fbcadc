"""Samples for training, made while it trains."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from genmodels_ros.data.frame_queue import FrameQueue
from genmodels_ros.data.labelled_images import ImageSource, Instance, SourceImage
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.augmented_dataset import AugmentedDataset


@pytest.fixture(scope="module")
def augmenter():
    torch.manual_seed(0)
    config = {"styles": ["night", "fog"], "width": 16}
    return ImageAugmenter(ImageTranslationGAN.from_config(config), Card("image_translation_gan", config), device="cpu")


def item(number, **fields):
    rng = np.random.default_rng(number)
    blocks = np.kron(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
    return SourceImage(f"i{number}", "here", image=blocks, labels=np.full((48, 64), number, np.uint16), **fields)


def source(*items):
    return ImageSource(len(items), lambda: iter(items))


FOUR = source(*(item(n) for n in range(4)))


def order(samples):
    return [int(sample["labels"][0, 0]) for sample in samples]


def test_each_image_comes_with_its_variants_and_their_labels(augmenter):
    samples = list(AugmentedDataset(FOUR, augmenter, count=2, include_source=True))
    assert order(samples) == [n for n in range(4) for _ in range(3)]
    assert all(s["image"].shape == (3, 48, 64) and s["labels"].dtype == torch.int64 for s in samples)
    original, *variants = samples[:3]
    assert torch.equal(
        (original["image"] * 255).round().to(torch.uint8).permute(1, 2, 0), torch.from_numpy(item(0).image)
    )
    assert not any(torch.equal(original["image"], variant["image"]) for variant in variants)
    assert not torch.equal(variants[0]["image"], variants[1]["image"])


def test_epochs_differ_and_the_same_seed_shows_the_same_again(augmenter):
    first, second = (AugmentedDataset(FOUR, augmenter, seed=3) for _ in range(2))
    epochs = [torch.stack([s["image"] for s in dataset]) for dataset in (first, first, second)]
    assert not torch.equal(epochs[0], epochs[1]) and torch.equal(epochs[0], epochs[2])


def test_workers_share_the_images_and_their_epochs_differ(augmenter):
    loader = DataLoader(AugmentedDataset(FOUR, augmenter), batch_size=None, num_workers=2)
    epochs = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        epochs.append(sorted(loader, key=lambda sample: int(sample["labels"][0, 0])))
    assert all(order(epoch) == [0, 1, 2, 3] for epoch in epochs)
    assert not torch.equal(epochs[0][0]["image"], epochs[1][0]["image"])
    assert torch.equal(epochs[0][0]["image"], epochs[2][0]["image"])


def test_boxes_and_commands_are_tensors(augmenter):
    boxes = (Instance(5, (1.0, 2.0, 10.0, 20.0)), Instance(7, (0.0, 0.0, 1.0, 1.0)))
    (sample,) = AugmentedDataset(source(item(0, instances=boxes, command=(0.5, -0.1))), augmenter)
    assert sample["boxes"].tolist() == [[1, 2, 11, 22], [0, 0, 1, 1]] and sample["categories"].tolist() == [5, 7]
    assert sample["command"].tolist() == pytest.approx([0.5, -0.1])


def test_what_cannot_be_used_is_counted(augmenter):
    black = SourceImage("black", "here", image=np.zeros((48, 64, 3), np.uint8))
    misfit = SourceImage("misfit", "here", image=item(0).image, labels=np.zeros((3, 3), np.uint8))
    dataset = AugmentedDataset(source(SourceImage("x", "y", problem="damaged"), black, misfit, item(1)), augmenter)
    assert order(dataset) == [1] and (dataset.skipped, dataset.rejected) == (2, 1)


def test_a_buffer_shuffles_and_loses_nothing(augmenter):
    twelve = source(*(item(n) for n in range(12)))
    dataset = AugmentedDataset(twelve, augmenter, shuffle_buffer=6, seed=1)
    first, second = order(dataset), order(dataset)
    assert sorted(first) == sorted(second) == list(range(12)) and first != second != list(range(12))


def test_a_queue_of_live_frames_is_a_source_too_but_for_one_process(augmenter):
    queue = FrameQueue()
    for number in range(3):
        queue.put(item(number))
    queue.close()
    assert order(AugmentedDataset(queue, augmenter)) == [0, 1, 2]


def test_a_bad_request_is_refused_at_once(augmenter):
    with pytest.raises(GenModelsError):
        AugmentedDataset(FOUR, augmenter, style="snow")
