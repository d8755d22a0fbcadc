import pytest
import torch

from genmodels_ros.models.gan.pull_push import pull_push


def holed(height=21, width=30, seed=0):
    image = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    known = torch.ones(2, 1, height, width)
    known[0, :, 5:15, 8:20] = 0
    known[1, :, :, width // 2 :] = 0  # to the border
    return image, known


def test_what_is_known_stays_and_what_lies_in_the_hole_has_no_influence():
    image, known = holed()
    filled = pull_push(image, known)
    assert torch.equal(filled * known, image * known)
    assert torch.equal(filled, pull_push(torch.where(known > 0, image, 1e3 * torch.rand_like(image)), known))


def test_the_filling_is_between_the_least_and_the_greatest_known_value():
    image, known = holed()
    filled = pull_push(0.3 + 0.4 * image, known)
    assert filled.min() >= 0.3 - 1e-5 and filled.max() <= 0.7 + 1e-5


def test_it_is_linear_in_the_image():
    image, known = holed()
    other = holed(seed=1)[0]
    both = pull_push(2 * image + 3 * other, known)
    assert torch.allclose(both, 2 * pull_push(image, known) + 3 * pull_push(other, known), atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 1), (13, 64)])
def test_a_constant_stays_one_at_any_size(size):
    known = torch.zeros(1, 1, *size)
    known[..., 0, 0] = 1
    assert torch.allclose(pull_push(torch.full((1, 3, *size), 0.3), known), torch.full((1, 3, *size), 0.3), atol=1e-5)


def test_where_nothing_is_known_it_is_black():
    assert pull_push(torch.ones(1, 3, 5, 5), torch.zeros(1, 1, 5, 5)).abs().max() == 0


def test_a_ramp_goes_on_through_a_hole():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    known = torch.ones(1, 1, 64, 64)
    known[..., 24:40, 24:40] = 0
    assert (pull_push(ramp, known) - ramp).abs().max() < 0.1
