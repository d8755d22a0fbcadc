"""What a density has to beat: the largest z-score, as every monitor has it."""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.pipelines.calibration import Calibration
from genmodels_ros.pipelines.stream.model import StreamLayout


@dataclass(frozen=True)
class LargestZScore:
    """Stands in for a StreamModel: max over fields of |value - mean| / deviation, squared and halved to compare."""

    mean: np.ndarray
    deviation: np.ndarray
    layout: StreamLayout
    calibration: Calibration | None = None

    @classmethod
    def of(cls, runs: list[StreamRun], layout: StreamLayout) -> "LargestZScore":
        rows = np.concatenate([run.rows for run in runs])
        return cls(rows.mean(0), np.maximum(rows.std(0), 1e-9), layout)

    def surprise(self, features: np.ndarray) -> np.ndarray:
        return self._halves(features).max(-1)

    def contributions(self, features: np.ndarray) -> dict[str, float]:
        return dict(zip(self.layout.labels, self._halves(features[None])[0].tolist(), strict=True))

    def _halves(self, features: np.ndarray) -> np.ndarray:
        return 0.5 * ((features[:, : len(self.mean)] - self.mean) / self.deviation) ** 2
