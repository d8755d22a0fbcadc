"""`genmodels compare`: the families of generative models on one data set, side by side."""

import argparse
from pathlib import Path

from genmodels_ros.cli.options import add_common, positive, print_tables
from genmodels_ros.models.registry import FAMILIES


def add(commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="the families of generative models on one data set",
        description="Fits each family to the same rows with the same budget, and prints quality, diversity, "
        "likelihood, speed and size beside what real rows score.",
    )
    parser.add_argument(
        "--data", required=True, help=".npz as for `genmodels fit`, or eight_gaussians, grid, two_moons, checkerboard"
    )
    parser.add_argument("--families", type=families, default=tuple(FAMILIES), help="all, or names with commas")
    parser.add_argument("--steps", type=positive, default=2000, help="at most (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=256, help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, help="of the processor for a fit, at most; found by a short trial")
    parser.add_argument("--seeds", type=positive, default=1, help="fits of each family (default: %(default)s)")
    parser.add_argument("--rows", type=positive, default=16_384, help="drawn of a toy (default: %(default)s)")
    parser.add_argument("--plot", type=Path, help="write samples of each family as a picture, PNG")
    parser.add_argument("--draw", choices=("points", "paths", "scans"), default="points", help="what a row is")
    add_common(parser, _compare, table=True)


def families(text: str) -> tuple[str, ...]:
    names = tuple(FAMILIES) if text == "all" else tuple(text.split(","))
    for name in names:
        if name not in FAMILIES:
            raise argparse.ArgumentTypeError(f"no family {name!r}; there are: {', '.join(FAMILIES)}")
    return names


def _compare(args):
    from genmodels_ros.evaluation.families.comparison import compare, family_makers, table
    from genmodels_ros.evaluation.families.contestant import Budget
    from genmodels_ros.evaluation.families.data import named_data

    data, toy = named_data(args.data, args.rows, args.seed)
    budget = Budget(args.steps, args.batch_size, args.seconds, args.learning_rate, args.device)
    seeds = range(args.seed, args.seed + args.seeds)
    comparison = compare(data, family_makers(args.families), budget, seeds, toy=toy, split_seed=args.seed)
    print_tables([table(comparison, f"{Path(args.data).stem}, {args.seeds} seeds")], args.json)
    if args.plot is not None:
        _draw(comparison, data.shape, args.draw, args.plot)


def _draw(comparison, shape, draw: str, path: Path) -> None:
    from genmodels_ros.data.image_codec import encode_png
    from genmodels_ros.evaluation.families.picture import samples_of, sheet

    path.write_bytes(encode_png(sheet(samples_of(comparison), shape, draw)))
