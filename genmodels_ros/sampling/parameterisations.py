"""What a network may predict about x_t = alpha_t x_0 + sigma_t eps, and the way from each to the others.

Every parameterisation is a combination  p = c x_0 + d eps  of signal and noise, so x_t and p together are two linear
equations for x_0 and eps:

    eps     eps                        Ho et al. 2020
    x_0     x_0
    v       alpha_t eps - sigma_t x_0  Salimans & Ho 2022, "Progressive Distillation", appendix D
    flow    eps - x_0                  the velocity of Liu et al. 2023 and Lipman et al. 2023, towards noise

eps says nothing of x_0 where alpha_t vanishes, x_0 nothing of eps where sigma_t does; v and flow are well conditioned
everywhere.
"""

from torch import Tensor

PARAMETERISATIONS = ("eps", "x_0", "v", "flow")


def coefficients(name: str, alpha_t: Tensor, sigma_t: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """c and d of p = c x_0 + d eps. Raises ValueError for an unknown name."""
    match name:
        case "eps":
            return 0.0, 1.0
        case "x_0":
            return 1.0, 0.0
        case "v":
            return -sigma_t, alpha_t
        case "flow":
            return -1.0, 1.0
    raise ValueError(f"unknown parameterisation {name!r}: use one of {', '.join(PARAMETERISATIONS)}")


def predicted(name: str, x_0: Tensor, eps: Tensor, alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
    """p of known signal and noise: what the network of this parameterisation should say."""
    c, d = coefficients(name, alpha_t, sigma_t)
    return c * x_0 + d * eps


def signal_and_noise(
    name: str, prediction: Tensor, x_t: Tensor, alpha_t: Tensor, sigma_t: Tensor
) -> tuple[Tensor, Tensor]:
    """x_0 and eps that x_t and a prediction imply."""
    c, d = coefficients(name, alpha_t, sigma_t)
    determinant = alpha_t * d - sigma_t * c
    return (d * x_t - sigma_t * prediction) / determinant, (alpha_t * prediction - c * x_t) / determinant


def convert(source: str, target: str, prediction: Tensor, x_t: Tensor, alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
    """The same prediction said in another parameterisation."""
    return predicted(target, *signal_and_noise(source, prediction, x_t, alpha_t, sigma_t), alpha_t, sigma_t)
