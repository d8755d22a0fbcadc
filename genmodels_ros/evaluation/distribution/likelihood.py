"""Likelihood in the units that papers report: nats a sample, bits a dimension, perplexity a symbol.

Figures compare only where the kind of likelihood (models/family.py: exact, estimate, bound) and the units of x do.
"""

import math

from torch import Tensor


def negative_log_likelihood(log_prob: Tensor) -> float:
    """Mean [nat a sample] of log_prob [N]; infinite as soon as one sample is held impossible."""
    return float(-log_prob.double().mean())


def bits_per_dimension(log_prob: Tensor, dimension: int, bin_width: float) -> float:
    """Code length [bit] of one of D numbers that were quantised in bins of `bin_width`, in the units of x.

    -log2 p(x) / D - log2 bin_width: the chance of a bin is its density times its volume. With noise of one bin's width
    added to the quantised numbers this is at least the true code length (Theis et al. 2016, A note on the evaluation
    of generative models, sec. 3.1). Pictures of 256 levels: bin_width 1/256 for x in [0, 1], 1 for x in [0, 256).
    """
    return negative_log_likelihood(log_prob) / (dimension * math.log(2)) - math.log2(bin_width)


def perplexity(log_prob: Tensor, symbols: int) -> float:
    """exp(mean code length [nat] of a symbol) of log-probabilities [N] of sequences of `symbols` discrete symbols:
    from how many equally likely ones the model still has to choose."""
    return math.exp(negative_log_likelihood(log_prob) / symbols)
