"""`genmodels train augmenter | style-encoder | augmenter-student`: image translation, from shards or own pictures."""

import json
import logging
from pathlib import Path

from genmodels_ros.cli.options import add_common, given, module, optional, positive

OPTIONS = (
    "data", "source", "target", "style", "labels", "initial", "keep_light", "network", "size", "objective",
    "consistency", "steps", "batch_size", "minutes",
)  # fmt: skip
OBJECTIVES = ("minimax", "non_saturating", "wgan", "wgan_gp", "relativistic")


def add(models) -> None:
    _augmenter(models.add_parser("augmenter", help="image translation by a GAN, from shards or your own pictures"))
    _style_encoder(models.add_parser("style-encoder", help="reads the light of a picture, for a trained augmenter"))
    _student(models.add_parser("augmenter-student", help="a fast translator that learns from a slow one"))


def _augmenter(parser) -> None:
    pictures = "folder, bag, tub or shards"
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    add = optional(parser)
    add("--data", type=Path, help="shards of 'genmodels data augmenter', with all of its styles")
    add("--source", type=Path, help=f"pictures to be translated: {pictures} (default: simulated frames)")
    add("--target", type=Path, action="append", help=f"pictures of a style: {pictures}, at least 200; repeatable")
    add("--style", action="append", help="name of the --target in the same place; repeatable")
    add("--labels", type=Path, help="masks of the --source, of the same names, to steer a translator")
    add("--initial", type=Path, help="checkpoint of the same styles to start from")
    add("--keep-light", action="store_true", help="learn texture alone, over the light of --initial")
    add("--network", choices=("bilateral", "translator"), help="recolours exactly, or repaints (default: bilateral)")
    add("--size", choices=("student", "teacher", "large"), help="of a translator (default: teacher)")
    add("--objective", choices=OBJECTIVES, help="of the game (default: non_saturating)")
    add(
        "--consistency", choices=("contrastive", "cycle", "none"),
        help="what ties a picture to its source (default: contrastive for a translator, else none)",
    )  # fmt: skip
    add("--steps", type=positive, help="rounds, at most (default: 5000 bilateral, 3000 translator)")
    add("--batch-size", type=positive, help="default: 12 bilateral, 6 translator")
    add("--minutes", type=float, help="stop after so many; --resume goes on (default: 60)")
    add_common(parser, _train_augmenter)


def _style_encoder(parser) -> None:
    parser.add_argument("--checkpoint", type=Path, required=True, help="a trained augmenter")
    parser.add_argument("--data", type=Path, required=True, help="shards that it was trained on")
    parser.add_argument("--out", type=Path, required=True, help="folder for both")
    parser.add_argument("--steps", type=positive, default=600, help="default: %(default)s")
    parser.add_argument("--batch-size", type=positive, default=24, help="default: %(default)s")
    add_common(parser, _train_style_encoder)


def _student(parser) -> None:
    parser.add_argument("--teacher", type=Path, required=True, help="checkpoint of a translator")
    parser.add_argument("--data", type=Path, required=True, help="source pictures: folder, bag, tub or shards")
    parser.add_argument("--out", type=Path, required=True, help="folder for the student's checkpoint")
    parser.add_argument("--steps", type=positive, default=1500, help="default: %(default)s")
    parser.add_argument("--batch-size", type=positive, default=6, help="default: %(default)s")
    add_common(parser, _train_student)


def _train_augmenter(args):
    options = given(args, OPTIONS)
    for repeated in ("target", "style"):
        if repeated in options:
            options[repeated] = tuple(options[repeated])
    _run("augmenter", args, resume=args.resume, **options)


def _train_style_encoder(args):
    _run(
        "style_encoder", args, checkpoint=args.checkpoint, data=args.data, steps=args.steps, batch_size=args.batch_size
    )


def _train_student(args):
    _run("distillation", args, teacher=args.teacher, data=args.data, steps=args.steps, batch_size=args.batch_size)


def _run(name: str, args, **options) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    card = module(f"genmodels_ros.training.camera.{name}").train(
        out=args.out, seed=args.seed, device=args.device, **options
    )
    print(json.dumps(card.metrics, indent=2))
