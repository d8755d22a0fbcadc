"""RViz configurations and the Foxglove layout show topics that exist, with displays made for their types."""

import json
import re
from pathlib import Path

import pytest
import yaml

import genmodels_ros

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
VIEWS = sorted((ROOT / "rviz").glob("*.rviz"))
LAYOUT = json.loads((ROOT / "foxglove" / "genmodels.json").read_text())
SHOWS = {
    "Map": "nav_msgs/OccupancyGrid",
    "Odometry": "nav_msgs/Odometry",
    "LaserScan": "sensor_msgs/LaserScan",
    "PointCloud2": "sensor_msgs/PointCloud2",
    "Path": "nav_msgs/Path",
    "MarkerArray": "visualization_msgs/MarkerArray",
    "Image": "sensor_msgs/Image",
    "RobotModel": "std_msgs/String",
}
FREE = {"Grid", "TF"}


def documented() -> dict[str, str]:
    """Topic (of the root namespace, without its slash): type, from the interface tables of the nodes' pages."""
    topics = {}
    for page in (ROOT / "docs").glob("*.md"):
        for names, kind in re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|", page.read_text(), re.MULTILINE):
            types = re.findall(r"\w+_(?:msgs|interfaces)/\w+", kind)
            for name in re.findall(r"`([^`]+)`", names):
                if types:
                    topics[name.replace("~", page.stem)] = types[0]
    return topics


def shown(path: Path) -> list[tuple[str, str]]:
    """(display class, topic) of an RViz configuration."""
    displays = yaml.safe_load(path.read_text())["Visualization Manager"]["Displays"]
    found = []
    for display in displays:
        kind = display["Class"].removeprefix("rviz_default_plugins/")
        topic = display.get("Topic", display.get("Description Topic"))
        assert (topic is None) == (kind in FREE), display["Name"]
        if topic:
            found.append((kind, topic["Value"]))
    return found


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.name)
def test_displays_fit_topics_that_the_nodes_document(path):
    topics = documented()
    assert len(topics) > 40
    for kind, topic in shown(path):
        assert topics.get(topic) == SHOWS[kind], f"{kind} shows {topic}"


def test_everything_worth_seeing_is_in_a_view():
    seen = {topic for path in VIEWS for _, topic in shown(path)}
    assert seen >= {
        "trajectory_generator/candidates",
        "trajectory_generator/obstacle_markers",
        "scan",
        "world_model/predicted_scan",
        "world_model/predicted_path",
        "world_model/predicted_obstacles",
        "image_augmenter/grid",
        "wrist_camera/image_raw",
    }


def test_latched_topics_are_waited_for():
    """A display that asks for less durability than a latched topic has comes too late for its only message."""
    for path in VIEWS:
        for display in yaml.safe_load(path.read_text())["Visualization Manager"]["Displays"]:
            topic = display.get("Topic", display.get("Description Topic"))
            if topic and topic["Value"] in ("map", "trajectory_generator/candidates", "robot_description"):
                assert topic["Durability Policy"] == "Transient Local", (path.name, display["Name"])


def panels_of(layout) -> list[str]:
    return [layout] if isinstance(layout, str) else panels_of(layout["first"]) + panels_of(layout["second"])


def test_every_panel_of_the_foxglove_layout_is_placed_once():
    assert sorted(panels_of(LAYOUT["layout"])) == sorted(LAYOUT["configById"])


def test_foxglove_shows_documented_topics():
    topics, found = documented(), []
    for name, panel in LAYOUT["configById"].items():
        kind = name.partition("!")[0]
        if kind == "3D":
            found += panel["topics"]
        elif kind == "Image":
            found.append(panel["imageMode"]["imageTopic"])
            assert topics[found[-1][1:]] == "sensor_msgs/Image"
        elif kind == "Plot":
            found += [path["value"].partition(".")[0] for path in panel["paths"]]
    for topic in found:
        assert topic.startswith("/") and topic[1:] in topics, topic
    assert {"/world_model/surprise", "/world_model/collision_probability"} <= set(found)
