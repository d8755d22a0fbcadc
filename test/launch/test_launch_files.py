"""Launch files, executables, parameter files and nodes agree; proved without launch, which PyPI does not have."""

import re
import xml.etree.ElementTree as ElementTree
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import genmodels_ros
from genmodels_ros.nodes.bringup import NODES, node_class

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
LAUNCH_FILES = sorted((ROOT / "launch").glob("*.launch.py"))
CONFIG_FILES = sorted((ROOT / "config").glob("*.yaml"))
COMMON = {"namespace", "use_sim_time", "params_file", "device", "log_level", "rviz"}


def executables() -> set[str]:
    (names,) = re.findall(r"^NODES = \([^\n]*(.*?)^\)$", (ROOT / "setup.py").read_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r'"(?:\w+\.)*(\w+)"', names))


def table_of(name: str) -> dict:
    return {parameter.name: parameter for parameter in node_class(name).PARAMETERS}


def arguments_of(description, walk) -> dict:
    return {thing.args[0]: thing for thing in walk(description) if thing.kind == "DeclareLaunchArgument"}


def nodes_of(things) -> list:
    return [thing for thing in things if thing.kind in ("Node", "LifecycleNode")]


def test_there_is_a_launch_file_for_every_node():
    names = {path.name.removesuffix(".launch.py") for path in LAUNCH_FILES}
    assert names == {*NODES, "bringup", "demo", "sim_arm", "sim_mobile"}


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_arguments_are_described(path, recorded_launch, load_launch_file):
    arguments = arguments_of(load_launch_file(path).generate_launch_description(), recorded_launch)
    assert arguments.keys() >= COMMON
    for name, argument in arguments.items():
        assert len(argument.kwargs["description"]) > 10, name
        if argument.kwargs.get("default_value") in ("true", "false"):
            assert argument.kwargs["choices"] == ["true", "false"], name


@pytest.mark.parametrize("composed", ["true", "false"])
@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_what_is_started_exists(path, composed, carried_out, load_launch_file):
    nodes = nodes_of(carried_out(load_launch_file(path).generate_launch_description(), composed=composed))
    ours = [node for node in nodes if node.kwargs["package"] == "genmodels_ros"]
    assert ours and {node.kwargs["executable"] for node in ours} <= executables()
    for node in ours:
        if node.kwargs["executable"] == "bringup":
            assert set(node.kwargs["arguments"][1].split(",")) <= NODES.keys()
        if "parameters" in node.kwargs:
            file, overrides = node.kwargs["parameters"]
            assert file == "params.yaml" and overrides["use_sim_time"] is True and overrides["device"] == "cpu"
            names = [node.kwargs["executable"], *",".join(node.kwargs.get("arguments", ())).split(",")]
            runs_simulation = "simulation" in names
            assert overrides.get("publish_clock", False) == runs_simulation, "who simulates gives the time"


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_a_namespace_has_transforms_of_its_own(path, carried_out, load_launch_file):
    """As in Nav2's launch files: /tf becomes the namespace's, and stays itself where there is none."""
    for node in nodes_of(carried_out(load_launch_file(path).generate_launch_description(), namespace="left")):
        ours = node.kwargs["package"] == "genmodels_ros" and node.kwargs["executable"] != "demo"  # which reads none
        if ours or node.kwargs["package"] == "rviz2":
            assert {("/tf", "tf"), ("/tf_static", "tf_static")} <= set(node.kwargs["remappings"]), node.kwargs


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_files_exist(path, carried_out, load_launch_file):
    joined = [
        thing.args[0][1:]
        for thing in carried_out(load_launch_file(path).generate_launch_description())
        if thing.kind == "PathJoinSubstitution"
    ]
    assert joined
    for parts in joined:
        assert ROOT.joinpath(*parts).is_file(), parts


def test_a_device_is_only_passed_on_when_asked_for(carried_out, load_launch_file):
    description = load_launch_file(ROOT / "launch" / "world_model.launch.py").generate_launch_description()
    (node,) = [node for node in carried_out(description, device="") if node.kind == "LifecycleNode"]
    assert node.kwargs["parameters"][1] == {"use_sim_time": True}


def test_lifecycle_nodes_are_driven_by_events(recorded_launch, load_launch_file):
    from lifecycle_msgs.msg import Transition

    launching = import_module("genmodels_ros.nodes.launching.shared")
    entities = list(recorded_launch(launching.lifecycle_nodes(dict.fromkeys(COMMON, "true"), ["world_model"])))
    transitions = [entity.kwargs["transition_id"] for entity in entities if entity.kind == "ChangeState"]
    assert sorted(transitions) == [Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE]
    assert {"OnProcessStart", "OnStateTransition"} <= {entity.kind for entity in entities}
    assert not any("Timer" in entity.kind for entity in entities)


@pytest.mark.parametrize("path", CONFIG_FILES, ids=lambda path: path.name)
def test_parameter_files_name_what_the_nodes_declare_and_allow(path):
    for key, section in yaml.safe_load(path.read_text()).items():
        name = key.removeprefix("/**/")
        assert key.startswith("/**/") and name in NODES, "keyed by node, in any namespace"
        table = table_of(name)
        for parameter, value in section["ros__parameters"].items():
            assert parameter in table, f"{path.name}: {name} has no parameter {parameter}"
            row = table[parameter]
            assert type(value) is type(row.default), f"{path.name}: {parameter} should be {type(row.default)}"
            assert not row.refusal(value), row.refusal(value)


@pytest.mark.parametrize("name", NODES)
def test_every_parameter_is_described_and_its_default_allowed(name):
    for parameter in table_of(name).values():
        assert len(parameter.description) >= 8, parameter.name
        assert not parameter.refusal(parameter.default), parameter.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", parameter.name)
        if isinstance(parameter.default, float):
            assert parameter.range, f"{parameter.name} needs a range"


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.xml")), ids=lambda path: path.name)
def test_launch_files_in_xml_include_ours_and_set_arguments_that_they_have(path, recorded_launch, load_launch_file):
    root = ElementTree.parse(path).getroot()
    assert all(len(argument.get("description")) > 10 for argument in root.findall("arg"))
    includes = list(root.iter("include"))
    assert includes
    for include in includes:
        file = ROOT / include.get("file").removeprefix("$(find-pkg-share genmodels_ros)/")
        known = arguments_of(load_launch_file(file).generate_launch_description(), recorded_launch)
        for argument in include.findall("arg"):
            choices = known[argument.get("name")].kwargs.get("choices", [argument.get("value")])
            assert argument.get("value") in choices or argument.get("value").startswith("$(var")
