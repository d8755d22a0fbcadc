"""`genmodels augment`: labelled synthetic variants of images."""

import json
from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, positive

IN_FORMATS = ("auto", "folder", "bag", "tub", "coco", "yolo")
OUT_FORMATS = ("auto", "same", "folder", "bag", "tub", "coco", "yolo", "lerobot", "webdataset")
PASSED_ON = (
    *("count", "style", "labels", "strength", "checkpoint", "seed", "device", "format", "out_format", "topic"),
    *("objects", "reference", "lighting_only", "include_source", "mark", "gate"),
)


def add(commands) -> None:
    parser = commands.add_parser("augment", help="make labelled synthetic variants of images")
    parser.add_argument(
        "source", type=Path, metavar="IN", help="folder of images, bag, Donkey tub, COCO or YOLO dataset"
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="new folder for PNG images, labels and JSON sidecars")
    parser.add_argument("--count", type=positive, default=4, help="variants an image (default: %(default)s)")
    parser.add_argument("--style", default="random", help="a style of the model or 'random' (default: %(default)s)")
    parser.add_argument("--strength", type=float, default=1.0, help="in (0, 1], 1 is the full style (default: 1)")
    parser.add_argument("--reference", type=Path, metavar="IMAGE", help="take the style of this picture")
    parser.add_argument("--lighting-only", action="store_true", help="change nothing but brightness")
    parser.add_argument("--labels", type=Path, help="folder of label images of the same names, for a folder of images")
    parser.add_argument("--format", choices=IN_FORMATS, default="auto", help="of IN (default: look at it)")
    parser.add_argument(
        "--out-format", choices=OUT_FORMATS, default="auto",
        help="of OUT; same: as IN (default: COCO and YOLO as they are, all else a folder)",
    )  # fmt: skip
    parser.add_argument("--topic", help="camera to take of a bag with several (default: the one with most images)")
    parser.add_argument(
        "--objects", metavar="LABELS",
        help="objects with box and outline from label images: 4=person,3=chair, or one name for images of instances",
    )  # fmt: skip
    parser.add_argument("--include-source", action="store_true", help="write the source images, too")
    parser.add_argument("--gate", choices=("structure", "full"), help="how a variant is judged (default: the model's)")
    parser.add_argument("--no-mark", dest="mark", action="store_false", help="leave out the invisible mark")
    add_checkpoint(parser)
    add_common(parser, _augment, table=True)


def _augment(args):
    from dataclasses import asdict

    from genmodels_ros.pipelines.camera.augment_folder import augment_folder

    summary = augment_folder(args.source, args.out, **{name: getattr(args, name) for name in PASSED_ON})
    print(json.dumps(asdict(summary), indent=2, default=str) if args.json else summary)
