"""The `genmodels` command: the nodes' pipelines without ROS, and what makes, measures and feeds the models.

Exit codes: 0 it did what was asked; 2 the input is bad (one line on stderr says why); 130 interrupted.
Modules are imported inside the commands, so that `genmodels --help` is instant and a command needs only its own room.
"""

import argparse
import json
import sys
from pathlib import Path

from genmodels_ros import __version__
from genmodels_ros.errors import ErrorCode, GenModelsError

BENCHMARKS = {
    "trajectories": "genmodels_ros.evaluation.trajectories",
    "world-model": "genmodels_ros.evaluation.world_model",
    "closed-loop": "genmodels_ros.evaluation.closed_loop",
    "augmenter": "genmodels_ros.evaluation.augmenter",
}
TRAINERS = {
    "trajectories": "genmodels_ros.training.trajectories",
    "world-model": "genmodels_ros.training.world_model",
    "camera-world-model": "genmodels_ros.training.camera_world_model",
    "augmenter": "genmodels_ros.training.augmenter",
}
BATCH_SIZES = {  # that the shipped checkpoints were trained with
    "trajectories": 96, "world-model": 32, "camera-world-model": 8, "augmenter": 12
}  # fmt: skip
DATA_MAKERS = {
    "trajectories": "genmodels_ros.simulation.arm_experts",
    "world-model": "genmodels_ros.simulation.floor_episodes",
    "augmenter": "genmodels_ros.simulation.camera_shards",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    args = build_parser().parse_args(arguments)
    try:
        args.run(args)
    except (GenModelsError, OSError) as error:
        print(f"genmodels: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="genmodels", description="Generative models for robots.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_plan, _add_evaluate, _add_augment, _add_data, _add_train, _add_calibrate, _add_bench, _add_robot):
        add(commands)
    return parser


def _add_common(parser: argparse.ArgumentParser, run, *, table: bool = False):
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: %(default)s)")
    if table:
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"needs a positive number, got {text}")
    return value


def _print_tables(tables, as_json: bool):
    if as_json:
        print(json.dumps([table.as_dict() for table in tables], indent=2))
    else:
        print("\n\n".join(table.markdown() for table in tables))


# plan


def _add_plan(commands):
    parser = commands.add_parser("plan", help="solve arm planning problems from a JSON file")
    parser.add_argument("problems", type=Path, help="list of problems, JSON")
    parser.add_argument("--out", type=Path, required=True, help="where the results go, JSON")
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--checkpoint", type=Path, help="folder of the weights (default: the shipped ones)")
    parser.add_argument("--samples", type=_positive, default=16, help="drawn a problem (default: %(default)s)")
    parser.add_argument("--no-fallback", action="store_true", help="answer with the model's own trajectories only")
    parser.add_argument("--all-candidates", action="store_true", help="write every verified trajectory, ranked")
    parser.add_argument("--time-limit", type=float, default=10.0, help="seconds a problem (default: %(default)s)")
    _add_common(parser, _plan)


def _plan(args):
    from tqdm import tqdm

    from genmodels_ros.data.problems import load_problems, result_to_json
    from genmodels_ros.pipelines.trajectory_generation import TrajectoryGenerator, TrajectoryQuery

    problems = load_problems(args.problems)
    generator = TrajectoryGenerator.from_checkpoint(args.checkpoint, robot=args.robot, device=args.device)
    results = []
    for problem in tqdm(problems, unit="problem", disable=None):
        query = TrajectoryQuery.from_problem(
            problem,
            num_samples=args.samples,
            seed=args.seed,
            time_limit=args.time_limit,
            allow_fallback=not args.no_fallback,
        )
        results.append(result_to_json(problem, generator.generate(query), all_candidates=args.all_candidates))
    args.out.write_text(json.dumps(results))
    solved = sum(result["status"] == "success" for result in results)
    print(f"{solved} of {len(results)} solved, written to {args.out}")


# evaluate


def _add_evaluate(commands):
    parser = commands.add_parser("evaluate", help="measure a model on a recording")
    models = parser.add_subparsers(required=True, metavar="MODEL")
    world_model = models.add_parser("world-model", help="prediction error by horizon beside the baselines")
    world_model.add_argument("--recording", type=Path, required=True, help="rosbag2 folder, CARMEN log or Donkey tub")
    world_model.add_argument("--checkpoint", type=Path, help="folder of the weights (default: the shipped ones)")
    world_model.add_argument("--context", type=_positive, default=10, help="scans seen first (default: %(default)s)")
    world_model.add_argument("--dump", type=Path, help="write truth and predictions to this .npz")
    _add_common(world_model, _evaluate_world_model, table=True)
    adaptation = models.add_parser("adaptation", help="what the world model gains from a robot's own minutes")
    adaptation.add_argument("--checkpoint", type=Path, help="folder of the weights (default: the shipped ones)")
    adaptation.add_argument("--robots", type=_positive, default=3, help="of each kind (default: %(default)s)")
    adaptation.add_argument("--rows", type=_positive, default=3000, help="of 0.2 s in a log (default: %(default)s)")
    _add_common(adaptation, _evaluate_adaptation, table=True)


