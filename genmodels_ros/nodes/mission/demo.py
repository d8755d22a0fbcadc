"""The demo: simulation and model nodes in their own processes, planner clients here, a table at the end.

`python -m genmodels_ros.nodes.mission.demo --out FOLDER` starts everything; with `--attach` the nodes are
already running (as under `ros2 launch`). Exit code 0 only if every step held.
"""

import argparse
import json
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import rclpy

from genmodels_ros.evaluation.tables import Table
from genmodels_ros.nodes.mission.client import MissionFailure, Step
from genmodels_ros.nodes.mission.mission import MODELS, Mission
from genmodels_ros.nodes.mission.processes import Processes
from genmodels_ros.nodes.process import Executor

CONFIG = Path(__file__).resolve().parents[3] / "config"


def main(arguments: list[str] | None = None) -> int:
    """Entry point; the exit code says whether every step held."""
    args = _parse(rclpy.utilities.remove_ros_args(arguments if arguments is not None else sys.argv)[1:])
    args.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stop_simulation = None
        if not args.attach:
            processes = stack.enter_context(Processes(args.out))
            _start_nodes(processes, args.params_file)
            stop_simulation = partial(processes.stop, "simulation")
        rclpy.init(args=arguments)
        stack.callback(rclpy.try_shutdown)
        mission = Mission(args.out, stop_simulation, args.contacts)
        executor = Executor()
        for node in mission.nodes:
            executor.add_node(node)
        spinner = threading.Thread(target=executor.spin, daemon=True)
        spinner.start()
        stack.callback(spinner.join, 5.0)
        stack.callback(executor.shutdown)
        try:
            steps = run_steps(mission.steps(real=args.real))
        finally:
            mission.close()
    return report(steps, args.out)


def _parse(arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo_output"), help="folder for pictures and the recording")
    parser.add_argument("--real", type=Path, help="folder of real recordings: play a lidar log and a camera tub, too")
    parser.add_argument("--no-contacts", dest="contacts", action="store_false", help="nobody counts contacts: Gazebo")
    parser.add_argument("--attach", action="store_true", help="use nodes that are already running")
    parser.add_argument("--params-file", type=Path, default=CONFIG / "demo.yaml", help="parameters of all nodes")
    return parser.parse_args(arguments)


def _start_nodes(processes: Processes, params_file: Path):
    ros_arguments = ("--ros-args", "--params-file", str(params_file))
    for name in ("simulation", *MODELS):  # a process each: Python runs one thread of a process at a time
        processes.start(name, "genmodels_ros.nodes.bringup", "--nodes", name, *ros_arguments)


def run_steps(steps) -> list[Step]:
    """Runs (name, function) pairs in order and says how each went; a step that failed does not stop the others."""
    outcomes = []
    for name, run in steps:
        print(f"… {name}", flush=True)
        started = time.monotonic()
        try:
            held, detail = True, run()
        except MissionFailure as failure:
            held, detail = False, str(failure)
        outcomes.append(Step(name, held, detail, time.monotonic() - started))
        print(f"{'✓' if held else '✗'} {name}: {detail}", flush=True)
    return outcomes


def report(steps: list[Step], out: Path) -> int:
    """Prints and writes the summary; 0 if every step held."""
    rows = tuple(("✓" if step.held else "✗", step.name, step.detail, f"{step.seconds:.1f}") for step in steps)
    table = Table("Demo", ("", "step", "what happened", "s"), rows)
    (out / "summary.json").write_text(json.dumps(table.as_dict(), indent=2, ensure_ascii=False) + "\n")
    print(f"\n{table.markdown()}\n\nPictures, recording and logs: {out}/")
    return 0 if steps and all(step.held for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())
