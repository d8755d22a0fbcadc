"""docs/image_augmenter.md and config/image_augmenter.yaml speak of the node there is."""

import re
from pathlib import Path

import yaml

import genmodels_interfaces.msg
import genmodels_interfaces.srv
import genmodels_ros
from genmodels_ros.conversions.detections import DETECTIONS
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

ROOT = Path(genmodels_ros.__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "image_augmenter.md").read_text()
LIFECYCLE = ("transition", "state", "parameter", "type_description")


def test_its_program_is_python():
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(programs) == 1
    compile(programs[0], "docs/image_augmenter.md", "exec")


def test_its_codes_and_types_exist():
    codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))
    assert len(codes) > 8 and codes <= set(ErrorCode.__members__), codes - set(ErrorCode.__members__)
    interfaces = {*dir(genmodels_interfaces.msg), *dir(genmodels_interfaces.srv)}
    assert set(re.findall(r"genmodels_interfaces/(\w+)", PAGE)) <= interfaces


def test_every_parameter_has_its_default_in_the_yaml():
    table = {parameter.name: parameter.default for parameter in ImageAugmenterNode.PARAMETERS}
    listed = yaml.safe_load((ROOT / "config" / "image_augmenter.yaml").read_text())["/**/image_augmenter"]
    assert {"autostart": False, **listed["ros__parameters"]} == table


def test_its_topics_exist(node):
    own, namespace = f"{node.get_fully_qualified_name()}/", node.get_namespace()
    published, served, heard = (
        {name for name, _ in found(node.get_name(), namespace)}
        for found in (
            node.get_publisher_names_and_types_by_node,
            node.get_service_names_and_types_by_node,
            node.get_subscriber_names_and_types_by_node,
        )
    )
    named = set(re.findall(r"^\| `(~?/?[a-z_/]+)`", PAGE, re.MULTILINE))
    elsewhere = {"detections", "~/detections"} if DETECTIONS is None else set()
    for topic in named - {"image_raw/compressed"} - elsewhere:
        full = f"{own}{topic[2:]}" if topic.startswith("~/") else f"/{topic}"
        assert full in published | served | heard, topic
    told = {topic.removeprefix(own) for topic in published | served if topic.startswith(own)}
    told = {f"~/{topic}" for topic in told if not any(word in topic for word in LIFECYCLE)}
    assert told <= named, "the page leaves something out"
