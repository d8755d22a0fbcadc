"""How often an hour nominal driving is as odd as a statistic of surprise says: a file beside the weights."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

CALIBRATION = "calibration.json"
CAUSES = ("frozen", "place", "scan", "motion", "model")  # a later one may follow from an earlier one


@dataclass(frozen=True)
class Calibration:
    """How often an hour of nominal driving each statistic reaches which value."""

    rates: tuple[float, ...]  # [1/h] falling
    values: dict[str, tuple[float, ...]]  # of each cause, rising: reached as often as `rates`
    budget: float  # [1/h] false alarms that each cause may raise
    hours: float  # of driving that it is from
    sha256: str = ""  # of the weights that `model` belongs to

    def rate(self, cause: str, value: float) -> float:
        """How often an hour `value` is reached: log-linear between the grid's values, beyond them as at its end."""
        return float(self.rates_of(cause, np.array([value]))[0])

    def rates_of(self, cause: str, reached: np.ndarray) -> np.ndarray:
        """The same of many values [N]."""
        values, rates = np.asarray(self.values[cause]), np.log(self.rates)
        beyond = np.maximum(0.0, reached - values[-1]) * (rates[-1] - rates[-2]) / max(values[-1] - values[-2], 1e-6)
        return np.exp(np.maximum(np.interp(reached, values, rates) + beyond, -100.0))

    def alarming(self, cause: str, value: float) -> bool:
        """Whether `value` is rarer than the false alarms that `cause` may raise."""
        return cause in self.values and self.rate(cause, value) <= self.budget

    def without(self, cause: str) -> "Calibration":
        """The same, not judging `cause`."""
        return replace(self, values={name: values for name, values in self.values.items() if name != cause})

    def save(self, folder: Path) -> None:
        """Writes it beside the weights in `folder`."""
        (Path(folder) / CALIBRATION).write_text(json.dumps(asdict(self), indent=2) + "\n")


def load_calibration(
    folder: Path, sha256: str, causes: tuple[str, ...] = CAUSES, learned: str = "model",
    remedy: str = "make it again with 'genmodels calibrate world-model'",
) -> Calibration | None:  # fmt: skip
    """That of a checkpoint, None if it has none. If its weights were changed since, the cause `learned` is not judged.

    Raises GenModelsError(MODEL_UNAVAILABLE) for a file that is no calibration.
    """
    path = Path(folder) / CALIBRATION
    if not path.exists():
        return None
    try:
        fields = json.loads(path.read_text())
        rates = tuple(float(rate) for rate in fields["rates"])
        values = {name: tuple(map(float, fields["values"][name])) for name in fields["values"]}
        calibration = Calibration(rates, values, float(fields["budget"]), float(fields["hours"]), str(fields["sha256"]))
        for grid in (*values.values(), [-rate for rate in rates]):
            if len(grid) != len(rates) or len(grid) < 2 or not np.isfinite(grid).all() or (np.diff(grid) < 0).any():
                raise ValueError("numbers are missing or do not rise")
        if not set(values) <= set(causes) or min(*rates, calibration.budget) <= 0:
            raise ValueError("unknown causes or rates that are not positive")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"{path} is no calibration ({error}): {remedy}.",
        ) from error
    return calibration if calibration.sha256 == sha256 else calibration.without(learned)
