"""Inception score (Salimans et al. 2016, sec. 4) by any classifier: sure of each sample, even over all classes.

It never looks at real data: one perfect sample of every class scores best. Barratt and Sharma (2018) list what follows.
"""

import torch
from torch import Tensor


def inception_score(probabilities: Tensor) -> float:
    """exp E KL(p(y | x) ‖ p(y)) of class probabilities [N, K]: from 1 to K."""
    p = probabilities.double()
    marginal = p.mean(dim=0)
    return float((torch.special.xlogy(p, p) - torch.special.xlogy(p, marginal)).sum(dim=1).mean().exp())
