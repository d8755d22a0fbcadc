"""Does a synthetic image still show the edges of its source?

The generator cannot move an edge, but it can bury one in darkness, fog or noise, and then a label names something that
nobody can see. Both pictures are reduced to object scale (noise averages out, texture goes), their strongest gradients
are found, and agreement is the F1 score between the two sets. As many edge pixels are taken from the result as from the
source, however low its contrast, and none below what noise alone leaves: less contrast is no fault, lost edges are.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

WORKING_SIDE = 96  # pixels of the longer side
SOURCE_EDGE = 0.05  # luma step a pixel that counts as an edge of the source
VISIBLE_EDGE = 0.008  # two grey levels of 255: what is weaker nobody sees


def edge_agreement(before: Tensor, after: Tensor) -> float:
    """F1 of the edges of two luma images [h, w] in [0, 1], within one pixel; 1 if the source has no edge to lose."""
    source, result = _gradient(before), _gradient(after)
    source_edges = source > SOURCE_EDGE
    count = int(source_edges.sum())
    if count == 0:
        return 1.0
    threshold = max(VISIBLE_EDGE, float(result.flatten().kthvalue(result.numel() - count + 1).values))
    result_edges = result >= threshold
    found = int(result_edges.sum())
    if found == 0:
        return 0.0
    recall = float((source_edges & _dilated(result_edges)).sum()) / count
    precision = float((result_edges & _dilated(source_edges)).sum()) / found
    return 2 * precision * recall / max(precision + recall, 1e-9)


def reduced_luma(image: np.ndarray) -> Tensor:
    """uint8 [H, W, 3] → [h, w] in [0, 1], area-averaged so that the longer side is at most WORKING_SIDE."""
    height, width = image.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = torch.from_numpy(cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)).float() / 255
    return 0.299 * small[..., 0] + 0.587 * small[..., 1] + 0.114 * small[..., 2]


def _gradient(luma: Tensor) -> Tensor:
    """Magnitude of the Sobel derivative, in luma a pixel."""
    padded = F.pad(luma[None, None], (1, 1, 1, 1), mode="replicate")
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    return F.conv2d(padded, torch.stack([kernel, kernel.T])[:, None]).square().sum(1).sqrt()[0]


def _dilated(mask: Tensor) -> Tensor:
    return F.max_pool2d(mask[None].float(), 3, stride=1, padding=1)[0] > 0
