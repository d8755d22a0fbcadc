"""The launch files as the real launch_ros reads them."""

from pathlib import Path

import pytest

import genmodels_ros

pytest.importorskip("launch_ros", reason="launch_ros is not on PyPI: it comes with an installed ROS 2")

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.py")), ids=lambda path: path.name)
def test_the_real_launch_loads_the_file(path):
    from launch import LaunchContext
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    description = PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())
    assert {argument.name for argument in description.get_launch_arguments()} >= {"namespace", "params_file", "rviz"}


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.xml")), ids=lambda path: path.name)
def test_the_real_launch_reads_the_xml(path):
    pytest.importorskip("launch_xml", reason="launch_xml comes with an installed ROS 2")
    from launch.frontend import Parser

    root, parser = Parser.load(str(path))
    description = parser.parse_description(root)
    assert {argument.name for argument in description.get_launch_arguments()} >= {"sim"}
