"""Classifier-free guidance on Gaussians: what the theory says at scales 0, 1 and above."""

import pytest
import torch

from genmodels_ros.sampling.guidance import classifier_free_guidance
from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS
from genmodels_ros.sampling.samplers import ddim_step
from genmodels_ros.sampling.schedules import flow_schedule

SCHEDULE = flow_schedule(100)
CONDITIONAL = {"mean": torch.tensor([1.0, -0.5]), "covariance": torch.eye(2)}
UNCONDITIONAL = {"mean": torch.zeros(2), "covariance": torch.eye(2)}


def both(toy, prediction):
    """One call for both: the first half of the batch is conditional."""

    def denoiser(x_t, t, before):
        halves = zip(x_t.chunk(2), (CONDITIONAL, UNCONDITIONAL), strict=True)
        given = [toy.optimal_denoiser(SCHEDULE, prediction, toy.gaussian_x_0, **c)(x, t, before) for x, c in halves]
        return torch.cat(given)

    return denoiser


@pytest.mark.parametrize("prediction", PARAMETERISATIONS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_the_mean_moves_with_the_scale(toy, prediction, scale):
    """Of equal covariances, scores differ by a shift of the mean, which the scale multiplies."""
    denoiser = classifier_free_guidance(both(toy, prediction), scale)
    x_0 = toy.draw(denoiser, SCHEDULE, ddim_step(), 100, prediction=prediction)
    torch.testing.assert_close(x_0.mean(0), scale * CONDITIONAL["mean"], atol=0.04, rtol=0)


def test_scale_one_is_the_conditional_denoiser(toy):
    x_t = torch.randn(8, 2)
    guided = classifier_free_guidance(both(toy, "eps"), 1.0)(x_t, 50, x_t)
    torch.testing.assert_close(guided, toy.optimal_denoiser(SCHEDULE, "eps", **CONDITIONAL)(x_t, 50, None))
