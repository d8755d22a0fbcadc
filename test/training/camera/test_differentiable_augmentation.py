import pytest
import torch

from genmodels_ros.training.camera.differentiable_augmentation import (
    MAX_STRENGTH,
    AdaptiveStrength,
    _coloured,
    _shifted,
    _with_hole,
    augment,
)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=6, channels=3, size=(16, 24)):
    return torch.rand(count, channels, *size, generator=rng(9), dtype=torch.float64)


@pytest.mark.parametrize("change", [_coloured, _shifted, _with_hole, augment])
def test_gradients_are_those_of_finite_differences(change):
    images = pictures(2, size=(4, 8)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: change(x, 0.9, rng(3)), (images,), fast_mode=True)


def test_the_gradient_of_a_shift_is_the_shift_back():
    images = pictures(1).requires_grad_()
    shifted = _shifted(images, 1.0, rng(4))
    (gradient,) = torch.autograd.grad((shifted * shifted.detach()).sum(), images)
    kept = gradient != 0
    assert 0.5 < kept.double().mean() <= 1 and torch.allclose(gradient[kept], images[kept])


def test_it_depends_on_rng_and_strength_alone():
    images = pictures()
    assert torch.equal(augment(images, 0.7, rng(1)), augment(images, 0.7, rng(1)))
    assert not torch.equal(augment(images, 0.7, rng(1)), augment(images, 0.7, rng(2)))
    assert torch.equal(augment(images, 0.0, rng(1)), images)


def test_images_are_changed_as_often_as_the_strength_says():
    images = pictures(2000, size=(8, 8))
    changed = (_with_hole(images, 0.3, rng()) != images).flatten(1).any(dim=1)
    assert abs(float(changed.double().mean()) - 0.3) < 0.04


def test_masks_move_along_and_keep_their_values():
    images = pictures(channels=5)
    images[:, 3:] = (images[:, 3:] > 0.5).double()
    changed = augment(images, 1.0, rng(5))
    assert set(changed[:, 3:].unique().tolist()) == {0.0, 1.0}
    marked = torch.zeros(4, 4, 16, 24, dtype=torch.float64)
    marked[:, :, 5:9, 8:12] = 1  # the same square in a colour and in the mask
    moved = _shifted(marked, 1.0, rng(6))
    assert torch.equal(moved[:, 0], moved[:, 3])


def test_colour_changes_leave_grey_pictures_grey_and_places_alone():
    grey = pictures(channels=1).expand(-1, 3, -1, -1)
    changed = _coloured(grey, 1.0, rng(7))
    assert torch.allclose(changed[:, 0], changed[:, 2])
    ranks = [x[0, 0].flatten().argsort() for x in (grey, changed)]
    assert torch.equal(*ranks)  # contrast and brightness keep the order


def test_the_strength_follows_overfitting_and_stays_in_bounds():
    adaptive = AdaptiveStrength(images=100)
    assert adaptive.update(0.9, 10) == pytest.approx(0.1)
    assert adaptive.update(0.2, 10) == 0
    for _ in range(20):
        adaptive.update(0.9, 10)
    assert adaptive.strength == MAX_STRENGTH
    assert adaptive.update(0.2, 10) < MAX_STRENGTH


def test_a_shift_goes_both_ways_and_an_eighth_of_the_side_at_most():
    images = torch.zeros(200, 1, 16, 32)
    images[:, :, 8, 16] = 1
    _, _, rows, columns = _shifted(images, 1.0, rng(8)).nonzero(as_tuple=True)
    assert rows.min() == 6 and rows.max() == 10 and columns.min() == 12 and columns.max() == 20
