"""`genmodels ik`: joint configurations that put an arm's tool at a pose."""

import json

from genmodels_ros.cli.options import add_checkpoint, add_common, positive

POSE = ("X", "Y", "Z", "QX", "QY", "QZ", "QW")


def add(commands) -> None:
    parser = commands.add_parser("ik", help="joint solutions for a tool pose")
    parser.add_argument(
        "--pose",
        type=float,
        nargs=7,
        required=True,
        metavar=POSE,
        help="of the tool in the base frame, m and quaternion",
    )
    parser.add_argument("--count", type=positive, default=8, help="at most (default: %(default)s)")
    parser.add_argument("--robot", default="panda", help="one with a checkpoint (default: %(default)s)")
    parser.add_argument("--self-collision", action="store_true", help="leave out what touches itself")
    add_checkpoint(parser)
    add_common(parser, _solve, table=True)


def _solve(args):
    from genmodels_ros.device import generator
    from genmodels_ros.pipelines.arm.learned_inverse_kinematics import LearnedInverseKinematics, pose_matrix

    ik = LearnedInverseKinematics.from_checkpoint(args.checkpoint, robot=args.robot)
    solutions = ik.solve(
        pose_matrix(args.pose[:3], args.pose[3:]),
        args.count,
        rng=generator(args.seed),
        checker=ik.self_collision_checker() if args.self_collision else None,
    )
    if args.json:
        print(json.dumps({"joint_names": ik.robot.joint_names, "solutions": solutions.tolist()}))
        return
    print("  ".join(ik.robot.joint_names))
    for q in solutions:
        print("  ".join(f"{value:{len(name)}.4f}" for name, value in zip(ik.robot.joint_names, q, strict=True)))
