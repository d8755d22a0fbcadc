"""`genmodels skill`: a motion learnt from a few demonstrations, and played through via-points."""

import argparse
import json
from pathlib import Path

from genmodels_ros.errors import ErrorCode, GenModelsError


def add(commands) -> None:
    verbs = commands.add_parser("skill", help="learn a motion from a few demonstrations, play it through via-points")
    verbs = verbs.add_subparsers(required=True, metavar="VERB")
    learn = verbs.add_parser("learn", help="from 3 to 100 demonstrations")
    learn.add_argument(
        "demonstrations", type=Path, nargs="+", help=".npz of arrays [T, D] rad or [T, 3] m; rosbag2 folders"
    )
    learn.add_argument("--out", type=Path, required=True, help="the skill, .npz")
    learn.add_argument("--robot", default="panda", help="a shipped arm or a YAML file (default: %(default)s)")
    learn.set_defaults(run=_learn)
    play = verbs.add_parser("play", help="a verified trajectory of a skill")
    play.add_argument("skill", type=Path)
    play.add_argument(
        "--via", type=via, action="append", default=[], metavar="[PHASE:]X,Y,Z", help="tool position, m; repeatable"
    )
    play.add_argument(
        "--via-joints", type=via, action="append", default=[], metavar="[PHASE:]Q1,...", help="rad; repeatable"
    )
    play.add_argument("--start", type=numbers, metavar="Q1,...", help="rad (default: the demonstrations' mean)")
    play.add_argument("--goal", type=numbers, metavar="Q1,...", help="rad (default: the demonstrations' mean)")
    play.add_argument("--scene", type=Path, help="file of planning problems, JSON: the obstacles of its first")
    play.add_argument("--speed", type=float, default=1.0, help="share of the velocity limits (default: %(default)s)")
    play.add_argument("--out", type=Path, required=True, help="the trajectory, JSON as of `genmodels plan`")
    play.set_defaults(run=_play)


def numbers(text: str) -> list[float]:
    try:
        return [float(value) for value in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"needs numbers with commas between, got {text!r}") from None


def via(text: str) -> tuple[float | None, list[float]]:
    """[PHASE:]numbers."""
    phase, colon, rest = text.rpartition(":")
    values = numbers(rest)
    return (numbers(phase)[0] if colon else None), values


def _learn(args):
    from genmodels_ros.data.demonstrations import read_demonstrations
    from genmodels_ros.pipelines.arm.movement_primitive import MovementPrimitive
    from genmodels_ros.pipelines.arm.skills import PHASES, SkillPlayer
    from genmodels_ros.pipelines.arm.tool_paths import joint_paths
    from genmodels_ros.robots.description import load_robot

    robot = load_robot(args.robot)
    demonstrations = read_demonstrations(args.demonstrations, robot.joint_names)
    if robot.num_joints != 3 and all(path.shape[1] == 3 for path in demonstrations):
        demonstrations = joint_paths(robot, demonstrations)
    skill = MovementPrimitive.learn(demonstrations, args.robot)
    mean, spread = SkillPlayer(skill, robot).tool_spread()
    skill.save(args.out)
    print(f"{len(demonstrations)} demonstrations learnt, written to {args.out}; their tool:")
    print("phase       x       y       z  spread [m]")
    for index in range(0, len(PHASES), 10):
        print(f"{PHASES[index]:5.2f}", *(f"{value:7.3f}" for value in mean[index]), f"{spread[index]:10.4f}")


def _play(args):
    from genmodels_ros.data.problems import load_problems, trajectory_to_json
    from genmodels_ros.pipelines.arm.movement_primitive import MovementPrimitive
    from genmodels_ros.pipelines.arm.skills import SkillPlayer, ViaPoint
    from genmodels_ros.robots.description import load_robot

    skill = MovementPrimitive.load(args.skill)
    problems = [] if args.scene is None else load_problems(args.scene)
    if args.scene is not None and not problems:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"{args.scene} holds no problem whose obstacles could be taken.")
    points = [ViaPoint(tool=values, phase=phase) for phase, values in args.via]
    points += [ViaPoint(joints=values, phase=phase) for phase, values in args.via_joints]
    done = SkillPlayer(skill, load_robot(skill.robot)).play(
        points,
        start=args.start,
        goal=args.goal,
        scene=problems[0].scene if problems else None,
        velocity_scaling=args.speed,
    )
    for warning in done.warnings:
        print(warning)
    if done.candidate is None:
        raise GenModelsError(done.code, done.message)
    args.out.write_text(json.dumps(trajectory_to_json(done.candidate.trajectory)))
    print(f"{done.candidate.duration:.2f} s, verified, written to {args.out}")
