"""docs/anomaly_detector.md speaks of the node there is."""

import re
from pathlib import Path

import pytest

import genmodels_interfaces.msg
import genmodels_interfaces.srv
import genmodels_ros
from genmodels_ros.conversions.numeric_fields import NumericFields, message_type
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.stream.anomaly_detector import AnomalyDetectorNode

PAGE = (Path(genmodels_ros.__file__).resolve().parents[1] / "docs" / "anomaly_detector.md").read_text()


def test_its_program_is_python():
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(program, "docs/anomaly_detector.md", "exec")
    commands = set(re.findall(r"LearnNominal\.Request\.(\w+)", program))
    assert commands and all(hasattr(genmodels_interfaces.srv.LearnNominal.Request, name) for name in commands)


def test_its_parameters_codes_and_types_exist():
    known = {parameter.name for parameter in AnomalyDetectorNode.PARAMETERS}
    prefixes = {name.split(".")[0] for name in known if "." in name}
    named = set(re.findall(rf"`((?:{'|'.join(sorted(prefixes))})\.[a-z_]+)`", PAGE))
    assert len(named) >= 4 and named <= known, named - known
    plain = {name for name in known if "." not in name} - {"autostart", "device", "precision", "family"}
    assert all(f"`{name}" in PAGE for name in plain), [name for name in plain if f"`{name}" not in PAGE]
    codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))
    assert len(codes) >= 4 and codes <= set(ErrorCode.__members__), codes - set(ErrorCode.__members__)
    interfaces = {*dir(genmodels_interfaces.msg), *dir(genmodels_interfaces.srv)}
    assert set(re.findall(r"genmodels_interfaces/(\w+)", PAGE)) - {"msg", "srv"} <= interfaces


def test_its_paths_are_paths():
    kinds = {"position": "sensor_msgs/msg/JointState", "effort": "sensor_msgs/msg/JointState",
             "ranges": "sensor_msgs/msg/LaserScan", "twist": "nav_msgs/msg/Odometry"}  # fmt: skip
    table = PAGE.split("| path | picks |")[1].split("\n\n")[0]
    paths = [path for path in re.findall(r"`([^`]+)`", table) if path != "name"]
    assert len(paths) >= 6
    for path in paths:
        NumericFields(message_type(kinds[re.match(r"\w+", path)[0]]), [path])


@pytest.fixture(scope="module")
def node(started):
    return started(AnomalyDetectorNode, "page_of_anomalies")


def test_its_topics_exist(node, hold_against):
    interface = PAGE.split("## Interface")[1].split("## ")[0]
    named = set(re.findall(r"^\| `(~?/?[a-z_/]+)`", interface, re.MULTILINE))
    assert len(named) == 6
    hold_against(node, named)
