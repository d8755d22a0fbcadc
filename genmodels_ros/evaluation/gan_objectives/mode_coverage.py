"""Do the adversarial objectives find all modes? The grid of Gaussians and the stacked digits, for each objective.

python -m genmodels_ros.evaluation.gan_objectives.mode_coverage --plot PICTURE.png
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.evaluation.gan_objectives import gaussian_grid, stacked_digits
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table, spread
from genmodels_ros.training.gan_objectives import OBJECTIVES

SEEDS, QUICK_SEEDS = 3, 1
QUICK_UPDATES = 0.2  # of the updates
ORANGE, BLUE = (230, 159, 0), (0, 84, 148)


def tables(options: BenchOptions) -> list[Table]:
    """For each objective: modes, quality and time of the 25 Gaussians, modes and divergence of the stacked digits."""
    seeds = range(options.seed, options.seed + (QUICK_SEEDS if options.quick else SEEDS))
    return [grid_table(seeds, quick=options.quick), digits_table(seeds, quick=options.quick)]


bench = tables  # the name that `genmodels bench` looks for


def grid_table(seeds: Sequence[int], *, quick: bool = False, names: Sequence[str] = tuple(OBJECTIVES)) -> Table:
    """Mean and range over the seeds; the last row is what true samples score."""
    updates = int(gaussian_grid.UPDATES * (QUICK_UPDATES if quick else 1))
    rows = []
    for name in names:
        scores = [gaussian_grid.play_on_grid(name, seed, updates) for seed in seeds]
        rows.append(
            (
                name,
                spread([score.modes for score in scores], "{:.0f}"),
                spread([score.high_quality for score in scores], "{:.1%}"),
                spread([score.divergence for score in scores], "{:.3f}"),
                float(np.mean([score.seconds for score in scores])),
                f"{sum(bool(score.warnings) for score in scores)}/{len(scores)}",
            )
        )
    true = gaussian_grid.score(gaussian_grid.true_samples(gaussian_grid.SAMPLES, torch.Generator().manual_seed(0)))
    rows.append(("true samples", f"{true[0]}", f"{true[1]:.1%}", f"{true[2]:.3f}", None, None))
    return Table(
        f"Mode coverage, 25 Gaussians on a grid, {updates} updates of both players, {len(seeds)} seeds: median (range)",
        ("objective", "modes of 25", "high quality", "KL to uniform", "processor s", "watch warned"),
        tuple(rows),
    )


def digits_table(seeds: Sequence[int], *, quick: bool = False, names: Sequence[str] = tuple(OBJECTIVES)) -> Table:
    """Two digits when quick, else three; the last row is what true samples score."""
    channels = 2 if quick else 3
    updates = int(stacked_digits.UPDATES * (QUICK_UPDATES if quick else 1))
    rows = []
    for name in names:
        scores = [stacked_digits.play_on_digits(name, seed, channels, updates) for seed in seeds]
        rows.append(
            (
                name,
                spread([score.modes for score in scores], "{:.0f}"),
                spread([score.divergence for score in scores], "{:.3f}"),
                spread([score.recognised for score in scores], "{:.1%}"),
                float(np.mean([score.seconds for score in scores])),
            )
        )
    digits = stacked_digits.Digits()
    true = digits.score(digits.stacked(26 * 10**channels, channels, torch.Generator().manual_seed(0)), channels)
    rows.append(("true samples", f"{true[0]}", f"{true[1]:.3f}", f"{true[2]:.1%}", None))
    return Table(
        f"Mode coverage, {channels} stacked 8x8 digits, {updates} updates of both players, {len(seeds)} seeds: "
        "median (range)",
        ("objective", f"modes of {10**channels}", "KL to uniform", "recognised", "processor s"),
        tuple(rows),
    )


def picture(samples: dict[str, torch.Tensor], side: int = 260) -> np.ndarray:
    """uint8 [H, W, 3] RGB: the samples [N, 2] of each objective in a square over the grid's centres."""
    import cv2

    extent, gap, header = 5.2, 8, 26
    sheet = np.full((header + side + gap, gap + len(samples) * (side + gap), 3), 255, np.uint8)
    for column, (name, points) in enumerate(samples.items()):
        left = gap + column * (side + gap)
        cv2.putText(sheet, name.replace("_", " "), (left, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 44), 1, 16)
        cell = sheet[header : header + side, left : left + side]
        cell[:] = 244
        for points_drawn, colour, radius in ((gaussian_grid.CENTRES, ORANGE, 5), (points[:2500], BLUE, 0)):
            places = ((points_drawn / extent + 1) * side / 2).clamp(0, side - 1).long().tolist()
            for x, y in places:
                cv2.circle(cell, (x, side - 1 - y), radius, colour, 1 if radius else -1, cv2.LINE_AA)
    return sheet


def main() -> None:
    from genmodels_ros.data.image_codec import encode_png

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path, help="write the grid's samples of each objective as a picture, PNG")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one seed, fewer updates, two digits")
    args = parser.parse_args()
    if args.plot is None:
        print("\n\n".join(table.markdown() for table in tables(BenchOptions(seed=args.seed, quick=args.quick))))
        return
    updates = int(gaussian_grid.UPDATES * (QUICK_UPDATES if args.quick else 1))
    games = {name: gaussian_grid.play_on_grid(name, args.seed, updates) for name in OBJECTIVES}
    args.plot.write_bytes(encode_png(picture({name: game.samples for name, game in games.items()})))


if __name__ == "__main__":
    main()
