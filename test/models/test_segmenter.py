import pytest
import torch

from genmodels_ros.models.segmenter import Segmenter


@pytest.mark.parametrize("size", [(96, 128), (31, 47), (16, 16)])
def test_every_pixel_gets_a_distribution_over_classes(size):
    model = Segmenter(6).eval()
    probabilities = model.probabilities(torch.rand(2, 3, *size))
    assert probabilities.shape == (2, 6, *size)
    assert torch.allclose(probabilities.sum(1), torch.ones(2, *size), atol=1e-5)


def test_it_is_rebuilt_from_its_config():
    model = Segmenter.from_config({"num_classes": 4, "widths": [8, 16, 24]})
    assert model(torch.rand(1, 3, 32, 32)).shape == (1, 4, 16, 16)
