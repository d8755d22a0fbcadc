"""A skill as a picture: demonstrations, what they leave open (2 sigma), the path bent to moved via-points.

python -m genmodels_ros.evaluation.arm.skills_picture docs/images/skills.png
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.pipelines.arm.movement_primitive import MovementPrimitive, at_phase
from genmodels_ros.pipelines.arm.skills import SkillPlayer, ViaPoint
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.skill_demonstrations import make_task

SIDE, EDGE, HEAD = 420, 34, 30  # px
MOVED = 0.08  # m
INK, GREY, BAND, MEAN = (60, 60, 66), (150, 150, 156), (214, 226, 240), (0, 84, 148)  # RGB
BENT = ((213, 94, 0), (0, 140, 100), (170, 70, 150), (200, 150, 0))


def picture(seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3] RGB: the tool from the side that it moves most on; left as demonstrated, right bent."""
    robot = load_robot("panda")
    task = make_task(robot, seed)
    player = SkillPlayer(MovementPrimitive.learn(task.demonstrations), robot)
    skill, phase = player.skill, player.nearest_phase(ViaPoint(tool=task.via))
    shown = player.tool_paths(skill.weights)
    axes = np.sort(np.argsort(np.ptp(shown.mean(0), axis=0))[1:])
    panels = [_Panel(shown[..., axes], f"{title}, {'xyz'[axes[0]]}{'xyz'[axes[1]]} [m]") for title in TITLES]
    panels[0].band(shown[..., axes])
    for path in shown:
        panels[0].curve(path[:, axes], GREY)
    panels[0].curve(player.tool_paths(skill.mean)[:, axes], MEAN, 2)
    panels[0].point(task.via[axes], INK)
    for colour, angle in zip(BENT, np.pi / 4 + np.arange(len(BENT)) * np.pi / 2, strict=True):
        via = task.via.copy()
        via[axes] += MOVED * np.array([np.cos(angle), np.sin(angle)])
        ends = [at_phase(0, skill.mean[0]), at_phase(1, skill.mean[-1])]
        bent = [skill.bend(w, [*ends, player.at_tool(phase, via)]) for w in (skill.mean, *skill.weights)]
        paths = player.tool_paths(np.stack(bent))[..., axes]
        for path in paths[1:]:
            panels[1].curve(path, _pale(colour))
        panels[1].curve(paths[0], colour, 2)
        panels[1].point(via[axes], colour)
    return np.concatenate([panel.image for panel in panels], axis=1)


TITLES = ("5 demonstrations, mean and 2 sigma", "bent through moved via-points, ends kept")


class _Panel:
    """A square with room around the paths [M, P, 2] m."""

    def __init__(self, paths: np.ndarray, title: str):
        low, high = paths.min((0, 1)), paths.max((0, 1))
        self.middle, self.scale = (low + high) / 2, (SIDE - 2 * EDGE) / ((high - low).max() + 0.16)
        self.image = np.full((HEAD + SIDE, SIDE, 3), 255, np.uint8)
        cv2.putText(self.image, title, (10, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
        self._grid()

    def curve(self, path: np.ndarray, colour, width: int = 1) -> None:
        cv2.polylines(self.image, [self._pixels(path)], False, colour, width, cv2.LINE_AA, shift=4)

    def point(self, place: np.ndarray, colour) -> None:
        x, y = self._pixels(place[None])[0]
        cv2.circle(self.image, (int(x), int(y)), 5 * 16, (255, 255, 255), -1, cv2.LINE_AA, shift=4)
        cv2.circle(self.image, (int(x), int(y)), 5 * 16, colour, 2, cv2.LINE_AA, shift=4)

    def band(self, paths: np.ndarray) -> None:
        """Ellipses of two standard deviations along the way, of paths [M, P, 2]."""
        for places in paths.transpose(1, 0, 2):
            values, vectors = np.linalg.eigh(np.cov(places.T))
            radii = 2 * np.sqrt(np.maximum(values, 0)) * self.scale
            x, y = self._pixels(places.mean(0)[None])[0] // 16
            angle = np.degrees(np.arctan2(-vectors[1, 1], vectors[0, 1]))
            cv2.ellipse(self.image, (int(x), int(y)), (int(radii[1]) + 1, int(radii[0]) + 1), angle, 0, 360, BAND, -1)

    def _grid(self) -> None:
        for axis in range(2):
            reach = SIDE / self.scale / 2
            for value in np.arange(np.ceil((self.middle[axis] - reach) * 10), (self.middle[axis] + reach) * 10) / 10:
                ends = np.tile(self.middle, (2, 1)) + np.array([[-reach], [reach]])
                ends[:, axis] = value
                self.curve(ends, (236, 236, 238))
                x, y = self._pixels(ends[:1])[0] // 16
                place = (int(x) + 2, HEAD + SIDE - 6) if axis == 0 else (4, int(y) - 2)
                cv2.putText(self.image, f"{value:.1f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.35, GREY, 1, cv2.LINE_AA)

    def _pixels(self, places: np.ndarray) -> np.ndarray:
        """[*, 2] with 4 fractional bits; the second axis points up."""
        away = (places - self.middle) * self.scale * [1, -1]
        return np.round(16 * (away + np.array([SIDE / 2, HEAD + SIDE / 2]))).astype(np.int32)


def _pale(colour) -> tuple[int, int, int]:
    return tuple(int(255 - 0.35 * (255 - value)) for value in colour)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="PNG")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.write_bytes(encode_png(picture(args.seed)))


if __name__ == "__main__":
    main()
