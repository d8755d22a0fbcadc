"""`genmodels synthesize`: pictures, and their masks, out of nothing but a seed."""

from pathlib import Path

from genmodels_ros.cli.options import add_common, positive


def add(commands) -> None:
    parser = commands.add_parser("synthesize", help="make labelled pictures from nothing, by a model you trained")
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="folder that 'train synthesis' wrote")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for PNG images, labels and JSON sidecars")
    parser.add_argument("--count", type=positive, default=64, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--truncation", type=float, default=1.0, help="below 1: more usual, less varied (default: %(default)s)"
    )
    parser.add_argument("--no-mark", action="store_true", help="leave out the invisible mark")
    add_common(parser, _synthesize)


def _synthesize(args):
    from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer
    from genmodels_ros.pipelines.camera.synthesize_folder import synthesize_folder

    synthesizer = ImageSynthesizer.from_checkpoint(args.checkpoint, device=args.device, mark=not args.no_mark)
    count = synthesize_folder(synthesizer, args.out, count=args.count, seed=args.seed, truncation=args.truncation)
    print(f"{count} pictures in {args.out}")
