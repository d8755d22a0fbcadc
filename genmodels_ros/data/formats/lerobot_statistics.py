"""The statistics that LeRobot stores with a dataset: min, max, mean, std, count, quantiles; of pixels and numbers."""

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_LEVELS = np.arange(256)


class PixelStatistics:
    """Exact statistics of any number of uint8 images, from the histogram of each channel."""

    def __init__(self, channels: int = 3):
        self.histogram, self.count = np.zeros((channels, 256), np.int64), 0

    def add(self, image: np.ndarray) -> None:
        """image uint8 [H, W, C]."""
        for channel, histogram in enumerate(self.histogram):
            histogram += np.bincount(image[..., channel].ravel(), minlength=256)
        self.count += 1

    def __add__(self, other: "PixelStatistics") -> "PixelStatistics":
        both = PixelStatistics(len(self.histogram))
        both.histogram, both.count = self.histogram + other.histogram, self.count + other.count
        return both

    def as_dict(self) -> dict:
        """Lists [C, 1, 1] in [0, 1]; `count` counts images."""
        share = self.histogram / self.histogram.sum(1, keepdims=True)
        mean = share @ _LEVELS
        std = np.sqrt(np.maximum(share @ _LEVELS**2 - mean**2, 0))
        seen, cumulative = self.histogram > 0, share.cumsum(1)
        values = {"min": seen.argmax(1), "max": 255 - seen[:, ::-1].argmax(1), "mean": mean, "std": std}
        values |= {name: (cumulative >= q - 1e-12).argmax(1) for name, q in QUANTILES.items()}
        return {**{name: (v / 255).reshape(-1, 1, 1).tolist() for name, v in values.items()}, "count": [self.count]}


def number_statistics(values: np.ndarray) -> dict:
    """Lists [D] of values [N, D]."""
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    whole = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
    whole |= {name: np.quantile(values, q, axis=0) for name, q in QUANTILES.items()}
    return {**{name: value.tolist() for name, value in whole.items()}, "count": [len(values)]}
