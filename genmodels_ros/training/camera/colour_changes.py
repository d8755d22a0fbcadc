"""Changes of colour and light that classical augmentation is made of, for batches [B, 3, H, W] in [0, 1].

Every number is one for each image, [B]. Nothing is drawn here and nothing clamped.
"""

import torch
from torch import Tensor

# RGB to luma and two axes of colour (YIQ), where hue is an angle
_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def recoloured(images: Tensor, hue: Tensor, saturation: Tensor) -> Tensor:
    """Hue turned by `hue` [rad], distance to grey times `saturation`; luma stays."""
    to_yiq = _YIQ.to(images)
    cos, sin = saturation * hue.cos(), saturation * hue.sin()
    turn = torch.zeros(len(images), 3, 3, device=images.device)
    turn[:, 0, 0], turn[:, 1, 1], turn[:, 1, 2], turn[:, 2, 1], turn[:, 2, 2] = 1, cos, -sin, sin, cos
    transform = torch.linalg.inv(to_yiq) @ turn @ to_yiq
    return torch.einsum("bij,bjhw->bihw", transform, images)


def contrasted(images: Tensor, factor: Tensor) -> Tensor:
    """Distance to each image's own mean times `factor`."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (images - mean) * factor.view(-1, 1, 1, 1)


def noisy(images: Tensor, level: Tensor, eps: Tensor) -> Tensor:
    """Noise of deviation `level` added; eps like images, standard normal."""
    return images + level.view(-1, 1, 1, 1) * eps
