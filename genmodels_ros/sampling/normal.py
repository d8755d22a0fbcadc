"""The standard normal density: the noise that samplers start from and the base that families map to."""

import math

from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


def standard_normal_log_prob(x: Tensor) -> Tensor:
    """log N(x; 0, I) [*] in nats of x [*, D]."""
    return -0.5 * (x.square() + LOG_2PI).sum(-1)
