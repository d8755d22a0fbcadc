"""`genmodels augment`: labelled synthetic variants of images."""

from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, positive


def add(commands) -> None:
    parser = commands.add_parser("augment", help="make labelled synthetic variants of images")
    parser.add_argument("source", type=Path, metavar="IN", help="folder of images, rosbag2 folder or Donkey tub")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for PNG images, labels and JSON sidecars")
    parser.add_argument("--count", type=positive, default=4, help="variants an image (default: %(default)s)")
    parser.add_argument("--style", default="random", help="a style of the model or 'random' (default: %(default)s)")
    parser.add_argument("--labels", type=Path, help="folder of label images of the same names")
    add_checkpoint(parser)
    add_common(parser, _augment)


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
