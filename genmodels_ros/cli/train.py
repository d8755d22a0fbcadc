"""`genmodels train`: models from shards and recordings."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genmodels_ros.cli import train_augmenter
from genmodels_ros.cli.fit import setting
from genmodels_ros.cli.options import add_common, given, module, optional, positive
from genmodels_ros.models.registry import FAMILIES


@dataclass(frozen=True)
class Trainer:
    """`module` has train(data=, out=, steps=, batch_size=, seed=, device=, resume=, **options) → Card.

    `add(group)` declares the `options` that only this model has; what is not given keeps the trainer's default.
    makes_data: it needs no data=
    """

    help: str
    module: str
    batch_size: int  # that the shipped checkpoint was trained with
    options: tuple[str, ...] = ()
    add: Callable | None = None
    makes_data: bool = False


def _trajectories(add) -> None:
    add("--robot", help="a shipped arm or a YAML file (default: panda)")
    add("--prediction", choices=("eps", "x_0", "v", "flow"), help="what the network's head predicts (default: v)")
    add("--schedule", choices=("cosine", "linear", "flow"), help="of the noise (default: cosine)")
    add("--width", type=positive, help="default: 128")
    add("--layers", type=positive, help="default: 4")
    add("--condition-dropout", type=float, help="share trained without seeing the obstacles (default: 0.1)")
    add("--self-conditioning", action="store_true", help="look at the geometry of the estimate of the step before")


def _world_model(add) -> None:
    add("--latent", choices=("gaussian", "categorical"), help="default: gaussian")
    add(
        "--without", action="append", metavar="PART",
        help="leave out tracks, past, movers, memory or latent, to see what it is worth",
    )  # fmt: skip


def _completion(add) -> None:
    add("--images", type=Path, action="append", metavar="PATH", help="more pictures: folder, bag or tub, repeatable")
    add("--objective", choices=("relativistic", "non_saturating"), help="of the game (default: relativistic)")
    add("--precision", choices=("float32", "bfloat16"), help="of the generator's arithmetic (default: float32)")


def _synthesis(add) -> None:
    add("--labels", type=Path, help="folder of masks of the pictures' names; shards bring their own")
    add("--height", type=positive, help="pixels, a multiple of 16 (default: 64)")
    add("--width", type=positive, help="pixels, a multiple of 16 (default: 80)")
    add("--objective", choices=train_augmenter.OBJECTIVES, help="of the game (default: relativistic)")
    add("--augmentation", type=float, help="strength in 0..1 of what D sees changed (default: as far as it overfits)")


def _agents(add) -> None:
    add("--family", choices=tuple(FAMILIES), help="of the model (default: autoregressive)")
    add("--learning-rate", type=float, help="default: 0.001")
    add("--set", dest="settings", action="append", type=setting, metavar="NAME=VALUE", help="of the family's config")


def _inverse_kinematics(add) -> None:
    add("--robot", help="a shipped arm or a YAML file (default: panda)")
    add("--learning-rate", type=float, help="default: 0.002")
    add("--set", dest="settings", action="append", type=setting, metavar="NAME=VALUE", help="of the flow's config")


TRAINERS = {
    "trajectories": Trainer(
        "arm trajectories by diffusion", "genmodels_ros.training.arm.trajectories", 96,
        ("robot", "prediction", "schedule", "width", "layers", "condition_dropout", "self_conditioning"), _trajectories,
    ),
    "world-model": Trainer(
        "the lidar world model", "genmodels_ros.training.mobile.world_model", 32, ("latent", "without"), _world_model
    ),
    "camera-world-model": Trainer(
        "the camera world model, from a folder of Donkey tubs", "genmodels_ros.training.mobile.camera_world_model", 8
    ),
    "completion": Trainer(
        "completion of images inside a mask", "genmodels_ros.training.camera.completion", 8,
        ("images", "objective", "precision"), _completion,
    ),
    "synthesis": Trainer(
        "pictures and their masks from nothing, by a GAN", "genmodels_ros.training.camera.synthesis", 8,
        ("labels", "height", "width", "objective", "augmentation"), _synthesis,
    ),
    "agents": Trainer(
        "other agents' motion, from floors of 'genmodels data world-model'",
        "genmodels_ros.training.mobile.agent_motion", 256, ("family", "learning_rate", "settings"), _agents,
    ),
    "inverse-kinematics": Trainer(
        "many joint solutions for a tool pose, of any arm", "genmodels_ros.training.arm.inverse_kinematics", 384,
        ("robot", "learning_rate", "settings"), _inverse_kinematics, makes_data=True,
    ),
    "segmenter": Trainer("what the quality gate asks what it sees", "genmodels_ros.training.camera.segmenter", 16),
}  # fmt: skip


def add(commands) -> None:
    models = commands.add_parser("train", help="train a model").add_subparsers(
        required=True, metavar="MODEL", dest="model"
    )
    for name, trainer in TRAINERS.items():
        parser = models.add_parser(name, help=trainer.help)
        if not trainer.makes_data:
            parser.add_argument(
                "--data", type=Path, required=True, help="folder of what 'genmodels data' made, or of tubs"
            )
        parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
        parser.add_argument("--steps", type=positive, required=True)
        parser.add_argument("--batch-size", type=positive, default=trainer.batch_size, help="default: %(default)s")
        parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
        if trainer.add is not None:
            trainer.add(optional(parser))
        add_common(parser, _train)
    train_augmenter.add(models)


def _train(args):
    trainer = TRAINERS[args.model]
    card = module(trainer.module).train(
        out=args.out,
        steps=args.steps,
        batch_size=args.batch_size,
        seed=args.seed,
        device=args.device,
        resume=args.resume,
        **given(args, ("data", *trainer.options)),
    )
    print(json.dumps(card.metrics, indent=2))
