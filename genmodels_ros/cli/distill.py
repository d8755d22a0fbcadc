"""`genmodels distill`: a student of a fitted diffusion model that samples in one step or two."""

import json
from pathlib import Path

from genmodels_ros.cli.options import add_common, positive


def add(commands) -> None:
    parser = commands.add_parser(
        "distill", help="make a fitted diffusion model sample in a step or two", description=__doc__.splitlines()[0]
    )
    parser.add_argument("teacher", type=Path, help="checkpoint of `genmodels fit --family diffusion`")
    parser.add_argument("--data", type=Path, required=True, help="the array that the teacher was fitted to, .npz")
    parser.add_argument("--out", type=Path, required=True, help="folder for the student's checkpoint")
    parser.add_argument("--steps", type=positive, default=2000, help="of the optimiser, at most (default: %(default)s)")
    parser.add_argument("--inference-steps", type=positive, default=1, help="that it samples in (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=256, help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="default: %(default)s")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    add_common(parser, _distill)


def _distill(args):
    from genmodels_ros.data.vectors import read_vectors
    from genmodels_ros.models.checkpoint import load_checkpoint
    from genmodels_ros.training.families.few_steps import distil
    from genmodels_ros.training.fitting import FitOptions

    teacher, card = load_checkpoint(args.teacher, "family")
    names = ("steps", "batch_size", "learning_rate", "seed", "device", "out", "resume")
    options = FitOptions(**{name: getattr(args, name) for name in names})
    fitted = distil(teacher, card, read_vectors(args.data), options, num_steps=args.inference_steps)
    print(json.dumps(fitted.card.metrics, indent=2))
