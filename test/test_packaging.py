"""One version, one set of error codes, and executables that exist."""

import ast
import re
import xml.etree.ElementTree as ElementTree
from importlib import import_module
from pathlib import Path

import pytest

import genmodels_ros
from genmodels_ros.errors import ErrorCode

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
PACKAGES = {
    "genmodels_ros": ROOT / "package.xml",
    "genmodels_interfaces": ROOT / "genmodels_interfaces" / "package.xml",
}


@pytest.mark.parametrize("name", PACKAGES)
def test_versions_agree(name):
    manifest = ElementTree.parse(PACKAGES[name]).getroot()
    assert manifest.findtext("name") == name
    assert manifest.findtext("version") == genmodels_ros.__version__
    assert f"## {genmodels_ros.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", PACKAGES)
def test_maintainer_is_one_that_colcon_accepts(name):
    """An address refused by catkin_pkg turns a package into one without dependencies, silently."""
    catkin_pkg = pytest.importorskip("catkin_pkg.package")
    package = catkin_pkg.parse_package(str(PACKAGES[name]))
    assert package.get_build_type() == {"genmodels_ros": "ament_python"}.get(name, "ament_cmake")
    assert package.licenses == ["Apache-2.0"]


def test_colcon_finds_the_tests():
    """It takes pytest for a package that names it in the extra `test`; otherwise it runs no test, and none fails."""
    extras = dict(re.findall(r'"(\w+)": (\[.*?\])', (ROOT / "setup.py").read_text()))
    assert "pytest" in ast.literal_eval(extras["test"])


def test_a_ros_installation_gets_the_same_versions():
    """NumPy and OpenCV too, as Pinocchio's wheels bring NumPy 2, which apt's OpenCV does not import beside."""
    here, there = (set((ROOT / name).read_text().split()) for name in ("requirements.txt", "requirements-pip.txt"))
    assert there <= here
    assert {"numpy", "opencv-python-headless"} <= {pin.partition("==")[0] for pin in there}


def test_error_codes_equal_the_message_constants():
    text = (ROOT / "genmodels_interfaces" / "msg" / "ErrorCode.msg").read_text()
    constants = {name: int(value) for name, value in re.findall(r"^int32 ([A-Z_]+)=(-?\d+)", text, re.MULTILINE)}
    assert constants == {code.name: code.value for code in ErrorCode}


def test_every_interface_field_is_commented():
    """Unit, frame, shape or meaning stands beside each field and constant."""
    bare = [
        f"{path.name}: {line}"
        for path in (ROOT / "genmodels_interfaces").glob("*/*.*")
        if path.suffix in (".msg", ".srv", ".action")
        for line in path.read_text().splitlines()
        if line.strip() not in ("", "---") and "#" not in line and not re.match(r"(int32|string) [A-Z_]+=", line)
    ]
    assert not bare


def test_executables_exist():
    setup = ast.parse((ROOT / "setup.py").read_text())
    nodes = next(
        ast.literal_eval(node.value)
        for node in setup.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "NODES"
    )
    for node in nodes:
        assert callable(import_module(f"genmodels_ros.nodes.{node}").main)