def _evaluate_world_model(args):
    from genmodels_ros.evaluation.world_model import evaluate_recording

    tables = evaluate_recording(
        args.recording,
        context=args.context,
        checkpoint=args.checkpoint,
        device=args.device,
        seed=args.seed,
        dump=args.dump,
    )
    _print_tables(tables, args.json)


def _evaluate_adaptation(args):
    from genmodels_ros.evaluation.adaptation import bench_adaptation
    from genmodels_ros.pipelines.world_model import WorldModel
    from genmodels_ros.training.fine_tuning import FineTuning, adapt

    def adapted(model, episodes):
        better, result = adapt(model, episodes, FineTuning(seed=args.seed))
        return better, (result.error_before, result.error_after, result.windows)

    world = WorldModel.from_checkpoint(args.checkpoint, device=args.device)
    _print_tables([bench_adaptation(world, adapted, seed=args.seed, floors=args.robots, rows=args.rows)], args.json)


# augment


def _add_augment(commands):
    parser = commands.add_parser("augment", help="make labelled synthetic variants of images")
    parser.add_argument("source", type=Path, metavar="IN", help="folder of images, rosbag2 folder or Donkey tub")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for PNG images, labels and JSON sidecars")
    parser.add_argument("--count", type=_positive, default=4, help="variants an image (default: %(default)s)")
    parser.add_argument("--style", default="random", help="a style of the model or 'random' (default: %(default)s)")
    parser.add_argument("--labels", type=Path, help="folder of label images of the same names")
    parser.add_argument("--checkpoint", type=Path, help="folder of the weights (default: the shipped ones)")
    _add_common(parser, _augment)


def _augment(args):
    from genmodels_ros.pipelines.augment_folder import augment_folder

    summary = augment_folder(
        args.source,
        args.out,
        count=args.count,
        style=args.style,
        labels=args.labels,
        checkpoint=args.checkpoint,
        seed=args.seed,
        device=args.device,
    )
    print(summary)


# data, train, bench


def _add_data(commands):
    parser = commands.add_parser("data", help="make training data in simulation")
    parser.add_argument("model", choices=DATA_MAKERS)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards and their card")
    parser.add_argument("--count", type=_positive, required=True, help="trajectories, episodes or frames")
    parser.add_argument("--workers", type=_positive, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--robot", help="arm of the trajectories: a shipped one or a YAML file (default: panda)")
    parser.add_argument("--floors", type=Path, help="folder of real buildings: logs *-corrected.log.gz, maps *.yaml")
    parser.add_argument("--hold-out", action="append", help="a building never to use (default: intel), repeatable")
    _add_common(parser, _data)


def _data(args):
    options = _robot_argument(args) | _floors_argument(args)
    _module(DATA_MAKERS[args.model]).make_shards(
        out=args.out, count=args.count, seed=args.seed, workers=args.workers, **options
    )


def _floors_argument(args) -> dict:
    if args.floors is None and args.hold_out is None:
        return {}
    if args.model != "world-model":
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"--floors and --hold-out are for the world-model, not for {args.model}."
        )
    if args.floors is None:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, "--hold-out holds back a building of --floors: give that too.")
    return {"floors": args.floors, "hold_out": None if args.hold_out is None else tuple(args.hold_out)}


def _robot_argument(args) -> dict[str, str]:
    if args.robot is not None and args.model != "trajectories":
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"--robot is for trajectories, not for {args.model}.")
    return {} if args.robot is None else {"robot": args.robot}


def _add_train(commands):
    parser = commands.add_parser("train", help="train a model on shards made by 'genmodels data'")
    parser.add_argument("model", choices=TRAINERS)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards; camera: of Donkey tubs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--steps", type=_positive, required=True)
    sizes = ", ".join(f"{name} {size}" for name, size in BATCH_SIZES.items())
    parser.add_argument("--batch-size", type=_positive, help=f"default: {sizes}")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    parser.add_argument("--robot", help="arm of the trajectories: a shipped one or a YAML file (default: panda)")
    _add_trajectory_network(parser.add_argument_group("the network, for trajectories"))
    _add_world_model_network(parser.add_argument_group("the network, for world-model"))
    _add_common(parser, _train)


