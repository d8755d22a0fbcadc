import pytest
import torch

from genmodels_ros.models.gan import StyleEncoder
from genmodels_ros.models.gan.style_encoder import noise_level


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (96, 128), (240, 320)])
def test_pictures_of_any_size_have_logits_and_a_code_for_each_style(shape):
    logits, codes = StyleEncoder(4, latent=3)(torch.rand(2, 3, *shape))
    assert logits.shape == (2, 4) and codes.shape == (2, 4, 3)
    assert logits.isfinite().all() and codes.isfinite().all()


def test_the_noise_level_is_the_noise_s_and_not_the_edges():
    rng = torch.Generator().manual_seed(0)
    blocks = (
        torch.rand(1, 1, 6, 8, generator=rng).repeat_interleave(20, 2).repeat_interleave(20, 3).expand(1, 3, -1, -1)
    )
    assert noise_level(blocks) < 1e-3
    for sigma in (0.02, 0.1):
        grey = sigma * torch.randn(1, 1, 120, 160, generator=rng)  # the same in each channel: the luma's deviation
        assert noise_level(blocks + grey) == pytest.approx(sigma, rel=0.1)
