"""docs/arm_with_moveit.md speaks of the nodes there are."""

import re
from pathlib import Path

import pytest
import yaml

import genmodels_ros
from genmodels_ros.conversions.moveit_codes import MoveItCode
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.simulation.simulated_controller import NAME

PAGE = (Path(genmodels_ros.__file__).resolve().parents[1] / "docs" / "arm_with_moveit.md").read_text()


def test_its_program_is_python():
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(program, "docs/arm_with_moveit.md", "exec")


def test_its_names_exist():
    known = {parameter.name: parameter for parameter in TrajectoryGeneratorNode.PARAMETERS}
    named = set(re.findall(r"`((?:execution|motion_plans|planning_scene|perception|sampling)\.[a-z_]+)`", PAGE))
    assert len(named) > 5 and named <= set(known), named - set(known)
    for group in known["motion_plans.groups"].default:
        assert group in PAGE
    codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))
    assert len(codes) > 8 and codes <= set(MoveItCode.__members__), codes - set(MoveItCode.__members__)
    assert f"`{NAME}`" in PAGE


def test_its_requests_are_messages():
    calls = re.findall(r'ros2 service call (\S+) (\S+) "(.*?)"\n', PAGE, re.DOTALL)
    assert len(calls) == 2
    for _, kind, text in calls:
        package, _, name = kind.split("/")
        module = pytest.importorskip(f"{package}.srv", reason=f"{package} is no wheel")
        _fill(getattr(module, name).Request(), yaml.safe_load(text))


def _fill(message, values: dict) -> None:
    """As ros2 service call does: every name must be a field."""
    for name, value in values.items():
        assert name in message.get_fields_and_field_types(), name
        if isinstance(value, dict):
            _fill(getattr(message, name), value)
        elif not (value and isinstance(value, list) and isinstance(value[0], dict)):
            setattr(message, name, value)
