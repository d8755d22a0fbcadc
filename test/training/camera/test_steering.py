import numpy as np
import pytest
import torch

from genmodels_ros.models.steering import HEIGHT, WIDTH, SteeringNetwork
from genmodels_ros.training.camera.steering import SteeringData, predict, reduced, train_steering
from genmodels_ros.training.camera.steering_augmentation import ClassicalAugmentation


def bright_spots(count=200, seed=0):
    """Pictures whose steering is where their bright column stands."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(4, WIDTH - 4, count)
    images = rng.integers(0, 60, (count, 3, HEIGHT, WIDTH)).astype(np.uint8)
    for image, column in zip(images, columns, strict=True):
        image[:, :, column - 3 : column + 3] = 220
    steering = (columns - WIDTH / 2) / (WIDTH / 2)
    return SteeringData(torch.from_numpy(images), torch.from_numpy(steering.astype(np.float32)))


def test_the_network_is_small_and_learns_where_the_bright_column_stands():
    assert 80_000 < sum(p.numel() for p in SteeringNetwork().parameters()) < 120_000
    model = train_steering(bright_spots(), steps=60, seed=0, batch_size=32)
    unseen = bright_spots(60, seed=1)
    assert np.corrcoef(predict(model, unseen.images), unseen.steering.numpy())[0, 1] > 0.9


def test_the_same_seed_trains_the_same_network():
    first, again, other = (
        predict(
            train_steering(bright_spots(16), steps=2, seed=s, augment=ClassicalAugmentation()), bright_spots(4).images
        )
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_mirrored_pictures_are_steered_the_other_way():
    images, steering = bright_spots().batch(64, torch.Generator().manual_seed(0))
    columns = images.mean(dim=(1, 2)).argmax(dim=1).float()
    assert torch.allclose((columns - WIDTH / 2) / (WIDTH / 2), steering, atol=0.12)


def test_a_drawn_picture_lies_anywhere_between_itself_and_a_variant():
    data = SteeringData(torch.zeros(5, 3, HEIGHT, WIDTH, dtype=torch.uint8), torch.zeros(5))
    variants = torch.tensor([0, 255]).byte().view(2, 1, 1, 1, 1).expand(2, *data.images.shape)
    drawn, _ = SteeringData(data.images, data.steering, variants).batch(400, torch.Generator().manual_seed(0))
    levels = drawn.mean(dim=(1, 2, 3))
    assert float((levels > 0).float().mean()) == pytest.approx(0.5, abs=0.07)
    assert torch.histc(levels[levels > 0], bins=4, min=0, max=1).min() > 30


def test_reduction_averages_areas():
    rgb = np.random.default_rng(0).integers(0, 255, (3, 2 * HEIGHT, 2 * WIDTH, 3)).astype(np.uint8)
    small = reduced(rgb)
    assert small.shape == (3, 3, HEIGHT, WIDTH) and small.dtype == torch.uint8
    assert abs(int(small[1, 2, 5, 7]) - rgb[1, 10:12, 14:16, 2].mean()) <= 0.5


def test_classical_augmentation_changes_every_picture_and_moves_nothing_sideways():
    images = bright_spots(32).images.float() / 255
    rng = torch.Generator().manual_seed(0)
    changed = ClassicalAugmentation(1.0)(images, rng)
    assert changed.shape == images.shape and changed.min() >= 0 and changed.max() <= 1
    assert ((changed - images).abs().mean(dim=(1, 2, 3)) > 0.02).all()
    torch.testing.assert_close(ClassicalAugmentation(0.0)(images, rng), images, atol=2e-3, rtol=0)
    middle = torch.zeros(16, 3, HEIGHT, WIDTH)
    middle[..., WIDTH // 2 - 2 : WIDTH // 2 + 2] = 1
    moved = ClassicalAugmentation(1.0)._moved(middle, rng).mean(dim=(1, 2))
    assert (moved.argmax(dim=1) - WIDTH / 2).abs().max() <= 3
