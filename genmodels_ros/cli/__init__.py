"""The `genmodels` command: the nodes' pipelines without ROS, and what makes, measures and feeds the models.

One file a command, each with `add(commands)`. Modules are imported when a command runs, so that `genmodels --help` is
instant and a command needs only its own room.
Exit codes: 0 it did what was asked; 2 the input is bad (one line on stderr says why); 130 interrupted.
"""

import argparse
import sys

from genmodels_ros import __version__
from genmodels_ros.cli import (
    augment,
    bench,
    calibrate,
    compare,
    complete,
    data,
    distill,
    evaluate,
    export,
    fit,
    ik,
    inspect,
    plan,
    robot,
    skill,
    synthesize,
    train,
    world,
)
from genmodels_ros.errors import GenModelsError

COMMANDS = (
    plan,
    ik,
    evaluate,
    augment,
    complete,
    synthesize,
    inspect,
    data,
    train,
    fit,
    distill,
    compare,
    export,
    calibrate,
    bench,
    robot,
    skill,
    world,
)


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
    for command in COMMANDS:
        command.add(commands)
    return parser
