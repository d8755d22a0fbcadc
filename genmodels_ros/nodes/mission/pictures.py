"""What the mission shows afterwards, put together from the simulation's and the augmenter's pictures."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.nodes.mission.arm import ArmMotion
from genmodels_ros.nodes.mission.mobile import Drive
from genmodels_ros.pipelines.camera.comparison_grid import label_overlay, picture_grid
from genmodels_ros.simulation.arm.picture import draw_arm_motions
from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.floor.picture import draw_drive

GAP = 12  # pixels between parts of one picture


def save(path: Path, rgb: np.ndarray):
    """Writes uint8 RGB [H, W, 3]."""
    cv2.imwrite(str(path), rgb[..., ::-1])


def arm(motions: Sequence[ArmMotion]) -> np.ndarray:
    """Both motions of the arm with their candidates."""
    paths = [
        [np.array([point.positions for point in candidate.trajectory.points]) for candidate in motion.candidates]
        for motion in motions
    ]
    return draw_arm_motions(describe_world("arm_cell").arm_cell, paths)


def floor(drive: Drive) -> np.ndarray:
    """The drive on its floor, with every tenth decision's imagined futures."""
    notes = (
        f"{len(drive.latencies)} decisions",
        f"{drive.num_candidates} futures each",
        f"{np.median(drive.latencies) * 1e3:.0f} ms a decision",
    )
    shown = drive.imagined[1::3]
    return draw_drive(describe_world("floor"), np.array(drive.path), drive.route, shown, notes)


def styles(frames: Sequence[tuple[np.ndarray, np.ndarray]], variants: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Rows of source, labels and each style. frames: (image, labels); variants: style → an image a frame."""
    rows = [
        [image, label_overlay(image, labels), *(made[index] for made in variants.values())]
        for index, (image, labels) in enumerate(frames)
    ]
    return picture_grid(rows, ["source", "labels", *(style.replace("_", " ") for style in variants)])


def one_sheet(arm_picture: np.ndarray, floor_picture: np.ndarray, style_picture: np.ndarray) -> np.ndarray:
    """Arm and floor side by side over the styles."""
    height, width = floor_picture.shape[:2]
    space = np.full((height, GAP, 3), 255, np.uint8)
    top = np.concatenate([_scaled(arm_picture, width, height), space, floor_picture], axis=1)
    scale = top.shape[1] / style_picture.shape[1]
    bottom = _scaled(style_picture, top.shape[1], round(style_picture.shape[0] * scale))
    between = np.full((GAP, top.shape[1], 3), 255, np.uint8)
    return np.concatenate([top, between, bottom], axis=0)


def _scaled(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
