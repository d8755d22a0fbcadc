"""Predicted motion as a picture: floors from above, where people came from, went, and might have gone.

draw(AgentMotion.from_checkpoint(), floors(TEST_SEED, 3), Path("agent_motion.png"))     # see bench.py
"""

from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.data.agent_tracks import AgentWindows, agent_windows, hit_points
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.device import generator
from genmodels_ros.pipelines.mobile.agent_motion import AgentMotion

PANEL, HEAD = (620, 560), 44  # px
SCALE, SHIFT = 80, 4  # px/m; OpenCV draws at 1/16 of a pixel
MARGIN = 0.8  # m around the agents
INK, WALL, ROBOT = (60, 50, 45), (205, 200, 196), (40, 90, 220)  # BGR
PAST, TRUTH, SAMPLE = INK, (40, 140, 30), (215, 150, 60)
SAMPLES = 16
LEGEND = (("past 1.6 s", PAST), ("truth, 2.8 s", TRUTH), (f"{SAMPLES} predictions", SAMPLE), ("robot", ROBOT))


def draw(motion: AgentMotion, drives: list[Episodes], path: Path) -> None:
    """Writes a PNG with a panel for each floor, at the first moment at which most people are seen.

    Raises OSError where it cannot be written.
    """
    panels = [_panel(motion, episodes) for episodes in drives]
    picture = np.full((HEAD + PANEL[1], PANEL[0] * len(panels), 3), 255, np.uint8)
    picture[HEAD:] = np.concatenate(panels, axis=1)
    x = 20
    for text, colour in LEGEND:
        cv2.circle(picture, (x, 24), 6, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, text, (x + 14, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
        x += 40 + 11 * len(text)
    encoded, png = cv2.imencode(".png", picture)
    if not encoded:
        raise OSError(f"{path} could not be encoded.")
    Path(path).write_bytes(png.tobytes())


def _panel(motion: AgentMotion, episodes: Episodes) -> np.ndarray:
    people, walls = _busiest(episodes), _walls(episodes)
    futures = motion.predict(
        people.past, SAMPLES, generator(0), robot=people.robot[0], obstacles=people.obstacles[0]
    ).samples
    shown = np.concatenate([people.past, people.future], axis=1).reshape(-1, 2)
    middle = (shown.min(axis=0) + shown.max(axis=0)) / 2
    reach = (np.ptp(shown, axis=0) + 2 * MARGIN) * SCALE / np.array(PANEL)
    scale = SCALE / max(1.0, float(reach.max()))
    place = lambda at: ((at - middle) * [scale, -scale] + np.array(PANEL) / 2) * 2**SHIFT  # noqa: E731
    panel = np.full((PANEL[1], PANEL[0], 3), 255, np.uint8)
    for at in place(walls):
        _disc(panel, at, 2, WALL)
    for past, future, samples in zip(people.past, people.future, futures, strict=True):
        for sample in samples:
            _line(panel, place(np.concatenate([past[-1:], sample])), SAMPLE, 1)
            _disc(panel, place(sample[-1]), 3, SAMPLE)
        _line(panel, place(np.concatenate([past[-1:], future])), TRUTH, 3)
        _disc(panel, place(future[-1]), 6, TRUTH)
        _line(panel, place(past), PAST, 3)
        _disc(panel, place(past[-1]), 6, PAST)
    _disc(panel, place(people.robot[0]), int(0.2 * scale), ROBOT)
    cv2.rectangle(panel, (0, 0), (PANEL[0] - 1, PANEL[1] - 1), WALL, 1)
    bar = int(scale)
    cv2.line(panel, (16, PANEL[1] - 16), (16 + bar, PANEL[1] - 16), INK, 2)
    cv2.putText(panel, "1 m", (22 + bar, PANEL[1] - 11), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    return panel


def _busiest(episodes: Episodes) -> AgentWindows:
    """Those seen at the moment at which most are."""
    windows = agent_windows(episodes, 5)
    moments = np.array([id(points) for points in windows.obstacles])
    counts = np.array([(windows.seen & (moments == moment)).sum() for moment in moments])
    return windows[windows.seen & (moments == moments[int(np.argmax(counts))])]


def _walls(episodes: Episodes) -> np.ndarray:
    """[P, 2] m: what the lidar hit on the whole drive and that stands still: it was hit there again and again."""
    hits = np.concatenate([hit_points(episodes.pose[row], episodes.scan[row]) for row in range(0, len(episodes), 4)])
    cells, count = np.unique(np.rint(hits / 0.05).astype(int), axis=0, return_counts=True)
    return 0.05 * cells[count >= 6]


def _line(panel: np.ndarray, at: np.ndarray, colour, width: int) -> None:
    cv2.polylines(panel, [np.rint(at).astype(np.int32)], False, colour, width, cv2.LINE_AA, SHIFT)


def _disc(panel: np.ndarray, at: np.ndarray, radius: int, colour) -> None:
    cv2.circle(panel, np.rint(at).astype(int).tolist(), radius << SHIFT, colour, -1, cv2.LINE_AA, SHIFT)
