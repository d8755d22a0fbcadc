"""Does a synthetic image still show what its labels name, nothing else, and what a camera could have seen?

structure   edges of the source are still there                            pipelines/camera/edge_structure.py
scene       a frozen segmenter sees the same in both pictures, every object
            of the source is still there, and no new one came              pipelines/camera/scene_agreement.py
realism     pictures of the target domain lie near, in fixed features      pipelines/camera/realism.py

Structure holds for any picture. The other two know the simulated camera's world: they are asked only in mode "full",
and only where the segmenter is at home (it is sure of the source). Thresholds and how often they refuse
faithful pictures are in the calibration beside the segmenter's weights (`genmodels calibrate augmenter`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.pipelines.camera.edge_structure import edge_agreement, reduced_luma
from genmodels_ros.pipelines.camera.gate_calibration import GateCalibration
from genmodels_ros.pipelines.camera.realism import RealismReference
from genmodels_ros.pipelines.camera.scene_agreement import SceneCheck

MIN_AGREEMENT = 0.5  # refuses 1 % of faithful pictures and 97 % of foreign ones: see the checkpoint's card
DARK, BRIGHT = 6 / 255, 249 / 255
MODES = ("structure", "full")


@dataclass(frozen=True)
class Verdict:
    """quality in [0, 1]: share of the source's edges kept; the reason is empty if accepted; scores: all measured."""

    quality: float
    accepted: bool
    reason: str = ""
    scores: dict[str, float] = field(default_factory=dict)


def judge(source: np.ndarray, result: np.ndarray, min_agreement: float = MIN_AGREEMENT) -> Verdict:
    """Structure alone. Both images uint8 [H, W, 3] of the same size."""
    before, after = reduced_luma(source), reduced_luma(result)
    agreement = edge_agreement(before, after)
    if float(before.max()) < DARK:
        return _refused(0.0, "The source image is black: nothing is left to see.")
    if float(after.max()) < DARK:
        return _refused(0.0, "The result is black: lower the strength or choose a brighter style.")
    if float(after.min()) > BRIGHT and float(before.min()) <= BRIGHT:
        return _refused(0.0, "The result is white all over: lower the strength or choose a darker style.")
    if agreement < min_agreement:
        return _refused(agreement, f"Only {agreement:.0%} of the source's edges are still to be seen.")
    return Verdict(agreement, True, scores={"edges": agreement})


def _refused(edges: float, reason: str) -> Verdict:
    return Verdict(edges, False, reason, {"edges": edges})


class QualityGate:
    """Structure, and where `scene` and `realism` are given, these too; `limits` are their calibrated thresholds."""

    def __init__(
        self,
        *,
        min_agreement: float = MIN_AGREEMENT,
        scene: SceneCheck | None = None,
        realism: RealismReference | None = None,
        limits: GateCalibration | None = None,
    ):
        self.min_agreement, self.scene, self.realism, self.limits = min_agreement, scene, realism, limits

    @classmethod
    def from_checkpoint(
        cls, folder: Path | str | None = None, *, mode: str = "full", min_agreement: float = MIN_AGREEMENT
    ) -> "QualityGate":
        """Of MODES; "full" with the segmenter in `folder` (the shipped one when None) and what was calibrated for it.

        Raises GenModelsError: INVALID_SCALING for an unknown mode, MODEL_UNAVAILABLE.
        """
        if mode not in MODES:
            raise GenModelsError(ErrorCode.INVALID_SCALING, f"gate must be one of {', '.join(MODES)}, got {mode!r}.")
        if mode == "structure":
            return cls(min_agreement=min_agreement)
        folder = shipped("camera_segmenter") if folder is None else Path(folder)
        segmenter, card = load_checkpoint(folder, "segmenter")
        limits = GateCalibration.load(folder, card.sha256)
        return cls(
            min_agreement=min_agreement,
            scene=SceneCheck(segmenter, limits.objects),
            realism=RealismReference.load(folder),
            limits=limits,
        )

    def judge(
        self,
        source: np.ndarray,
        result: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        style: str | None = None,
        min_agreement: float | None = None,
    ) -> Verdict:
        """Images uint8 [H, W, 3] of one size; labels [H, W] of the source, used where they name the segmenter's
        classes; style: name of the target domain that realism is measured against.

        Every check is made and scored; the reason is that of the first one that fails.
        """
        verdict = judge(source, result, self.min_agreement if min_agreement is None else min_agreement)
        scores, reasons = dict(verdict.scores), [verdict.reason] if verdict.reason else []
        if self.scene is not None and self.limits is not None:
            seen = self.scene.compare(source, result, labels)
            scores |= seen.scores()
            if seen.familiarity >= self.limits.min_familiarity:
                reasons += self.limits.complaints(seen)
                reasons += self._unlike(result, style, scores)
        return Verdict(verdict.quality, not reasons, reasons[0] if reasons else "", scores)

    def _unlike(self, result: np.ndarray, style: str | None, scores: dict[str, float]) -> list[str]:
        """Whether no picture of the domain is like it; the distance goes into `scores`."""
        if self.realism is None or style not in self.realism.styles:
            return []
        scores["unrealism"] = distance = self.realism.distance(result, style)
        if distance <= self.limits.max_unrealism:
            return []
        return [f"No picture of the domain {style!r} is like it: {distance:.1f} times a usual distance."]
