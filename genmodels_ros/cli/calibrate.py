"""`genmodels calibrate`: thresholds with a known rate of false alarms."""

from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, positive, print_tables


def add(commands) -> None:
    models = commands.add_parser(
        "calibrate", help="count false alarms, so that a score has a threshold"
    ).add_subparsers(required=True, metavar="MODEL")
    parser = models.add_parser("world-model", help="surprise, on driving with nothing wrong")
    add_checkpoint(parser)
    parser.add_argument("--hours", type=float, default=4.0, help="of simulated driving (default: %(default)s)")
    parser.add_argument("--recording", type=Path, help="drive of your own robot, nothing wrong with it, instead")
    add_common(parser, _world_model, table=True)
    parser = models.add_parser("augmenter", help="the quality gate, on pictures that are faithful and on spoilt ones")
    add_checkpoint(parser)
    parser.add_argument("--frames", type=positive, default=384, help="simulated (default: %(default)s)")
    add_common(parser, _augmenter, table=True)


def _world_model(args):
    from genmodels_ros.evaluation.world_model.anomaly_calibration import calibrate

    table = calibrate(args.checkpoint, hours=args.hours, seed=args.seed, device=args.device, recording=args.recording)
    print_tables([table], args.json)


def _augmenter(args):
    from genmodels_ros.evaluation.augmenter.gate_calibration import calibrate

    print_tables([calibrate(args.checkpoint, frames=args.frames, seed=args.seed)], args.json)
