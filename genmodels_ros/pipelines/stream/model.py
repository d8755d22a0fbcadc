"""What a stream of numbers looks like when all is well: a density of its features, and how often it is how surprised.

A checkpoint is the density's weights and card, which names the fields, and calibration.json.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.whitened import Whitened
from genmodels_ros.pipelines.calibration import Calibration, load_calibration
from genmodels_ros.pipelines.stream.features import KINDS

DENSITY = "density"  # the one statistic that is calibrated
FARTHEST = 1e4  # standard deviations; what lies farther is as odd, and networks stay finite
ODDEST = 1e9  # nats


@dataclass(frozen=True)
class StreamLayout:
    """labels: of the D numbers of a row; lags: K of the window; smoothing: rows whose surprise is averaged;

    period: between rows, s; longest_gap: between nominal rows, in periods.
    """

    labels: tuple[str, ...]
    lags: int = 5
    smoothing: int = 5
    period: float = 0.01
    longest_gap: float = 1.0

    @property
    def described(self) -> dict:
        """For a checkpoint's card; keys as models/standardised.py keeps them."""
        return {
            "data_labels": list(self.labels), "data_lags": self.lags, "data_smoothing": self.smoothing,
            "data_period": self.period, "data_longest_gap": self.longest_gap,
        }  # fmt: skip

    @classmethod
    def from_described(cls, described: dict) -> "StreamLayout":
        """Raises GenModelsError(MODEL_UNAVAILABLE) for a card of something else."""
        try:
            names = ("labels", "lags", "smoothing", "period", "longest_gap")
            labels, lags, smoothing, period, gap = (described[f"data_{name}"] for name in names)
            return cls(tuple(map(str, labels)), int(lags), int(smoothing), float(period), float(gap))
        except (KeyError, TypeError, ValueError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"The checkpoint's card does not describe a stream ({error}): learn it anew.",
            ) from error


@dataclass(frozen=True)
class StreamModel:
    """Replaced as a whole by what is learnt later; `calibration` None measures and never alarms."""

    density: Whitened
    layout: StreamLayout
    card: Card
    calibration: Calibration | None = None

    @classmethod
    def load(cls, folder: Path, device: str | torch.device = "cpu") -> "StreamModel":
        """Raises GenModelsError: MODEL_UNAVAILABLE for a folder without all of it, UNSUPPORTED without a density."""
        density, card = load_checkpoint(folder, "stream_density")
        layout = StreamLayout.from_described(density.described)
        if len(density.mean) != len(KINDS) * len(layout.labels):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"{folder} names another number of fields than it models."
            )
        remedy = "let the node learn again, or copy the checkpoint anew"
        calibration = load_calibration(folder, card.sha256, (DENSITY,), DENSITY, remedy)
        return cls(usable(density).to(device), layout, card, calibration)

    def save(self, folder: Path) -> "StreamModel":
        """Writes it all to `folder`; the answer's card carries the hash."""
        card = save_checkpoint(folder, self.density, replace(self.card, config=self.density.card_config))
        saved = replace(self, card=card)
        if self.calibration is not None:
            saved = replace(saved, calibration=replace(self.calibration, sha256=card.sha256))
            saved.calibration.save(folder)
        return saved

    @property
    def device(self) -> torch.device:
        return self.density.mean.device

    @property
    def num_parameters(self) -> int:
        return sum(tensor.numel() for tensor in self.density.state_dict().values())

    @torch.no_grad()
    def surprise(self, features: np.ndarray) -> np.ndarray:
        """-log p [N] nats of features [N, 3 D], in units in which a standard normal row would be a constant away."""
        return self._surprise(self._tensor(features)).clamp(-ODDEST, ODDEST).nan_to_num(ODDEST).double().cpu().numpy()

    @torch.no_grad()
    def contributions(self, features: np.ndarray) -> dict[str, float]:
        """By how many nats the surprise of one row [3 D] would fall if a field were as the other fields suggest.

        The reconstruction-based contribution (Alcala & Qin 2009), g_Bᵀ (P_BB)⁻¹ g_B / 2 for a field's features B, with
        g = P (x - mean) and P the curvature of nominal rows: linear, whatever the family. The family's own gradient
        far from what it has learnt points anywhere; it named one faulty field in ten where this names each.
        """
        density, D = self.density, len(self.layout.labels)
        mean = density.mean.double()[density.order.argsort()]
        P = density.precision()
        g = (P @ (self._tensor(features).double() - mean)).reshape(len(KINDS), D)
        blocks = P.reshape(len(KINDS), D, len(KINDS), D).diagonal(dim1=1, dim2=3).permute(2, 0, 1)  # [D, 3, 3]
        steps = torch.linalg.lstsq(blocks.cpu(), g.T[..., None].cpu()).solution[..., 0]
        return dict(zip(self.layout.labels, (0.5 * (g.T.cpu() * steps).sum(-1)).tolist(), strict=True))

    def _surprise(self, x: Tensor) -> Tensor:
        return -self.density.log_prob_of_white(self.density.white(x).clamp(-FARTHEST, FARTHEST))

    def _tensor(self, features: np.ndarray) -> Tensor:
        bounded = np.clip(features, -1e30, 1e30)
        return torch.as_tensor(bounded, dtype=self.density.mean.dtype, device=self.device)


def usable(density: Whitened) -> Whitened:
    """The density, if it is one. Raises GenModelsError(UNSUPPORTED)."""
    if not density.inner.can("log_prob"):
        raise GenModelsError(
            ErrorCode.UNSUPPORTED,
            f"The family {density.inner.family!r} has no log_prob to say what is odd: choose a mixture or flow.",
        )
    return density
