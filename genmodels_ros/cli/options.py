"""What the commands share: common arguments, checks of them, tables on the screen."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path


def add_common(parser: argparse.ArgumentParser, run: Callable, *, table: bool = False) -> None:
    """--device, --seed and, where a table is printed, --json; `run(args)` does the command's work."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: %(default)s)")
    if table:
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        type=checkpoint_folder,
        help="folder of the weights, or the name of a shipped one (default: shipped)",
    )


def checkpoint_folder(text: str) -> Path:
    """A folder, or that of a shipped checkpoint where only one of those has the name."""
    from genmodels_ros.models.checkpoint import shipped

    folder = Path(text)
    named = shipped(folder.name) if text == folder.name else folder
    return named if not folder.exists() and named.is_dir() else folder


def optional(group) -> Callable:
    """An `add_argument` whose options are not among the parsed arguments unless given: the defaults are elsewhere."""

    def add(name: str, **settings):
        group.add_argument(name, default=argparse.SUPPRESS, **settings)

    return add


def given(args, names: tuple[str, ...]) -> dict:
    """Of `optional` arguments those that were given."""
    return {name: getattr(args, name) for name in names if hasattr(args, name)}


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"needs a positive number, got {text}")
    return value


def print_tables(tables, as_json: bool) -> None:
    if as_json:
        print(json.dumps([table.as_dict() for table in tables], indent=2))
    else:
        print("\n\n".join(table.markdown() for table in tables))


def module(name: str):
    from importlib import import_module

    return import_module(name)
