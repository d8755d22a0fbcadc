"""The same robots in MuJoCo and in Gazebo: what sim_arm, sim_mobile and demo start, and what they say is missing."""

import xml.etree.ElementTree as ElementTree
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import genmodels_ros
from genmodels_ros.nodes.launching.optional_packages import install_line

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
TREE = ("tf2_ros", "robot_state_publisher")
ALL = (
    "ros_gz_sim", "ros_gz_bridge", "gz_ros2_control", *TREE,
    "moveit_ros_move_group", "moveit_configs_utils", "moveit_resources_panda_moveit_config",
)  # fmt: skip
CLOCKLESS = ("rviz2", "create", "spawner", "demo")  # take time from nowhere, or from who started them
FILES = {"sim_arm": "arm_cell", "sim_mobile": "floor", "demo": "both"}


@pytest.fixture
def start(carried_out, load_launch_file, monkeypatch, tmp_path):
    """start(launch file, packages that are lacking, choices) → everything it comes to."""
    monkeypatch.setenv("ROS_HOME", str(tmp_path))

    def carry_out(name: str, lacking=(), **choices):
        module = load_launch_file(ROOT / "launch" / f"{name}.launch.py")
        for user in ("simulators", "transforms", "move_group"):
            launching = import_module(f"genmodels_ros.nodes.launching.{user}")
            monkeypatch.setattr(launching, "missing", lambda names: [n for n in names if n in lacking])
        for user in ("simulators", "transforms"):
            launching = import_module(f"genmodels_ros.nodes.launching.{user}")
            monkeypatch.setattr(launching, "get_package_share_directory", lambda package: str(ROOT))
        choices = {"world": FILES[name], "out": "out", "use_sim_time": "auto"} | choices
        return carried_out(module.generate_launch_description(), **choices)

    return carry_out


def nodes(things, package: str | None = None) -> list:
    found = [thing for thing in things if thing.kind in ("Node", "LifecycleNode")]
    return [node for node in found if package is None or node.kwargs["package"] == package]


def logged(things) -> list[str]:
    return [thing.kwargs["msg"] for thing in things if thing.kind == "LogInfo" and "waits" not in thing.kwargs["msg"]]


def world_of(things) -> ElementTree.Element:
    """The world that Gazebo is told to load."""
    (include,) = (t for t in things if t.kind == "IncludeLaunchDescription")
    arguments = dict(include.kwargs["launch_arguments"])
    assert arguments["on_exit_shutdown"] == "true"
    return ElementTree.parse(arguments["gz_args"].split("'")[1]).find("world")


def bridges(things) -> set[str]:
    files = [node.kwargs["parameters"][0]["config_file"] for node in nodes(things, "ros_gz_bridge")]
    return {file.args[0][-1] for file in files}


@pytest.mark.parametrize("name", FILES)
def test_mujoco_runs_the_world_that_was_asked_for(name, start):
    things = start(name, sim="mujoco", floor_seed="-1")
    (simulation,) = (n for n in nodes(things) if n.kwargs.get("executable") == "simulation")
    _, overrides = simulation.kwargs["parameters"]
    assert overrides["world"] == FILES[name] and overrides["floor.seed"] == -1
    assert overrides["use_sim_time"] is False and "publish_clock" not in overrides, "by the wall clock, unless asked"
    assert not nodes(things, "ros_gz_bridge")


@pytest.mark.parametrize("name", FILES)
def test_gazebo_runs_it_with_the_same_nodes_beside_it(name, start):
    things = {sim: start(name, sim=sim) for sim in ("mujoco", "gazebo")}
    ours = {
        sim: {n.kwargs["executable"] for n in nodes(things[sim], "genmodels_ros")} - {"simulation", "world_description"}
        for sim in things
    }
    assert ours["mujoco"] == ours["gazebo"]
    trees = {sim: sorted(n.kwargs["name"] for n in nodes(things[sim]) if n.kwargs["package"] in TREE) for sim in things}
    assert trees["mujoco"] == trees["gazebo"] and trees["gazebo"]
    assert world_of(things["gazebo"]).get("name") == FILES[name]
    for node in nodes(things["gazebo"]):
        if node.kwargs["executable"] in CLOCKLESS:
            continue
        assert node.kwargs["parameters"][-1]["use_sim_time"] is True, node.kwargs["executable"]
    (told,) = (n for n in nodes(things["gazebo"]) if n.kwargs["executable"] == "world_description")
    assert told.kwargs["parameters"][1]["world"] == FILES[name]


