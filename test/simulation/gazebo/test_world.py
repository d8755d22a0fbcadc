"""The worlds for Gazebo hold what MuJoCo's hold, and nothing that another machine may lack."""

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import mujoco
import pytest

import genmodels_ros
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.catalogue import WORLDS, describe_world, start_poses
from genmodels_ros.simulation.gazebo.sdf import SYSTEMS, looks_of
from genmodels_ros.simulation.gazebo.world import build_sdf, write_world
from genmodels_ros.simulation.geoms import label_of
from genmodels_ros.simulation.world import World

SHIPPED = Path(genmodels_ros.__file__).resolve().parent.parent / "worlds"
# As Gazebo Harmonic (gz-sim 8) and Fortress (6.18) have them; written down here once more, by hand.
ALLOWED = {
    ("gz-sim-physics-system", "gz::sim::systems::Physics"),
    ("gz-sim-user-commands-system", "gz::sim::systems::UserCommands"),
    ("gz-sim-scene-broadcaster-system", "gz::sim::systems::SceneBroadcaster"),
    ("gz-sim-sensors-system", "gz::sim::systems::Sensors"),
    ("gz-sim-imu-system", "gz::sim::systems::Imu"),
    ("gz-sim-label-system", "gz::sim::systems::Label"),
    ("gz-sim-diff-drive-system", "gz::sim::systems::DiffDrive"),
    ("gz-sim-odometry-publisher-system", "gz::sim::systems::OdometryPublisher"),
    ("gz-sim-joint-state-publisher-system", "gz::sim::systems::JointStatePublisher"),
    ("gz-sim-joint-position-controller-system", "gz::sim::systems::JointPositionController"),
    ("gz-sim-joint-trajectory-controller-system", "gz::sim::systems::JointTrajectoryController"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_shipped_worlds_are_what_the_description_makes(name, tmp_path):
    """`genmodels world NAME --no-arm --out worlds/NAME.sdf` makes them anew."""
    description = describe_world(name)
    write_world(build_sdf(description, name, arm=False), description, tmp_path / f"{name}.sdf")
    for made in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        assert made.read_text() == (SHIPPED / made.relative_to(tmp_path)).read_text(), made.name


@pytest.mark.parametrize("name", WORLDS)
def test_worlds_load_known_systems_and_no_foreign_files(name):
    root = build_sdf(describe_world(name), name)
    assert root.get("version") == "1.9"
    assert {(p.get("filename"), p.get("name")) for p in root.iter("plugin")} <= ALLOWED == set(SYSTEMS.values())
    package = load_robot().package_folder.as_uri()
    for element in root.iter():
        text = element.text or ""
        assert "model://" not in text and "http" not in text, text
        if element.tag == "uri":
            assert text.startswith(package), text
        if element.tag == "filename":
            assert (SHIPPED / text).is_file(), text


@pytest.mark.parametrize("name", WORLDS)
def test_shipped_worlds_need_no_file_outside_the_package(name):
    root = ElementTree.parse(SHIPPED / f"{name}.sdf").getroot()
    assert not list(root.iter("uri")) and not [text for text in root.itertext() if "://" in text]


@pytest.mark.parametrize("name", WORLDS)
def test_names_are_unique_among_siblings(name):
    for element in build_sdf(describe_world(name), name).iter():
        names = [child.get("name") for child in element if child.get("name") and child.tag != "plugin"]
        assert not [n for n, count in Counter(names).items() if count > 1], element.get("name")


def test_labels_are_those_of_the_label_image():
    sdf = build_sdf(describe_world("both"), "both").find("world")
    for model in [*sdf.findall("model"), *sdf.findall("actor")]:
        (label,) = (int(p.findtext("label")) for p in model.findall("plugin") if p.get("name").endswith("Label"))
        if model.tag == "actor":
            assert label == label_of(f"{model.get('name')}_body")
        for name in (c.get("name") for c in model.iter("collision") if model.get("name") not in ("panda", "base")):
            assert label == label_of(name), name
        assert all(v.get("name") in {looks_of(v.get("name").removesuffix("_looks"))} for v in model.iter("visual"))


def test_a_random_floor_starts_its_base_where_nothing_is():
    description = describe_world("floor", 3)
    (pose,) = start_poses(description, 3)
    world = World(description, base_pose=pose)
    mujoco.mj_forward(world.model, world.data)
    assert not world.base.touching
    text = build_sdf(description, "floor", [pose]).findtext("world/model[@name='base']/pose")
    assert [float(value) for value in text.split()[:2]] == pytest.approx(pose[:2], abs=1e-6)
