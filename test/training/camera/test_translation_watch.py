import torch
from torch import nn

from genmodels_ros.training.camera.image_domains import ImageDomains
from genmodels_ros.training.camera.translation_watch import TranslationWatch

PICTURES = (255 * torch.rand(12, 3, 96, 128, generator=torch.Generator().manual_seed(0))).to(torch.uint8)


class Painter(nn.Module):
    """Leaves a picture as it is, but for something in every cell of 4 pixels."""

    latent, cell = 8, 4

    def __init__(self, grid: float):
        super().__init__()
        self.pattern = grid * torch.rand(4, 4, generator=torch.Generator().manual_seed(1)).repeat(24, 32)

    def forward(self, image, style, z, eps, labels=None):
        return image * 0.5 + self.pattern


def test_a_grid_is_noticed_and_none_where_there_is_none():
    watch = TranslationWatch(ImageDomains(PICTURES, (PICTURES // 2,), ("a",)))
    found = []
    for grid in (0.0, 0.1, 0.4):
        watch.measure(Painter(grid))
        found.append(watch.pattern)
    assert abs(found[0]) < 0.02 and found[0] < found[1] < found[2] and found[2] > 0.1


def test_pictures_that_are_the_targets_are_at_no_distance():
    watch = TranslationWatch(ImageDomains(PICTURES // 2, (PICTURES,), ("a",)))
    untouched = Painter(0.0)
    untouched.forward = lambda image, *_: image
    back = Painter(0.0)
    back.forward = lambda image, *_: 2 * image
    assert abs(watch.measure(untouched) - 1) < 1e-3 and watch.measure(back) < 0.05