def _optional(group):
    """Adds options that are not among the parsed arguments unless given: the defaults are the trainer's."""

    def add(name: str, **settings):
        group.add_argument(name, default=argparse.SUPPRESS, **settings)

    return add


def _add_trajectory_network(group):
    add = _optional(group)
    add("--prediction", choices=("eps", "x_0", "v", "flow"), help="what its head predicts (default: v)")
    add("--schedule", choices=("cosine", "linear", "flow"), help="of the noise (default: cosine)")
    add("--width", type=_positive, help="default: 128")
    add("--layers", type=_positive, help="default: 4")
    add("--condition-dropout", type=float, help="share trained without seeing the obstacles (default: 0.1)")
    add("--self-conditioning", action="store_true", help="look at the geometry of the estimate of the step before")


def _add_world_model_network(group):
    add = _optional(group)
    add("--latent", choices=("gaussian", "categorical"), help="default: gaussian")
    add(
        "--without", action="append", metavar="PART",
        help="leave out tracks, past, movers, memory or latent, to see what it is worth",
    )  # fmt: skip


NETWORK_OPTIONS = {
    "trajectories": ("prediction", "schedule", "width", "layers", "condition_dropout", "self_conditioning"),
    "world-model": ("latent", "without"),
}


def _network_arguments(args) -> dict:
    for model, names in NETWORK_OPTIONS.items():
        given = {name: getattr(args, name) for name in names if hasattr(args, name)}
        if given and args.model == model:
            return given
        if given:
            option = next(iter(given)).replace("_", "-")
            raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"--{option} is for {model}, not for {args.model}.")
    return {}


def _train(args):
    card = _module(TRAINERS[args.model]).train(
        data=args.data,
        out=args.out,
        steps=args.steps,
        batch_size=args.batch_size or BATCH_SIZES[args.model],
        seed=args.seed,
        device=args.device,
        resume=args.resume,
        **_robot_argument(args),
        **_network_arguments(args),
    )
    print(json.dumps(card.metrics, indent=2))


def _add_calibrate(commands):
    parser = commands.add_parser("calibrate", help="count false alarms, so that surprise has a threshold")
    parser.add_argument("model", choices=("world-model",))
    parser.add_argument("--checkpoint", type=Path, help="folder of the weights (default: the shipped ones)")
    parser.add_argument("--hours", type=float, default=4.0, help="of simulated driving (default: %(default)s)")
    parser.add_argument("--recording", type=Path, help="drive of your own robot, nothing wrong with it, instead")
    _add_common(parser, _calibrate, table=True)


def _calibrate(args):
    from genmodels_ros.evaluation.anomaly_calibration import calibrate

    table = calibrate(args.checkpoint, hours=args.hours, seed=args.seed, device=args.device, recording=args.recording)
    _print_tables([table], args.json)


def _add_bench(commands):
    parser = commands.add_parser("bench", help="the numbers of the README, measured here")
    parser.add_argument("name", nargs="?", default="all", choices=("all", *BENCHMARKS))
    parser.add_argument("--data", type=Path, help="folder of recordings and problems, if you have one")
    parser.add_argument("--quick", action="store_true", help="fewer problems, wider intervals")
    parser.add_argument("--checkpoint", type=Path, help="folder of the weights of the one model that is measured")
    arms = parser.add_argument_group("arm trajectories")
    arms.add_argument("--robot", help="which arm (default: panda)")
    arms.add_argument("--limit", type=_positive, help="problems of each set, spread over it (default: all)")
    arms.add_argument("--reference", type=Path, help="file of shortest lengths known; missing ones are sought, slowly")
    arms.add_argument("--plot", type=Path, help="write latencies and shares as a picture, PNG")
    _add_common(parser, _bench, table=True)


def _bench(args):
    from genmodels_ros.evaluation.options import BenchOptions

    names = BENCHMARKS if args.name == "all" else (args.name,)
    if args.checkpoint is not None and args.name == "all":
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, "--checkpoint needs the name of the model it is for.")
    options = BenchOptions(args.data, args.device, args.seed, args.quick, args.checkpoint)
    given = {key: value for key in ("robot", "limit", "reference", "plot") if (value := getattr(args, key)) is not None}
    if given and "trajectories" not in names:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"--{next(iter(given))} is for trajectories only.")
    tables = []
    for name in names:
        tables += _module(BENCHMARKS[name]).bench(options, **(given if name == "trajectories" else {}))
    _print_tables(tables, args.json)


