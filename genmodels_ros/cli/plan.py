"""`genmodels plan`: arm planning problems from a JSON file."""

import json
from pathlib import Path

from genmodels_ros.cli.options import add_checkpoint, add_common, positive


def add(commands) -> None:
    parser = commands.add_parser("plan", help="solve arm planning problems from a JSON file")
    parser.add_argument("problems", type=Path, help="list of problems, JSON")
    parser.add_argument("--out", type=Path, required=True, help="where the results go, JSON")
    parser.add_argument("--robot", default="panda")
    add_checkpoint(parser)
    parser.add_argument("--prior", type=Path, help="checkpoint of a family over the arm's paths, to draw from first")
    parser.add_argument("--samples", type=positive, default=16, help="drawn a problem (default: %(default)s)")
    parser.add_argument("--no-fallback", action="store_true", help="answer with the model's own trajectories only")
    parser.add_argument("--all-candidates", action="store_true", help="write every verified trajectory, ranked")
    parser.add_argument("--time-limit", type=float, default=10.0, help="seconds a problem (default: %(default)s)")
    add_common(parser, _plan)


def _plan(args):
    from tqdm import tqdm

    from genmodels_ros.data.problems import load_problems, result_to_json
    from genmodels_ros.pipelines.arm.trajectory_generation import TrajectoryGenerator, TrajectoryQuery

    problems = load_problems(args.problems)
    generator = TrajectoryGenerator.from_checkpoint(
        args.checkpoint, robot=args.robot, device=args.device, prior=args.prior
    )
    results = []
    for problem in tqdm(problems, unit="problem", disable=None):
        query = TrajectoryQuery.from_problem(
            problem,
            num_samples=args.samples,
            seed=args.seed,
            time_limit=args.time_limit,
            allow_fallback=not args.no_fallback,
        )
        results.append(result_to_json(problem, generator.generate(query), all_candidates=args.all_candidates))
    args.out.write_text(json.dumps(results))
    solved = sum(result["status"] == "success" for result in results)
    print(f"{solved} of {len(results)} solved, written to {args.out}")
