"""`genmodels bench`: the numbers of the README, measured here."""

from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, given, module, optional, positive, print_tables
from genmodels_ros.errors import ErrorCode, GenModelsError

BENCHMARKS = {  # name: module with bench(options) → tables
    "trajectories": "genmodels_ros.evaluation.arm.trajectories",
    "world-model": "genmodels_ros.evaluation.world_model.bench",
    "closed-loop": "genmodels_ros.evaluation.world_model.closed_loop",
    "augmenter": "genmodels_ros.evaluation.augmenter.bench",
    "augmenter-downstream": "genmodels_ros.evaluation.augmenter.downstream_segmentation",
    "completion": "genmodels_ros.evaluation.augmenter.completion",
    "synthesis": "genmodels_ros.evaluation.augmenter.synthesis",
    "mode-coverage": "genmodels_ros.evaluation.gan_objectives.mode_coverage",
    "compression": "genmodels_ros.evaluation.world_model.scan_compression",
    "skills": "genmodels_ros.evaluation.arm.skills",
    "inverse-kinematics": "genmodels_ros.evaluation.arm.inverse_kinematics",
    "anomaly-detector": "genmodels_ros.evaluation.stream.bench",
    "steering": "genmodels_ros.evaluation.augmenter.downstream_steering",
    "families": "genmodels_ros.evaluation.families.bench",
    "agents": "genmodels_ros.evaluation.agents.bench",
}
ARM_OPTIONS = ("robot", "limit", "reference", "plot", "prior")


def add(commands) -> None:
    parser = commands.add_parser("bench", help="the numbers of the README, measured here")
    parser.add_argument("name", nargs="?", default="all", choices=("all", *BENCHMARKS))
    parser.add_argument("--data", type=Path, help="folder of recordings and problems, if you have one")
    parser.add_argument("--quick", action="store_true", help="fewer problems, wider intervals")
    add_checkpoint(parser)
    arms = optional(parser.add_argument_group("arm trajectories"))
    arms("--robot", help="which arm (default: panda)")
    arms("--limit", type=positive, help="problems of each set, spread over it (default: all)")
    arms("--reference", type=Path, help="file of shortest lengths known; missing ones are sought, slowly")
    arms("--plot", type=Path, help="write latencies and shares as a picture, PNG")
    arms("--prior", type=Path, help="checkpoint of a family over the arm's paths, to draw from first")
    add_common(parser, _bench, table=True)


def _bench(args):
    from genmodels_ros.evaluation.options import BenchOptions

    names = _possible(args.data) if args.name == "all" else (args.name,)
    if args.checkpoint is not None and args.name == "all":
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, "--checkpoint needs the name of the model it is for.")
    arm = given(args, ARM_OPTIONS)
    if arm and "trajectories" not in names:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"--{next(iter(arm))} is for trajectories only.")
    options = BenchOptions(args.data, args.device, args.seed, args.quick, args.checkpoint)
    tables = []
    for name in names:
        tables += module(BENCHMARKS[name]).bench(options, **(arm if name == "trajectories" else {}))
    print_tables(tables, args.json)


def _possible(data: Path | None) -> list[str]:
    """All but what wants a checkpoint of yours, and what wants real drives where there are none."""
    drives = data is not None and any(data.glob("camera/*.tar.gz"))
    return [name for name in BENCHMARKS if name != "synthesis" and (drives or name != "steering")]