# robot


def _add_robot(commands):
    robots = commands.add_parser("robot", help="bring in an arm of your own").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = robots.add_parser("add", help="find joints, limits and spheres in a URDF and write the arm's YAML")
    add.add_argument("urdf", help="file, or package://name/path; xacro's output")
    add.add_argument("--srdf", help="file, or package://name/path, with the pairs of links that may touch")
    add.add_argument("--out", type=Path, required=True, help="YAML file to write, named after the arm")
    add.add_argument("--tool-frame", help="link that goals are given for (default: the end of the longest chain)")
    add.add_argument("--base-frame", help="link that obstacles are given in (default: what the first joint hangs on)")
    add.add_argument("--joints", nargs="+", default=(), metavar="JOINT", help="those moved, outwards (default: all)")
    add.add_argument(
        "--spheres-slack", type=float, default=25.0, metavar="MM",
        help="that collision spheres may stick out of a link; less needs more of them (default: %(default)g)",
    )  # fmt: skip
    add.add_argument(
        "--most-spheres", type=_positive, default=10, metavar="N",
        help="a convex piece of a link, even if they stick out further (default: %(default)s)",
    )  # fmt: skip
    add.add_argument("--train", type=Path, metavar="DIR", help="then do `robot make` into this folder")
    _add_making(add)
    _add_common(add, _robot_add)
    make = robots.add_parser("make", help="make expert data for an arm, train on it and measure the result")
    make.add_argument("robot", help="YAML file of `robot add`, or a shipped arm")
    make.add_argument("--out", type=Path, required=True, dest="train", metavar="DIR", help="for shards and checkpoint")
    _add_making(make)
    _add_common(make, lambda args: _make_model(args.robot, args))


def _add_making(parser: argparse.ArgumentParser):
    parser.add_argument("--count", type=_positive, default=10_000, help="expert paths (default: %(default)s)")
    parser.add_argument("--steps", type=_positive, default=20_000, help="of training (default: %(default)s)")
    parser.add_argument("--batch-size", type=_positive, default=BATCH_SIZES["trajectories"])
    parser.add_argument("--problems", type=_positive, default=40, help="measured in the end (default: %(default)s)")
    parser.add_argument("--workers", type=_positive, default=1, help="processes that make data (default: %(default)s)")


def _robot_add(args):
    from genmodels_ros.robots.arm_settings import Choices, find_settings
    from genmodels_ros.robots.arm_yaml import describe, to_yaml
    from genmodels_ros.robots.packages import find_file

    urdf = find_file(args.urdf, Path())
    srdf = find_file(args.srdf, Path()) if args.srdf else None
    choices = Choices(
        args.tool_frame, args.base_frame, tuple(args.joints), args.spheres_slack / 1000, args.most_spheres
    )
    findings = find_settings(
        urdf.read_text(),
        srdf.read_text() if srdf else "",
        urdf.parent,
        choices,
        args.seed,
        lambda stage: print(f"… {stage}", file=sys.stderr, flush=True),
    )
    files = {"urdf": args.urdf, "srdf": args.srdf}
    description = {
        kind: name if name.startswith("package://") else str(Path(name).resolve())
        for kind, name in files.items()
        if name
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(to_yaml(findings, description))
    print(f"{describe(findings)}\n\nwritten to {args.out}")
    if args.train is not None:
        _make_model(str(args.out), args)


def _make_model(robot: str, args):
    from genmodels_ros.evaluation.options import BenchOptions
    from genmodels_ros.robots.description import load_robot

    name, shards, checkpoint = load_robot(robot).name, args.train / "shards", args.train / "checkpoint"
    print(f"{name}: {args.count} expert paths into {shards}", flush=True)
    _module(DATA_MAKERS["trajectories"]).make_shards(
        out=shards, count=args.count, seed=args.seed, workers=args.workers, robot=robot
    )
    print(f"{name}: {args.steps} training steps into {checkpoint}", flush=True)
    _module(TRAINERS["trajectories"]).train(
        data=shards, out=checkpoint, steps=args.steps, batch_size=args.batch_size, seed=args.seed, device=args.device,
        resume=True, robot=robot,
    )  # fmt: skip
    print(f"{name}: {args.problems} problems it has not seen\n", flush=True)
    options = BenchOptions(None, args.device, args.seed, False, checkpoint)
    _print_tables(_module(BENCHMARKS["trajectories"]).bench(options, robot=robot, limit=args.problems), False)


def _module(name: str):
    from importlib import import_module

    return import_module(name)


if __name__ == "__main__":
    sys.exit(main())
