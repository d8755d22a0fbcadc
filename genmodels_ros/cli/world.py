"""`genmodels world`: the simulated worlds as files, for Gazebo (SDF) or MuJoCo (MJCF), and the robot in them (URDF)."""

from pathlib import Path

from genmodels_ros.cli.options import module
from genmodels_ros.errors import ErrorCode, GenModelsError

NAMES = ("arm_cell", "floor", "both")
FORMATS = ("sdf", "mjcf", "urdf")


def add(commands) -> None:
    parser = commands.add_parser("world", help="write a simulated world as SDF or MJCF, or its robot as URDF")
    parser.add_argument("name", choices=NAMES, help="which world")
    parser.add_argument("--format", choices=FORMATS, default="sdf", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="file to write; SDF puts people's figures in meshes/")
    parser.add_argument("--floor-seed", type=int, default=-1, help="a random floor; -1: the demo's (default)")
    parser.add_argument(
        "--no-arm", dest="arm", action="store_false", help="SDF: leave the arm out, to be spawned with ros2_control"
    )
    parser.add_argument(
        "--robots", default="", help="names of several mobile bases, separated by commas (default: one without a name)"
    )
    parser.set_defaults(run=_world)


def _world(args):
    catalogue = module("genmodels_ros.simulation.catalogue")
    bases = tuple(args.robots.split(","))
    description = catalogue.describe_world(args.name, args.floor_seed, camera=args.format != "mjcf", bases=bases)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if args.format == "mjcf":
        spec = module("genmodels_ros.simulation.mjcf").build_spec(description)
        spec.compile()
        args.out.write_text(spec.to_xml())
    elif args.format == "urdf":
        args.out.write_text(_urdf(description))
    else:
        sdf = module("genmodels_ros.simulation.gazebo.world")
        starts = catalogue.start_poses(description, args.floor_seed)
        sdf.write_world(sdf.build_sdf(description, args.name, starts, args.arm), description, args.out)
    print(f"written to {args.out}")


def _urdf(description) -> str:
    urdf = module("genmodels_ros.simulation.gazebo.robot_urdf")
    if description.floor is None:
        return urdf.arm_urdf(description.arm_cell)
    if description.arm_cell is None:
        return urdf.base_urdf(description)
    raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, "Two robots are two URDFs: ask for arm_cell, then for floor.")