def test_bridges_are_those_of_the_robots_in_the_world(start):
    clock, mobile, cameras = "bridge_clock.yaml", "bridge_mobile.yaml", "bridge_arm_cameras.yaml"
    assert bridges(start("sim_mobile", sim="gazebo")) == {clock, mobile}
    assert bridges(start("sim_arm", sim="gazebo")) == {clock, cameras}, "ros2_control is there"
    assert bridges(start("sim_arm", sim="gazebo", control="gazebo")) == {clock, cameras, "bridge_arm.yaml"}
    assert bridges(start("sim_arm", sim="gazebo", world="both")) == {clock, cameras, mobile}
    for file in (clock, mobile, cameras, "bridge_arm.yaml"):
        assert (ROOT / "config" / "gazebo" / file).is_file()


def test_ros2_control_spawns_the_arm_then_its_controllers(start):
    things = start("sim_arm", sim="gazebo", control="ros2_control", namespace="left")
    assert world_of(things).find("model[@name='panda']") is None
    (create,), (spawner,) = nodes(things, "ros_gz_sim"), nodes(things, "controller_manager")
    assert create.kwargs["arguments"] == ["-world", "arm_cell", "-topic", "robot_description", "-name", "panda"]
    assert spawner.kwargs["arguments"][:2] == ["joint_state_broadcaster", "joint_trajectory_controller"]
    (handler,) = (t for t in things if t.kind == "OnProcessExit")
    assert handler.kwargs["target_action"] is create and handler.kwargs["on_exit"] == [spawner]
    (publisher,) = nodes(things, "robot_state_publisher")
    urdf = publisher.kwargs["parameters"][0]["robot_description"].args[0]
    assert "GazeboSimSystem" in urdf and ">/left<" in urdf
    file = ElementTree.fromstring(urdf).findtext("gazebo/plugin/parameters")
    assert Path(file).is_file()


def test_without_ros2_control_gazebo_moves_the_arm_and_a_line_says_so(start):
    things = start("sim_arm", lacking=("gz_ros2_control",), sim="gazebo")
    assert world_of(things).find("model[@name='panda']") is not None
    assert not nodes(things, "controller_manager")
    (line,) = logged(things)
    assert line.endswith("sudo apt install ros-jazzy-gz-ros2-control") and "\n" not in line
    assert "GazeboSimSystem" not in str(nodes(things, "robot_state_publisher")[0].kwargs["parameters"][0])


@pytest.mark.parametrize("name", FILES)
def test_without_gazebo_one_line_and_the_end(name, start):
    things = start(name, lacking=ALL, sim="gazebo")
    line = next(line for line in logged(things) if line.startswith("sim:=gazebo"))
    assert line == (
        "sim:=gazebo needs ros_gz_sim, ros_gz_bridge, which are not installed: "
        "sudo apt install ros-jazzy-ros-gz-bridge ros-jazzy-ros-gz-sim"
    )
    assert [t.args[0] if t.args else t.kwargs["event"].kind for t in things if t.kind == "EmitEvent"].count("Shutdown")
    assert logged(things) == [line] and "\n" not in line
    assert not nodes(things) and not [t for t in things if t.kind == "IncludeLaunchDescription"]


def test_ros2_control_that_was_asked_for_and_is_not_there_ends_it(start):
    things = start("sim_arm", lacking=("gz_ros2_control",), sim="gazebo", control="ros2_control")
    assert logged(things) == [install_line("sim:=gazebo", ["gz_ros2_control"])] and not nodes(things)
    assert nodes(start("sim_mobile", lacking=("gz_ros2_control",), sim="gazebo", control="ros2_control")), (
        "no arm there"
    )


def test_without_robot_state_publisher_everything_else_runs(start):
    things = start("sim_mobile", lacking=("robot_state_publisher",))
    assert not nodes(things, "tf2_ros") and nodes(things, "genmodels_ros")
    assert logged(things) == [install_line("The tree of frames", ["robot_state_publisher"])]
    assert "ros-jazzy-robot-state-publisher" in logged(things)[0]


def test_without_moveit_a_line_says_how_to_get_it(start):
    assert not any("moveit" in line for line in logged(start("sim_arm", lacking=ALL)))
    (line,) = (line for line in logged(start("sim_arm", lacking=ALL, moveit="true")) if "moveit:=" in line)
    assert line.endswith("sudo apt install ros-jazzy-moveit ros-jazzy-moveit-resources")


