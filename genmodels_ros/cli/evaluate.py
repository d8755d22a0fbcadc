"""`genmodels evaluate`: a model measured on a recording, or by what it learns from one."""

from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, positive, print_tables


def add(commands) -> None:
    parser = commands.add_parser("evaluate", help="measure a model on a recording")
    models = parser.add_subparsers(required=True, metavar="MODEL")
    world_model = models.add_parser("world-model", help="prediction error by horizon beside the baselines")
    world_model.add_argument("--recording", type=Path, required=True, help="rosbag2 folder, CARMEN log or Donkey tub")
    add_checkpoint(world_model)
    world_model.add_argument("--context", type=positive, default=10, help="scans seen first (default: %(default)s)")
    world_model.add_argument("--dump", type=Path, help="write truth and predictions to this .npz")
    add_common(world_model, _world_model, table=True)
    adaptation = models.add_parser("adaptation", help="what the world model gains from a robot's own minutes")
    add_checkpoint(adaptation)
    adaptation.add_argument("--robots", type=positive, default=3, help="of each kind (default: %(default)s)")
    adaptation.add_argument("--rows", type=positive, default=3000, help="of 0.2 s in a log (default: %(default)s)")
    add_common(adaptation, _adaptation, table=True)


def _world_model(args):
    from genmodels_ros.evaluation.world_model.recordings import evaluate_recording

    tables = evaluate_recording(
        args.recording,
        context=args.context,
        checkpoint=args.checkpoint,
        device=args.device,
        seed=args.seed,
        dump=args.dump,
    )
    print_tables(tables, args.json)


def _adaptation(args):
    from genmodels_ros.evaluation.world_model.adaptation import bench_adaptation
    from genmodels_ros.pipelines.mobile.world_model import WorldModel
    from genmodels_ros.training.mobile.fine_tuning import FineTuning, adapt

    def adapted(model, episodes):
        better, result = adapt(model, episodes, FineTuning(seed=args.seed))
        return better, (result.error_before, result.error_after, result.windows)

    world = WorldModel.from_checkpoint(args.checkpoint, device=args.device)
    print_tables([bench_adaptation(world, adapted, seed=args.seed, floors=args.robots, rows=args.rows)], args.json)
