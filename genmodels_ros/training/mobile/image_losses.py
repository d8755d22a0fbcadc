"""How far a predicted image is from the true one, differentiably: likelihood, structure, texture.

Likelihood and structure are best for an image blurred where its motion is unsure. Texture, the strength of edges around
a place, wherever exactly they lie, is best for one as sharp as the truth.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss

WINDOW = 7  # pixels of SSIM's box
TEXTURE = (4, 16)  # pixels over which the strength of edges is compared


def image_losses(predicted: Tensor, image: Tensor, log_prob: Tensor) -> dict[str, Tensor]:
    """Means over images [B, 3, H, W] in [0, 1]. log_prob: of each value of `image`."""
    edges, true_edges = edge_strength(predicted), edge_strength(image)
    return {
        "likelihood": -log_prob.mean(),
        "coarse": l1_loss(avg_pool2d(predicted, 4), avg_pool2d(image, 4)),
        "structure": 1 - ssim(predicted, image),
        "texture": sum(l1_loss(avg_pool2d(edges, size), avg_pool2d(true_edges, size)) for size in TEXTURE),
    }


def edge_strength(images: Tensor) -> Tensor:
    """Size of the differences between neighbours, to the right and below [B, 2, H - 1, W - 1], of grey images."""
    grey = images.mean(1, keepdim=True)
    here = grey[..., :-1, :-1]
    return torch.cat([grey[..., :-1, 1:] - here, grey[..., 1:, :-1] - here], dim=1).abs()


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity (Wang et al. 2004, eq. 13) over boxes, of images in [0, 1]."""
    pool = lambda values: avg_pool2d(values, WINDOW, stride=2)  # noqa: E731
    mean_a, mean_b = pool(a), pool(b)
    var_a, var_b = pool(a * a) - mean_a.square(), pool(b * b) - mean_b.square()
    covariance = pool(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a.square() + mean_b.square() + c1)
    return (luminance * (2 * covariance + c2) / (var_a.clamp(min=0) + var_b.clamp(min=0) + c2)).mean()
