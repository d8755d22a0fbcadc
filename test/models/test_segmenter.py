import pytest
import torch

from genmodels_ros.models.segmenter import ChannelGate, Segmenter


@pytest.mark.parametrize("size", [(96, 128), (31, 47), (16, 16)])
def test_every_pixel_gets_a_distribution_over_classes(size):
    model = Segmenter(6).eval()
    probabilities = model.probabilities(torch.rand(2, 3, *size))
    assert probabilities.shape == (2, 6, *size)
    assert torch.allclose(probabilities.sum(1), torch.ones(2, *size), atol=1e-5)


def test_it_is_rebuilt_from_its_config():
    model = Segmenter.from_config({"num_classes": 4, "widths": [8, 16, 24]})
    assert model(torch.rand(1, 3, 32, 32)).shape == (1, 4, 16, 16)


def test_a_gate_changes_nothing_at_the_start_and_sees_the_whole_picture_later():
    gate, x = ChannelGate(4), torch.rand(2, 4, 6, 8)
    assert torch.equal(gate(x), x)
    torch.nn.init.normal_(gate.excite.weight)
    changed = x.clone()
    changed[0, 0, 5, 7] += 10.0  # far from the first pixel
    assert not torch.allclose(gate(changed)[0, :, 0, 0], gate(x)[0, :, 0, 0])
    assert torch.allclose(gate(changed)[1], gate(x)[1], atol=1e-6)


def test_a_gated_one_is_rebuilt_from_its_config():
    gated = Segmenter.from_config({"num_classes": 4, "widths": [8, 16], "gated": True})
    assert any(isinstance(part, ChannelGate) for part in gated.modules())
    assert not any(isinstance(part, ChannelGate) for part in Segmenter(4, widths=(8, 16)).modules())
    assert gated(torch.rand(1, 3, 32, 32)).shape == (1, 4, 16, 16)
