"""`genmodels inspect`: which images are synthetic."""

import json
from dataclasses import asdict
from pathlib import Path

from genmodels_ros.cli.options import add_common
from genmodels_ros.errors import ErrorCode, GenModelsError

ANSWERS = {True: "yes", False: "no", None: "undecidable"}


def add(commands) -> None:
    parser = commands.add_parser("inspect", help="tell which images are synthetic, by their mark and their metadata")
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="FILE_OR_FOLDER", help="JPEG or PNG files, folders of them, recordings"
    )
    add_common(parser, _inspect, table=True)


def _inspect(args):
    from tqdm import tqdm

    from genmodels_ros.pipelines.camera.inspection import inspect_paths

    inspections = list(tqdm(inspect_paths(args.paths), unit="image", disable=None))
    if args.json:
        print(json.dumps([asdict(one) for one in inspections], indent=2))
    else:
        _print_table(inspections)
    unread = [one for one in inspections if one.problem]
    if unread:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE,
            f"{len(unread)} of {len(inspections)} images cannot be read; the first: {unread[0].name}: "
            f"{unread[0].problem}",
        )


def _print_table(inspections) -> None:
    from genmodels_ros.evaluation.tables import Table

    rows = []
    for one in inspections:
        if one.problem:
            rows.append((one.name, "unread", None, None, None, None))
            continue
        metadata = one.metadata.get("style") or one.metadata.get("model") or one.by_metadata
        rows.append(
            (
                one.name,
                ANSWERS[one.synthetic],
                "found" if one.by_mark else "not found",
                round(one.score, 1),
                f"{one.false_alarm:.1e}",
                metadata if one.by_metadata else None,
            )
        )
    yes = sum(one.synthetic is True for one in inspections)
    columns = ("image", "synthetic", "mark", "score", "false alarm", "metadata")
    print(Table(f"{yes} of {len(rows)} images are synthetic", columns, tuple(rows)).markdown())
