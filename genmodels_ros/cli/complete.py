"""`genmodels complete`: an image completed inside a mask, or an object removed from image and labels."""

import argparse
import json
from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common


def add(commands) -> None:
    parser = commands.add_parser("complete", help="fill in a part of an image, or remove an object from it")
    parser.add_argument("image", type=Path, metavar="IMAGE", help="JPEG or PNG")
    parser.add_argument("mask", type=Path, metavar="MASK", help="PNG of one channel, not 0 where to paint")
    parser.add_argument("out", type=Path, metavar="OUT", help="PNG to write; the sidecar is OUT with .json")
    parser.add_argument(
        "--remove", type=int, metavar="VALUE",
        help="MASK holds labels: paint over this class or instance and write the labels that still hold, *_labels.png",
    )  # fmt: skip
    parser.add_argument(
        "--unlabelled", type=int, default=0, metavar="VALUE", help="label of what was repainted (default: %(default)s)"
    )
    parser.add_argument(
        "--mark", action=argparse.BooleanOptionalAction, default=True, help="the invisible mark (default: with it)"
    )
    add_checkpoint(parser)
    add_common(parser, _complete)


def _complete(args):
    from genmodels_ros.data.image_codec import decode, encode_labels
    from genmodels_ros.data.xmp import encode_synthetic_png
    from genmodels_ros.pipelines.camera.image_completion import ImageCompleter
    from genmodels_ros.pipelines.camera.object_removal import remove_object

    image, mask = decode(args.image.read_bytes()), decode(args.mask.read_bytes(), as_labels=True)
    completer = ImageCompleter.from_checkpoint(args.checkpoint, device=args.device, mark=args.mark)
    if args.remove is None:
        completed, labels = completer.complete(image, mask != 0, seed=args.seed), None
    else:
        scene = remove_object(completer, image, mask, args.remove, unlabelled=args.unlabelled, seed=args.seed)
        completed, labels = scene.completed, scene.labels
    facts = {"source": str(args.image), **completer.provenance(completed)}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(encode_synthetic_png(completed.image, facts))
    if labels is not None:
        path = args.out.with_name(f"{args.out.stem}_labels.png")
        path.write_bytes(encode_labels(labels))
        facts = {"labels": path.name, **facts}
    args.out.with_suffix(".json").write_text(json.dumps({"image": args.out.name, **facts}, indent=2) + "\n")
    print(f"{completed.repainted} of {mask.size} pixels painted over, written to {args.out}")
