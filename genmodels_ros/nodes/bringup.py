"""Any subset of the nodes in one process: one executor, one copy of torch, one CUDA context.

    bringup --nodes trajectory_generator,world_model --ros-args --params-file demo.yaml -r world_model:__node:=second

Remappings meant for one node carry its name in front, as in any ROS 2 process of several nodes.
"""

import argparse
import sys
from importlib import import_module

from rclpy.parameter import Parameter as RosParameter
from rclpy.utilities import remove_ros_args

from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.process import spin

NODES = {  # name: module and class, below nodes/
    "trajectory_generator": "arm.trajectory_generator.TrajectoryGeneratorNode",
    "world_model": "mobile.world_model.WorldModelNode",
    "local_planner": "mobile.local_planner.LocalPlannerNode",
    "image_augmenter": "camera.image_augmenter.ImageAugmenterNode",
    "anomaly_detector": "stream.anomaly_detector.AnomalyDetectorNode",
    "simulation": "simulation.simulation.SimulationNode",
    "world_description": "simulation.world_description.WorldDescriptionNode",
}

EVERYTHING = [name for name in NODES if name != "world_description"]  # which says what simulation says


def make_nodes(names: list[str], autostart: bool) -> list[ManagedNode]:
    """The nodes by name; modules are imported here, so that a process loads only what it runs."""
    overrides = [RosParameter("autostart", value=True)] if autostart else []
    return [node_class(name)(parameter_overrides=overrides) for name in names]


def node_class(name: str) -> type[ManagedNode]:
    """The class of the node of this name."""
    module, _, class_name = NODES[name].rpartition(".")
    return getattr(import_module(f"genmodels_ros.nodes.{module}"), class_name)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments that are not for ROS."""
    parser = argparse.ArgumentParser(prog="bringup", description=__doc__.splitlines()[0])
    known = f"any of {','.join(NODES)} (default: all but world_description)"
    parser.add_argument("--nodes", type=_names, default=EVERYTHING, help=known)
    parser.add_argument("--no-autostart", action="store_true", help="wait for somebody else to configure and activate")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in NODES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown node {unknown}: choose from {', '.join(NODES)}")
    return names


def main(args: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = sys.argv if args is None else args
    choice = parse(remove_ros_args(args)[1:])
    return spin(lambda: make_nodes(choice.nodes, not choice.no_autostart), args)


if __name__ == "__main__":
    sys.exit(main())
