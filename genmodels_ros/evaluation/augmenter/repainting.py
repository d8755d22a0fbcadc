"""What a texture over a kept recolouring adds: nearness to real cars' pictures, whole and in detail, and edges kept.

python -m genmodels_ros.evaluation.augmenter.repainting DATA [--checkpoint FOLDER]    # the table
python -m genmodels_ros.evaluation.augmenter.repainting --picture OUT.jpg [DATA]       # with DATA, real cars beside it
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from genmodels_ros.evaluation.augmenter.driven_places import places
from genmodels_ros.evaluation.augmenter.image_distance import features
from genmodels_ros.evaluation.distribution.kernel_distance import kernel_distance
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.camera.augmentation import AugmentedImage, ImageAugmenter
from genmodels_ros.pipelines.camera.comparison_grid import picture_grid
from genmodels_ros.training.camera.augmenter_losses import detail

FRAME_SEED = 720_000  # tracks that no shipped checkpoint was trained on
LIGHT, TEXTURE = "track_sim_to_real", "track_sim_to_real_texture"
STRENGTHS = (1.0, 0.5)
SHOWN = 5  # rows of the picture
SPREAD = 8  # one in so many frames counts: 40 of them in a row show the same track


class Repaintings:
    """rgb uint8 [N, H, W, 3] and labels [N, H, W] of simulated frames, recoloured and repainted with the same codes."""

    def __init__(self, rgb: np.ndarray, labels: np.ndarray, texture: Path, seed: int = 0):
        light, texture = (
            ImageAugmenter.from_checkpoint(folder, device="cpu", mark=False) for folder in (shipped(LIGHT), texture)
        )
        self.rgb, self.labels, self.seed = rgb, labels, seed
        self.arms = {
            "recoloured": (light, False),
            "repainted": (texture, False),
            "repainted, steered by labels": (texture, True),
        }

    def make(self, arm: str, strength: float = 1.0) -> list[AugmentedImage]:
        augmenter, steered = self.arms[arm]
        return [
            augmenter.augment(image, seed=self.seed + i, strength=strength, labels=mask if steered else None)
            for i, (image, mask) in enumerate(zip(self.rgb, self.labels, strict=True))
        ]


def table(made: Repaintings, real: np.ndarray) -> Table:
    """real: uint8 [2 N, H, W, 3], one half the target, the other the floor."""
    target, other = real[0::2], real[1::2]
    distances = Distances(made.rgb, target)
    rows = [
        ("source", None, *distances(made.rgb), None, None),
        ("other real frames", None, *distances(other), None, None),
    ]
    for arm in made.arms:
        for strength in STRENGTHS:
            variants = made.make(arm, strength)
            near = distances(np.stack([one.image for one in variants]))
            kept, refused = (
                np.mean(x) for x in zip(*((one.quality, not one.accepted) for one in variants), strict=True)
            )
            rows.append((arm, strength, *near, float(kept), f"{refused:.1%}"))
    columns = ("pictures", "strength", "KID", "KID of detail", "edges kept (F1)", "refused")
    return Table(f"Simulated track camera to real cars, KID x1000, {len(target)} frames", columns, tuple(rows))


class Distances:
    """KID x1000 to the target, on a scale that the source shares: of whole pictures, and of what they show beside the
    mean of the 17x17 around each pixel."""

    def __init__(self, source: np.ndarray, target: np.ndarray):
        self.kinds = [(see, see(target), see(source)) for see in (features, _detail_features)]

    def __call__(self, pictures: np.ndarray) -> tuple[float, float]:
        return tuple(
            kernel_distance(see(pictures), target, torch.cat([target, source])) for see, target, source in self.kinds
        )


def _detail_features(pictures: np.ndarray) -> Tensor:
    parts = torch.from_numpy(pictures).permute(0, 3, 1, 2).split(64)
    details = torch.cat([detail(part.float() / 255).clamp(0, 1).mul(255).round().byte() for part in parts])
    return features(details.permute(0, 2, 3, 1).numpy())


def sheet(made: Repaintings, real: np.ndarray | None = None) -> np.ndarray:
    """uint8 [H, W, 3] RGB: each frame, recoloured, repainted, and some real picture beside it if there are any."""
    columns = [made.rgb, *([one.image for one in made.make(arm)] for arm in list(made.arms)[::2])]
    titles = ["source", "recoloured", "repainted"]
    if real is not None:
        columns, titles = [*columns, real], [*titles, "real car"]
    return picture_grid(list(zip(*columns, strict=True)), titles, cell_width=240)


def main() -> None:
    from genmodels_ros.simulation.track.camera import track_frames

    parser = argparse.ArgumentParser(description="what a texture over a recolouring adds")
    parser.add_argument("data", type=Path, nargs="?", help="folder of recordings, Donkey tubs under camera/")
    parser.add_argument("--checkpoint", type=Path, default=shipped(TEXTURE))
    parser.add_argument("--picture", type=Path, help="write a picture instead, JPEG")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    frames = list(track_frames(SPREAD * args.count, FRAME_SEED + args.seed))[::SPREAD]
    rgb, labels, _ = map(np.stack, zip(*frames, strict=True))
    real = None if args.data is None else _real(args.data, 2 * args.count, args.seed)
    if args.picture is None:
        if real is None:
            parser.error("the table needs DATA, a folder of recordings")
        print(table(Repaintings(rgb, labels, args.checkpoint, args.seed), real).markdown())
        return
    shown = slice(None, None, args.count // SHOWN)
    beside = None if real is None else real[: len(rgb[shown])]
    picture = sheet(Repaintings(rgb[shown], labels[shown], args.checkpoint, args.seed), beside)
    cv2.imwrite(str(args.picture), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])


def _real(data: Path, count: int, seed: int) -> np.ndarray:
    drives = [part.rgb for place in places(sorted(data.glob("camera/*.tar.gz"))) for part in place.parts]
    return np.random.default_rng(seed).permutation(np.concatenate(drives))[:count]


if __name__ == "__main__":
    main()
