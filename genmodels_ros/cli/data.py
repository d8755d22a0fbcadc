"""`genmodels data`: training data, made in simulation."""

from pathlib import Path

from genmodels_ros.cli.options import add_common, module, positive
from genmodels_ros.errors import ErrorCode, GenModelsError

MAKERS = {  # model: (what a count counts, module with make_shards)
    "trajectories": ("expert paths of an arm", "genmodels_ros.simulation.arm.experts"),
    "world-model": ("floors driven on", "genmodels_ros.simulation.floor.episodes"),
    "augmenter": ("frames of the robot's camera", "genmodels_ros.simulation.camera.shards"),
    "segmenter": ("labelled frames of the robot's camera", "genmodels_ros.simulation.camera.labelled_shards"),
    "track-camera": ("frames of a small car on tracks", "genmodels_ros.simulation.track.shards"),
}


def add(commands) -> None:
    models = commands.add_parser("data", help="make training data in simulation").add_subparsers(
        required=True, metavar="MODEL", dest="model"
    )
    for model, (counted, _) in MAKERS.items():
        parser = models.add_parser(model, help=counted)
        parser.add_argument("--out", type=Path, required=True, help="folder for the shards and their card")
        parser.add_argument("--count", type=positive, required=True, help=counted)
        parser.add_argument("--workers", type=positive, default=1, help="processes (default: %(default)s)")
        add_common(parser, _data)
        if model == "trajectories":
            parser.add_argument("--robot", default="panda", help="a shipped arm or a YAML file (default: %(default)s)")
        if model == "world-model":
            parser.add_argument("--floors", type=Path, help="real buildings: logs *-corrected.log.gz, maps *.yaml")
            parser.add_argument(
                "--hold-out", action="append", help="building never to use (default: intel), repeatable"
            )
    _add_vectors(models)


def _add_vectors(models) -> None:
    parser = models.add_parser("vectors", help="expert paths of an arm as an array for `genmodels fit`")
    parser.add_argument("--shards", type=Path, required=True, help="folder made by `genmodels data trajectories`")
    parser.add_argument("--out", type=Path, required=True, help="x [M, n, D] rad and condition [M, 2 D], .npz")
    parser.add_argument("--robot", default="panda", help="a shipped arm or a YAML file (default: %(default)s)")
    parser.set_defaults(run=_vectors)


def _vectors(args):
    from genmodels_ros.data.arm_path_vectors import save_arm_path_vectors
    from genmodels_ros.robots.description import load_robot

    print(f"{save_arm_path_vectors(args.shards, load_robot(args.robot), args.out)} paths written to {args.out}")


def _data(args):
    options = {"robot": args.robot} if args.model == "trajectories" else {}
    if args.model == "world-model":
        options = _floors(args)
    module(MAKERS[args.model][1]).make_shards(
        out=args.out, count=args.count, seed=args.seed, workers=args.workers, **options
    )


def _floors(args) -> dict:
    if args.floors is None and args.hold_out is not None:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, "--hold-out holds back a building of --floors: give that too.")
    if args.floors is None:
        return {}
    return {"floors": args.floors, "hold_out": None if args.hold_out is None else tuple(args.hold_out)}
