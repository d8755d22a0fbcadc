"""The score identity, the density of a fitted model, guidance, and settings that exclude each other."""

import pytest
import torch
from torch.distributions import MultivariateNormal

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.diffusion import VectorDiffusion
from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS, predicted

MEAN, COVARIANCE = torch.tensor([0.5, -0.3]), torch.tensor([[1.0, 0.6], [0.6, 0.5]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(**settings) -> VectorDiffusion:
    torch.manual_seed(0)
    return VectorDiffusion.from_config({"dimension": 2, "width": 32, "layers": 2, **settings})


@pytest.mark.parametrize("prediction", PARAMETERISATIONS)
def test_the_score_of_a_network_that_knows_a_gaussian_is_the_gradient_of_its_noisy_density(prediction, monkeypatch):
    """score = -eps / sigma_t against autograd of log p_t, p_t = N(alpha m, alpha² C + sigma² I)."""
    model, t = make(prediction=prediction), torch.tensor([3, 40, 80])
    alpha, sigma = model.schedule.at(t, torch.ones(3, 1))

    def knowing(x_t, t, known=0.0):
        noisy = alpha[..., None] ** 2 * COVARIANCE + sigma[..., None] ** 2 * torch.eye(2)
        whitened = torch.linalg.solve(noisy, (x_t - alpha * MEAN)[..., None])[..., 0]
        return predicted(prediction, MEAN + alpha * whitened @ COVARIANCE, sigma * whitened, alpha, sigma)

    monkeypatch.setattr(model, "forward", knowing)
    x_t = torch.randn(3, 2, generator=seeded(), requires_grad=True)
    covariance = alpha[..., None] ** 2 * COVARIANCE + sigma[..., None] ** 2 * torch.eye(2)
    log_p = MultivariateNormal(alpha * MEAN, covariance).log_prob(x_t).sum()
    (gradient,) = torch.autograd.grad(log_p, x_t)
    torch.testing.assert_close(model.score(x_t, t), gradient, atol=1e-4, rtol=1e-3)


def descend(model: VectorDiffusion, batch, steps: int) -> VectorDiffusion:
    rng, optimizer = seeded(), torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - step / steps)
        optimizer.zero_grad()
        model.loss(*batch(rng), rng).backward()
        optimizer.step()
    return model.eval()


def test_the_density_of_a_fitted_model_is_near_the_truth():
    root = torch.linalg.cholesky(COVARIANCE)
    model = descend(make(), lambda rng: (MEAN + torch.randn(512, 2, generator=rng) @ root.T, None), 500)
    truth = MultivariateNormal(MEAN, COVARIANCE)
    x = MEAN + torch.randn(300, 2, generator=seeded(9)) @ root.T
    assert (model.log_prob(x) - truth.log_prob(x)).abs().mean() < 0.15
    assert abs((model.log_prob(x) - truth.log_prob(x)).mean()) < 0.05


def test_guidance_keeps_closer_to_the_condition():
    """The condition is the sign of x: guided samples lie farther on its side, on the average, than plain ones."""

    def batch(rng):
        x = torch.randn(256, 1, generator=rng) * torch.tensor([1.0])
        c = torch.where(torch.rand(256, 1, generator=rng) < torch.sigmoid(4 * x), 1.0, -1.0)
        return x, c

    model = descend(make(dimension=1, condition_dimension=1, condition_dropout=0.2), batch, 300)
    means = []
    for guidance in (0.0, 1.0, 3.0):
        guided = make(dimension=1, condition_dimension=1, condition_dropout=0.2, guidance=guidance).eval()
        guided.load_state_dict(model.state_dict())
        with torch.no_grad():
            means.append(guided.sample(1000, torch.ones(1000, 1), rng=seeded()).mean())
    assert abs(means[0]) < 0.2 and means[1] > 0.4 and means[2] > means[1] + 0.2


@pytest.mark.parametrize("settings", [{"guidance": 2.0}, {"guidance": 2.0, "condition_dropout": 0.1}])
def test_guidance_without_what_it_needs_is_refused(settings):
    with pytest.raises(GenModelsError) as error:
        make(**settings)
    assert error.value.code is ErrorCode.INVALID_CONFIG and "condition_dropout" in error.value.message
