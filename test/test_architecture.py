"""The arrows of docs/architecture.md, read from the imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import genmodels_ros

PACKAGE = Path(genmodels_ros.__file__).parent
ROOMS = {
    "cli": {"evaluation", "training", "pipelines", "models", "data", "simulation", "robots"},
    "nodes": {"conversions", "pipelines", "training", "simulation", "data", "robots", "models", "evaluation"},
    "conversions": {"robots", "pipelines", "data"},
    "evaluation": {"training", "pipelines", "models", "sampling", "data", "simulation", "robots"},
    "training": {"pipelines", "models", "sampling", "data", "simulation", "robots"},
    "pipelines": {"models", "sampling", "robots", "data"},
    "simulation": {"robots", "data"},
    "models": {"sampling"},
    "data": {"robots"},
    "sampling": set(),
    "robots": set(),
}
FOLDERED = ("nodes", "evaluation", "simulation", "pipelines", "training", "robots")
# Folder of a room: those beside it that it may import; any other imports itself and the room's top.
NEIGHBOURS = {
    "nodes/camera": {"mission"},
    "evaluation/families": {"distribution"},
    "evaluation/gan_objectives": {"distribution"},
    "evaluation/augmenter": {"distribution"},
    "evaluation/agents": {"world_model"},
    "simulation/arm": {"camera"},
    "simulation/camera": {"floor"},
    "simulation/floor": {"camera"},
    "simulation/gazebo": {"arm", "floor"},
    "simulation/track": {"camera"},
    "robots/paths": {"collision"},
    "robots/setup": {"collision"},
}
JOINED_AT_THE_TOP = {"simulation"}  # whose top puts the folders together; elsewhere they stand on it
EVERYWHERE = {"errors", "device", "__init__"}
ROS = {"rclpy", "launch", "launch_ros", "ament_index_python", "rcl_interfaces", "builtin_interfaces", "rosgraph_msgs"}
ROS_ROOMS = {"nodes", "conversions"}
# What a machine that only trains does not have.
GEOMETRY = {"pinocchio", "coal", "ompl", "mujoco"}
GEOMETRY_FREE = {"sampling", "models", "training", "errors.py", "device.py"}


def imports_of(path: Path):
    """Absolute module names imported anywhere in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def sources(room: str):
    return sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_downwards(room):
    allowed = ROOMS[room] | EVERYWHERE | {room}
    for path in sources(room):
        for module in imports_of(path):
            parts = module.split(".")
            if parts[0] == "genmodels_ros" and len(parts) > 1:
                assert parts[1] in allowed, f"{path.name} imports {module}, which {room} must not know"


def folders(room: str) -> set[str]:
    return {path.parent.name for path in (PACKAGE / room).glob("*/__init__.py")}


@pytest.mark.parametrize("room", FOLDERED)
def test_folders_of_a_room_keep_to_themselves(room):
    for path in sources(room):
        folder = path.relative_to(PACKAGE / room).parts[0]
        if room in JOINED_AT_THE_TOP and folder == path.name:
            continue
        foreign = folders(room) - {folder} - NEIGHBOURS.get(f"{room}/{folder}", set())
        for module in imports_of(path):
            parts = module.split(".")
            assert parts[:2] != ["genmodels_ros", room] or not foreign & {*parts[2:3]}, f"{path} imports {module}"


@pytest.mark.parametrize("room", FOLDERED)
def test_the_page_says_what_belongs_in_each_folder(room):
    table = (
        (PACKAGE.parent / "docs" / "architecture.md")
        .read_text()
        .split(f"| {room}/ | what belongs there")[1]
        .split("\n\n")[0]
    )
    for folder in folders(room):
        imports = ", ".join(sorted(NEIGHBOURS.get(f"{room}/{folder}", set())))
        assert re.search(rf"^\| {folder}/ \| .+ \| ?{imports} ?\|$", table, re.MULTILINE), folder


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_ros_stays_in_nodes_and_conversions(path):
    room = path.relative_to(PACKAGE).parts[0]
    if room in ROS_ROOMS:
        return
    for module in imports_of(path):
        top = module.split(".")[0]
        assert top not in ROS and not top.endswith(("_msgs", "_interfaces", "_srvs")), f"{path} imports {module}"


@pytest.mark.parametrize("room", sorted(GEOMETRY_FREE))
def test_networks_need_torch_and_numpy_only(room):
    for path in sources(room) or [PACKAGE / room]:
        found = GEOMETRY & {module.split(".")[0] for module in imports_of(path)}
        assert not found, f"{path} imports {found}"


def test_pipelines_leave_ros_out_of_the_process():
    modules = [
        f"genmodels_ros.{path.relative_to(PACKAGE).with_suffix('').as_posix().replace('/', '.')}"
        for path in sources("pipelines")
        if path.name != "__init__.py"
    ]
    code = f"import sys, {', '.join(modules)}; sys.exit('rclpy' in sys.modules)"
    assert modules and subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_room_is_known():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert rooms - {"checkpoints"} == set(ROOMS)
