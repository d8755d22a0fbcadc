"""How often the quality gate refuses pictures that are faithful by physics, and pictures that are spoilt on purpose."""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.gate_faults import IN_THE_SCENE, OF_THE_PICTURE
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.pipelines.camera.quality_gate import QualityGate, Verdict
from genmodels_ros.simulation.camera.styles import STYLES, render_style


def faithful(gate: QualityGate, frames: LabelledFrames, seed: int = 0) -> dict[str, list[Verdict]]:
    """Verdicts by style on what the camera would see under it."""
    rng = np.random.default_rng(seed)
    verdicts = {}
    for style in tqdm(STYLES, desc="faithful", disable=None):
        pictures = [render_style(style, rgb, depth, rng) for rgb, depth in zip(frames.rgb, frames.depth, strict=True)]
        verdicts[style] = [
            gate.judge(rgb, picture, style=style) for rgb, picture in zip(frames.rgb, pictures, strict=True)
        ]
    return verdicts


def spoilt(gate: QualityGate, frames: LabelledFrames, seed: int = 0) -> dict[str, list[Verdict]]:
    """Verdicts by fault; one in the scene is seen under each style in turn, one of the picture as it is."""
    return {
        fault: [gate.judge(source, result, style=style) for source, result, style in _pairs(fault, frames, seed)]
        for fault in tqdm((*IN_THE_SCENE, *OF_THE_PICTURE), desc="faults", disable=None)
    }


def refused(verdicts: list[Verdict]) -> float:
    """Share of them."""
    return float(np.mean([not verdict.accepted for verdict in verdicts])) if verdicts else float("nan")


def _pairs(fault: str, frames: LabelledFrames, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    rng, styles = np.random.default_rng(seed), list(STYLES)
    for index, source in enumerate(frames.rgb):
        style = styles[index % len(styles)]
        picture = (IN_THE_SCENE | OF_THE_PICTURE)[fault](frames, index, rng)
        if picture is None:
            continue
        if fault in IN_THE_SCENE:
            picture = render_style(style, picture, frames.depth[index], rng)
        yield source, picture, style
