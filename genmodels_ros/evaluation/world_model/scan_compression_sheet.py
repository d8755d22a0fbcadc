"""A picture of a code of scans: what it keeps, what a direction of it means, and what lies between two codes."""

import cv2
import numpy as np

from genmodels_ros.pipelines.mobile.scan_compression import ScanCompressor, clutter

COLUMNS, SIDE, GAP, HEADER = 6, 180, 8, 26
REACH = 6.0  # m from the middle of a cell to its edge
PAPER, CELL, INK = (255, 255, 255), (226, 228, 231), (40, 40, 44)
FREE, SEEN, CODED = (255, 255, 255), (120, 126, 134), (0, 84, 148)
SHIFT = 4  # OpenCV draws at 1/16 of a pixel
AMOUNTS = np.linspace(-1.0, 1.0, COLUMNS)


def sheet(compressor: ScanCompressor, learnt: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] RGB of scans [N, B]; the direction is that of `learnt`, all scans drawn are `held_out`."""
    seen = compressor.features.ranges(compressor.features.features(held_out))
    order = np.argsort(clutter(seen))
    shown = order[np.round(np.linspace(0.05, 0.95, COLUMNS) * (len(order) - 1)).astype(int)]
    middle, ends = shown[COLUMNS // 2], held_out[shown[[1, -1]]]
    way = compressor.clutter_direction(learnt)
    turned = compressor.decode(compressor.encode(held_out[[middle]]) + AMOUNTS[:, None] * way)
    numbers = compressor.encode(held_out[:1]).shape[1]
    rows = [
        (
            f"held-out scans (grey), and from {numbers} numbers (blue)",
            seen[shown],
            compressor.reconstruct(held_out[shown]),
        ),
        ("one scan, made clearer (left) and more cluttered (right)", None, turned),
        ("from one scan to another on the arc between their codes", None, compressor.between(*ends, COLUMNS)),
    ]
    angles = compressor.features.angles()
    return np.concatenate([_strip(title, angles, grey, blue) for title, grey, blue in rows])


def _strip(title: str, angles: np.ndarray, grey: np.ndarray | None, blue: np.ndarray) -> np.ndarray:
    strip = np.full((HEADER + SIDE + GAP, GAP + COLUMNS * (SIDE + GAP), 3), PAPER, np.uint8)
    cv2.putText(strip, title, (GAP, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    for column in range(COLUMNS):
        cell = np.full((SIDE, SIDE, 3), CELL, np.uint8)
        cv2.fillPoly(cell, [_outline(blue[column] if grey is None else grey[column], angles)], FREE, cv2.LINE_AA, SHIFT)
        if grey is not None:
            cv2.polylines(cell, [_outline(grey[column], angles)], True, SEEN, 2, cv2.LINE_AA, SHIFT)
        cv2.polylines(cell, [_outline(blue[column], angles)], True, CODED, 1, cv2.LINE_AA, SHIFT)
        cv2.circle(cell, (SIDE // 2, SIDE // 2), 3, INK, -1, cv2.LINE_AA)
        left = GAP + column * (SIDE + GAP)
        strip[HEADER : HEADER + SIDE, left : left + SIDE] = cell
    return strip


def _outline(ranges: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Ends of the beams in a cell; x forward is up."""
    points = ranges[:, None] * np.stack([-np.sin(angles), -np.cos(angles)], axis=1)
    return np.round((points / (2 * REACH) + 0.5) * SIDE * 2**SHIFT).astype(np.int32)
