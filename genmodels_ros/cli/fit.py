"""`genmodels fit`: a generative model of any family, from an array."""

import argparse
import json
import sys
from pathlib import Path

from genmodels_ros.cli.options import add_common, positive
from genmodels_ros.models.registry import FAMILIES


def add(commands) -> None:
    parser = commands.add_parser(
        "fit", help="fit a generative model of any family to an array", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--family", required=True, choices=tuple(FAMILIES))
    parser.add_argument("--data", type=Path, required=True, help=".npz with x [N, ...] and, if any, condition [N, ...]")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--steps", type=positive, default=2000, help="at most (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=256, help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="default: %(default)s")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=setting,
        metavar="NAME=VALUE",
        help="of the family's config, repeatable",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    add_common(parser, _fit)


def setting(text: str) -> tuple[str, object]:
    """NAME=VALUE; the value is JSON where it can be, else text."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"needs NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _fit(args):
    from genmodels_ros.data.vectors import read_vectors
    from genmodels_ros.training.fitting import FitOptions, fit

    options = FitOptions(
        steps=args.steps,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        seed=args.seed,
        device=args.device,
        out=args.out,
        resume=args.resume,
    )
    fitted = fit(args.family, read_vectors(args.data), dict(args.set), options, described={"file": args.data.name})
    for warning in fitted.history.warnings:
        print(warning, file=sys.stderr)
    print(json.dumps(fitted.card.metrics, indent=2))
