"""docs/world_model.md speaks of the node there is."""

import re
from pathlib import Path

import pytest
import yaml

import genmodels_interfaces.msg
import genmodels_interfaces.srv
import genmodels_ros
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

DOCS = Path(genmodels_ros.__file__).resolve().parents[1] / "docs"
PAGE, WITH_NAV2 = (DOCS / "world_model.md").read_text(), (DOCS / "mobile_with_nav2.md").read_text()
# Made where Nav2, a camera or a publisher is.
ELSEWHERE = {"speed_limit", "is_path_valid", "predicted_image", "image_raw", "cmd_vel"}


def test_its_program_is_python():
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(programs) == 1
    compile(programs[0], "docs/world_model.md", "exec")


def test_its_parameters_for_nav2_are_yaml_about_a_topic_of_ours():
    text, _ = re.findall(r"```yaml\n(.*?)```", WITH_NAV2, re.DOTALL)
    pasted = yaml.safe_load(text)
    layer = pasted["local_costmap"]["local_costmap"]["ros__parameters"]["predicted_layer"]
    monitor = pasted["collision_monitor"]["ros__parameters"]
    assert layer["observation_sources"].split() == ["predicted", "scan"] == sorted(monitor["observation_sources"])
    assert layer["predicted"]["topic"] == monitor["predicted"]["topic"] == "/world_model/predicted_obstacles"
    height = next(row.default for row in WorldModelNode.PARAMETERS if row.name == "obstacles.height")
    assert layer["predicted"]["min_obstacle_height"] <= height <= layer["predicted"]["max_obstacle_height"]
    assert monitor["predicted"]["min_height"] <= height <= monitor["predicted"]["max_height"], "the points pass"
    assert layer["predicted"]["obstacle_max_range"] < layer["scan"]["raytrace_max_range"], "what is marked is cleared"
    zones = [monitor[name] for name in monitor["polygons"]]
    assert {source for zone in zones for source in zone["sources_names"]} == set(monitor["observation_sources"])


def test_its_parameters_codes_and_types_exist():
    known = {parameter.name for parameter in WorldModelNode.PARAMETERS}
    prefixes = {name.split(".")[0] for name in known if "." in name}
    named = set(re.findall(rf"`((?:{'|'.join(sorted(prefixes))})\.[a-z_]+)`", PAGE))
    assert len(named) > 12 and named <= known, named - known
    codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))
    assert len(codes) > 8 and codes <= set(ErrorCode.__members__), codes - set(ErrorCode.__members__)
    interfaces = {*dir(genmodels_interfaces.msg), *dir(genmodels_interfaces.srv)}
    assert set(re.findall(r"genmodels_interfaces/(\w+)", PAGE)) - {"msg", "srv"} <= interfaces


@pytest.fixture(scope="module")
def node(started):
    return started(WorldModelNode, "page")


def test_its_topics_exist(node, hold_against):
    named = set(re.findall(r"^\| `(~?/?[a-z_/]+)`", PAGE, re.MULTILINE))
    assert len(named) > 20
    hold_against(node, named, frozenset(ELSEWHERE))
