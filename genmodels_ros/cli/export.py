"""`genmodels export`: a checkpoint's network as ONNX."""

import argparse
from pathlib import Path

from genmodels_ros.cli.options import add_common, checkpoint_folder


def add(commands) -> None:
    parser = commands.add_parser("export", help="write a checkpoint's network as ONNX, for runtimes without torch")
    parser.add_argument(
        "checkpoint", type=checkpoint_folder, metavar="CHECKPOINT", help="folder, or the name of a shipped one"
    )
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    parser.add_argument("--size", type=size, default=(240, 320), help="of images, HEIGHTxWIDTH (default: 240x320)")
    add_common(parser, _export)


def size(text: str) -> tuple[int, int]:
    height, times, width = text.lower().partition("x")
    if not (times and height.isdigit() and width.isdigit() and int(height) > 0 and int(width) > 0):
        raise argparse.ArgumentTypeError(f"needs HEIGHTxWIDTH, got {text!r}")
    return int(height), int(width)


def _export(args):
    from genmodels_ros.pipelines.network_export import export_network

    exported = export_network(args.checkpoint, args.out, size=args.size)
    print(f"{exported.path}: at most {exported.difference:.1e} from the network; its inputs are described beside it")
