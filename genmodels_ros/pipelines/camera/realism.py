"""How far a picture lies from real pictures of its target domain: distance to the nearest of them in fixed features.

The features are those of models/image_features.py (no trained network), standardised and projected on the principal
components of real pictures. A distance is the mean over the NEIGHBOURS nearest reference pictures, divided by
what 99 % of real pictures of that domain stay below: up to about 1 a picture is as near as real ones are to each other.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.image_features import SIZE, image_features

REALISM = "realism.safetensors"
COMPONENTS, NEIGHBOURS, USUAL = 24, 3, 0.99
SCALE = "scale/"


class RealismReference:
    """mean [F] and projection [F, COMPONENTS] of the features; points [N, COMPONENTS] and scale of each style."""

    def __init__(self, mean: Tensor, projection: Tensor, points: dict[str, Tensor], scales: dict[str, float]):
        self._mean, self._projection, self._points, self._scales = mean, projection, points, scales

    @classmethod
    def fit(cls, references: dict[str, np.ndarray], usual: dict[str, np.ndarray]) -> "RealismReference":
        """Both: uint8 [N, H, W, 3] by style, of scenes that do not meet; the second ones set the usual distance."""
        features = {style: _features(images) for style, images in references.items()}
        everything = torch.cat(list(features.values()))
        mean, deviation = everything.mean(0), everything.std(0).clamp(min=1e-6)
        _, _, directions = torch.pca_lowrank((everything - mean) / deviation, q=COMPONENTS, niter=4)
        projection = directions / deviation[:, None]
        points = {style: (one - mean) @ projection for style, one in features.items()}
        reference = cls(mean, projection, points, dict.fromkeys(points, 1.0))
        for style, images in usual.items():
            distances = [reference.distance(image, style) for image in images]
            reference._scales[style] = float(np.quantile(distances, USUAL))
        return reference

    @property
    def styles(self) -> tuple[str, ...]:
        return tuple(self._points)

    @torch.inference_mode()
    def distance(self, image: np.ndarray, style: str) -> float:
        """Of one picture, uint8 [H, W, 3]."""
        small = image
        if image.shape[:2] != SIZE:
            small = cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_AREA)
        point = (_features(small[None]) - self._mean) @ self._projection
        distances = torch.cdist(point, self._points[style])[0]
        return float(distances.topk(NEIGHBOURS, largest=False).values.mean()) / self._scales[style]

    def save(self, folder: Path) -> None:
        """Writes it beside the weights in `folder`."""
        tensors = {"mean": self._mean, "projection": self._projection}
        tensors |= {f"style/{style}": points for style, points in self._points.items()}
        tensors |= {SCALE + style: torch.tensor(scale) for style, scale in self._scales.items()}
        save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, Path(folder) / REALISM)

    @classmethod
    def load(cls, folder: Path) -> "RealismReference":
        """Raises GenModelsError(MODEL_UNAVAILABLE) if it is missing or damaged."""
        try:
            tensors = load_file(Path(folder) / REALISM)
            points = {key.removeprefix("style/"): value for key, value in tensors.items() if key.startswith("style/")}
            scales = {style: float(tensors[SCALE + style]) for style in points}
            return cls(tensors["mean"], tensors["projection"], points, scales)
        except (OSError, KeyError, SafetensorError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"No usable {REALISM} in {folder} ({error}): make it with 'genmodels calibrate augmenter'.",
            ) from error


def _features(images: np.ndarray) -> Tensor:
    return image_features(torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2))
