import torch

from genmodels_ros.sampling.normal import standard_normal_log_prob


def test_it_is_the_density_that_torch_has():
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(-1)
    torch.testing.assert_close(standard_normal_log_prob(x), expected)
