"""The quality gate's thresholds, and how often they refuse what is faithful and what is not, beside the weights."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.scene_agreement import Seen

CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class GateCalibration:
    """Thresholds of scene and realism, and the shares of pictures refused at them.

    objects: class numbers that are things; min_familiarity: below it the segmenter is not asked;
    false_reject: of pictures faithful by physics, by style; true_reject: of pictures spoilt on purpose, by fault
    """

    objects: tuple[int, ...]
    min_familiarity: float
    min_scene: float
    max_lost_area: float
    max_new_sureness: float
    max_unrealism: float
    frames: int = 0  # that it is from
    false_reject: dict[str, float] = field(default_factory=dict)
    true_reject: dict[str, float] = field(default_factory=dict)
    command: str = ""
    sha256: str = ""  # of the weights

    def complaints(self, seen: Seen) -> list[str]:
        """A sentence for every threshold that a scene misses."""
        found = []
        if seen.new_sureness > self.max_new_sureness:
            found.append(f"It shows an object that the source does not: {seen.new_sureness:.0%} sure.")
        if seen.lost_area > self.max_lost_area:
            found.append(f"{seen.lost} of {seen.objects} objects, a large one too, can no longer be made out.")
        if seen.agreement < self.min_scene:
            found.append(f"A segmenter sees something else in it: agreement {seen.agreement:.0%}.")
        return found

    def save(self, folder: Path) -> None:
        """Writes it beside the weights in `folder`."""
        (Path(folder) / CALIBRATION).write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path, sha256: str) -> "GateCalibration":
        """Raises GenModelsError(MODEL_UNAVAILABLE) if it is missing, malformed, or of other weights than `sha256`."""
        path = Path(folder) / CALIBRATION
        try:
            fields = json.loads(path.read_text())
            calibration = cls(**{**fields, "objects": tuple(int(label) for label in fields["objects"])})
            if calibration.sha256 != sha256:
                raise ValueError("it belongs to other weights")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"No usable {path} ({error}): make it with 'genmodels calibrate augmenter'.",
            ) from error
        return calibration
