"""Gaussian mixture regression in the data's units: mean and covariance of x for a given condition, in closed form."""

from torch import Tensor

from genmodels_ros.models.standardised import Standardised


def regress(model: Standardised, condition: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [N, D] and covariance [N, D, D] of p(x | c) for condition [N, C], by a fitted `mixture`.

    Raises GenModelsError(WRONG_LENGTH or NOT_FINITE) for conditions that do not fit.
    """
    mean, covariance = model.core.moments(model.inner_condition(condition, len(condition)))
    return model.centre + model.spread * mean, covariance * model.spread[:, None] * model.spread