def test_none_starts_no_simulator(start):
    things = start("sim_mobile", sim="none")
    assert {n.kwargs["package"] for n in nodes(things)} <= {"genmodels_ros", "rviz2"}
    assert {n.kwargs["executable"] for n in nodes(things)} == {"bringup", "rviz2"}


@pytest.mark.parametrize("sim", ["mujoco", "gazebo"])
def test_robots_in_namespaces_have_worlds_clocks_and_trees_of_their_own(sim, start):
    things = start("sim_mobile", sim=sim, namespace="/fleet/left")
    remaps = {t.kwargs["src"]: t.kwargs["dst"] for t in things if t.kind == "SetRemap"}
    assert remaps == {"/clock": "clock", "/tf": "tf", "/tf_static": "tf_static"}
    order = [t.kind for t in things]
    assert order.index("SetRemap") < min(i for i, kind in enumerate(order) if kind == "LifecycleNode")
    for node in nodes(things):
        if node.kwargs["package"] != "rviz2":
            assert node.kwargs["namespace"] == "/fleet/left", node.kwargs
    partitions = [t.args for t in things if t.kind == "SetEnvironmentVariable"]
    assert partitions == ([("GZ_PARTITION", "fleet_left")] if sim == "gazebo" else [])
    assert not [t for t in start("sim_mobile", sim=sim) if t.kind == "SetRemap"], "alone, names are the usual ones"


@pytest.mark.parametrize("namespace", ["", "/fleet"])
@pytest.mark.parametrize("sim", ["mujoco", "gazebo"])
def test_robots_with_names_share_a_world_and_have_nodes_of_their_own(sim, namespace, start):
    things = start("sim_mobile", sim=sim, namespace=namespace, robots="left, right", rviz="true", nodes="world_model")
    by_namespace = {}
    for node in nodes(things):
        by_namespace.setdefault(node.kwargs["namespace"], set()).add(node.kwargs.get("name", node.kwargs["executable"]))
    own = {"bringup", "rviz2", "base_state_publisher", "map_to_odom"} | (
        {"bridge_mobile"} if sim == "gazebo" else set()
    )
    shared = {"simulation"} if sim == "mujoco" else {"world_description", "bridge_clock"}
    left, right = ("/fleet/left", "/fleet/right") if namespace else ("left", "right")
    assert by_namespace == {namespace: shared, left: own, right: own}
    told = next(n for n in nodes(things) if n.kwargs.get("name") in ("simulation", "world_description"))
    assert told.kwargs["parameters"][1]["robots"] == ["left", "right"]
    if sim == "gazebo":
        world = world_of(things)
        assert {"left", "right"} < {model.get("name") for model in world.iter("model")}
        heard = {topic.text for topic in world.iter("topic")}
        for node in nodes(things, "ros_gz_bridge")[1:]:
            robot = node.kwargs["namespace"].rpartition("/")[2]
            table = yaml.safe_load(Path(node.kwargs["parameters"][0]["config_file"]).read_text())
            names = {row["ros_topic_name"]: row["gz_topic_name"] for row in table}
            assert names["scan"] == f"/{robot}/scan" and names["cmd_vel"] == f"/{robot}/cmd_vel"
            assert {f"{robot}/scan", f"{robot}/cmd_vel", f"{robot}/image_raw"} <= heard


def test_an_arm_is_not_part_of_a_fleet(start):
    things = start("sim_mobile", world="both", robots="left,right")
    assert not nodes(things) and "world:=floor" in logged(things)[0]


def test_the_base_is_localised_by_nobody_unless_somebody_else_does(start):
    names = [n.kwargs["name"] for n in nodes(start("sim_mobile"), "tf2_ros")]
    assert names == ["map_to_odom"]
    assert not nodes(start("sim_mobile", map_to_odom="false"), "tf2_ros")


def test_the_mission_counts_contacts_where_somebody_counts(start):
    for sim, counted in (("mujoco", True), ("gazebo", False)):
        (mission,) = (n for n in nodes(start("demo", sim=sim)) if n.kwargs["executable"] == "demo")
        assert ("--no-contacts" not in mission.kwargs["arguments"]) == counted
        assert mission.kwargs["arguments"][0] == "--attach"
