"""`genmodels calibrate augmenter`: thresholds of the quality gate on frames that nothing was trained on.

The thresholds come from one half of the scenes, the rates stated beside them from the other.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from genmodels_ros.evaluation.augmenter.gate_rates import faithful, refused, spoilt
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.pipelines.camera.gate_calibration import GateCalibration
from genmodels_ros.pipelines.camera.quality_gate import QualityGate, Verdict
from genmodels_ros.pipelines.camera.realism import RealismReference
from genmodels_ros.pipelines.camera.scene_agreement import SceneCheck
from genmodels_ros.simulation.camera.styles import STYLES
from genmodels_ros.simulation.scenes import LabelClass

OBJECTS = (int(LabelClass.FURNITURE), int(LabelClass.PERSON), int(LabelClass.OTHER))
REFERENCE_SEED, FRAME_SEED = 750_000, 740_000  # scenes of their own
TOLERATED = 0.01  # of faithful pictures may miss the threshold of one score
MAX_UNREALISM = 1.5  # times what 99 % of real pictures stay below
UNLIMITED = GateCalibration(OBJECTS, 0.0, 0.0, 1.0, 1.0, float("inf"))


def calibrate(folder: Path | None = None, *, frames: int = 384, seed: int = 0) -> Table:
    """Writes the calibration and the realism reference into the segmenter's `folder` (the shipped one when None)."""
    folder = shipped("camera_segmenter") if folder is None else Path(folder)
    segmenter, card = load_checkpoint(folder, "segmenter")
    half = frames // 2
    thresholds, rates = (LabelledFrames.render(half, FRAME_SEED + 2 * seed + i) for i in (0, 1))
    reference = LabelledFrames.render(half, REFERENCE_SEED + seed)
    realism = RealismReference.fit(
        {style: reference.in_domain(style).rgb for style in STYLES},
        {style: thresholds.in_domain(style).rgb for style in STYLES},
    )
    gate = QualityGate(scene=SceneCheck(segmenter, OBJECTS), realism=realism, limits=UNLIMITED)
    gate.limits = limits_from([v for verdicts in faithful(gate, thresholds).values() for v in verdicts])
    right, wrong = faithful(gate, rates, seed=1), spoilt(gate, rates, seed=1)
    calibration = replace(
        gate.limits,
        frames=frames,
        false_reject={style: round(refused(verdicts), 4) for style, verdicts in right.items()},
        true_reject={fault: round(refused(verdicts), 4) for fault, verdicts in wrong.items()},
        command=f"genmodels calibrate augmenter --frames {frames} --seed {seed}",
        sha256=card.sha256,
    )
    calibration.save(folder)
    realism.save(folder)
    return table(calibration)


def limits_from(verdicts: list[Verdict]) -> GateCalibration:
    """Thresholds that each refuse about TOLERATED of these faithful pictures."""

    def quantile(name: str, share: float) -> float:
        return float(np.quantile([verdict.scores[name] for verdict in verdicts], share))

    return GateCalibration(
        objects=OBJECTS,
        min_familiarity=round(quantile("familiarity", TOLERATED), 3),
        min_scene=round(quantile("scene", TOLERATED), 3),
        max_lost_area=round(quantile("lost_area", 1 - TOLERATED), 3),
        max_new_sureness=round(quantile("new_sureness", 1 - TOLERATED), 3),
        max_unrealism=MAX_UNREALISM,
    )


def table(calibration: GateCalibration) -> Table:
    """What should pass and what should not, and how much of it is refused."""
    rows = [(f"{style}, by physics", "no", f"{rate:.1%}") for style, rate in calibration.false_reject.items()]
    rows += [(fault, "yes", f"{rate:.1%}") for fault, rate in calibration.true_reject.items()]
    limits = (
        f"Refused: scene agreement below {calibration.min_scene}; a lost object of more than "
        f"{calibration.max_lost_area:.1%} of the picture; a new one surer than {calibration.max_new_sureness:.0%}; "
        f"more than {calibration.max_unrealism} times the usual distance to the domain; too few edges kept."
    )
    title = f"Quality gate, {calibration.frames} simulated frames, half for thresholds and half for these rates"
    return Table(title, ("picture", "should be refused", "refused"), tuple(rows), (limits,))
