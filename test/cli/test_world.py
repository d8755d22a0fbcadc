"""`genmodels world` writes files that other programs open."""

import xml.etree.ElementTree as ElementTree

import mujoco
import pytest

from genmodels_ros.cli import main
from genmodels_ros.cli.world import NAMES
from genmodels_ros.simulation.catalogue import WORLDS


def test_its_worlds_are_the_simulations():
    assert NAMES == WORLDS


@pytest.mark.parametrize("name", NAMES)
def test_mjcf_opens_in_mujoco(name, tmp_path):
    file = tmp_path / "made" / "world.xml"
    assert main(["world", name, "--format", "mjcf", "--out", str(file)]) == 0
    model = mujoco.MjModel.from_xml_path(str(file))
    assert model.nu == {"arm_cell": 7, "floor": 3, "both": 10}[name]


def test_sdf_has_the_arm_unless_it_is_left_out(tmp_path):
    for arguments, arms in (([], 1), (["--no-arm"], 0)):
        file = tmp_path / "world.sdf"
        assert main(["world", "arm_cell", "--out", str(file), *arguments]) == 0
        assert len(ElementTree.parse(file).findall("world/model[@name='panda']")) == arms


def test_a_random_floor_is_another_floor(tmp_path):
    for seed in ("1", "2"):
        assert main(["world", "floor", "--floor-seed", seed, "--out", str(tmp_path / f"{seed}.sdf")]) == 0
    assert (tmp_path / "1.sdf").read_text() != (tmp_path / "2.sdf").read_text()


def test_robots_that_are_named_are_all_in_it(tmp_path):
    named = ["--robots", "left,right"]
    assert main(["world", "floor", "--out", str(tmp_path / "two.sdf"), *named]) == 0
    models = {model.get("name") for model in ElementTree.parse(tmp_path / "two.sdf").findall("world/model")}
    assert {"left", "right"} <= models and "base" not in models
    assert main(["world", "floor", "--format", "mjcf", "--out", str(tmp_path / "two.xml"), *named]) == 0
    assert mujoco.MjModel.from_xml_path(str(tmp_path / "two.xml")).nu == 6


def test_what_cannot_be_is_one_line(tmp_path, capsys):
    for arguments in (["both", "--floor-seed", "1"], ["floor", "--robots", "left,left"]):
        assert main(["world", *arguments, "--out", str(tmp_path / "none.sdf")]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_each_robot_has_a_urdf_but_two_have_none(tmp_path, capsys):
    for name, links in (("floor", {"base_link", "base_scan", "imu_link"}), ("arm_cell", {"world", "panda_link0"})):
        assert main(["world", name, "--format", "urdf", "--out", str(tmp_path / name)]) == 0
        assert links <= {link.get("name") for link in ElementTree.parse(tmp_path / name).findall("link")}
    assert main(["world", "both", "--format", "urdf", "--out", str(tmp_path / "both")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
