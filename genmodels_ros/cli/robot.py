"""`genmodels robot`: an arm of the user's own, from its URDF to a model."""

import argparse
import sys
from pathlib import Path

from genmodels_ros.cli.bench import BENCHMARKS
from genmodels_ros.cli.data import MAKERS
from genmodels_ros.cli.options import add_common, module, positive, print_tables
from genmodels_ros.cli.train import TRAINERS


def add(commands) -> None:
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
        "--most-spheres", type=positive, default=10, metavar="N",
        help="a convex piece of a link, even if they stick out further (default: %(default)s)",
    )  # fmt: skip
    add.add_argument("--train", type=Path, metavar="DIR", help="then do `robot make` into this folder")
    _add_making(add)
    add_common(add, _robot_add)
    make = robots.add_parser("make", help="make expert data for an arm, train on it and measure the result")
    make.add_argument("robot", help="YAML file of `robot add`, or a shipped arm")
    make.add_argument("--out", type=Path, required=True, dest="train", metavar="DIR", help="for shards and checkpoint")
    _add_making(make)
    add_common(make, lambda args: _make_model(args.robot, args))


def _add_making(parser: argparse.ArgumentParser):
    parser.add_argument("--count", type=positive, default=10_000, help="expert paths (default: %(default)s)")
    parser.add_argument("--steps", type=positive, default=20_000, help="of training (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=TRAINERS["trajectories"].batch_size)
    parser.add_argument("--problems", type=positive, default=40, help="measured in the end (default: %(default)s)")
    parser.add_argument("--workers", type=positive, default=1, help="processes that make data (default: %(default)s)")


def _robot_add(args):
    from genmodels_ros.robots.packages import find_file
    from genmodels_ros.robots.setup.arm_settings import Choices, find_settings
    from genmodels_ros.robots.setup.arm_yaml import describe, to_yaml

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
    module(MAKERS["trajectories"][1]).make_shards(
        out=shards, count=args.count, seed=args.seed, workers=args.workers, robot=robot
    )
    print(f"{name}: {args.steps} training steps into {checkpoint}", flush=True)
    module(TRAINERS["trajectories"].module).train(
        data=shards, out=checkpoint, steps=args.steps, batch_size=args.batch_size, seed=args.seed, device=args.device,
        resume=True, robot=robot,
    )  # fmt: skip
    print(f"{name}: {args.problems} problems it has not seen\n", flush=True)
    options = BenchOptions(None, args.device, args.seed, False, checkpoint)
    print_tables(module(BENCHMARKS["trajectories"]).bench(options, robot=robot, limit=args.problems), False)
