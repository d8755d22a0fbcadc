"""docs/trajectory_generator.md speaks of the node there is."""

import re
from pathlib import Path

import genmodels_interfaces.action
import genmodels_interfaces.msg
import genmodels_interfaces.srv
import genmodels_ros
from genmodels_ros.conversions.motion_plans import GET_MOTION_PLAN
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode

PAGE = (Path(genmodels_ros.__file__).resolve().parents[1] / "docs" / "trajectory_generator.md").read_text()


def test_its_programs_are_python():
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(programs) == 2
    for program in programs:
        compile(program, "docs/trajectory_generator.md", "exec")


def test_its_parameters_codes_and_types_exist():
    known = {parameter.name for parameter in TrajectoryGeneratorNode.PARAMETERS}
    named = set(re.findall(r"`((?:perception|queue|supervision|sampling|joint_states|model|execution)\.[a-z_]+)", PAGE))
    assert len(named) > 8 and named <= known, named - known
    codes = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))
    assert len(codes) > 8 and codes <= set(ErrorCode.__members__), codes - set(ErrorCode.__members__)
    interfaces = {*dir(genmodels_interfaces.msg), *dir(genmodels_interfaces.srv), *dir(genmodels_interfaces.action)}
    assert set(re.findall(r"genmodels_interfaces/(\w+)", PAGE)) - {"msg"} <= interfaces


def test_its_topics_exist(graph):
    node = graph.add(TrajectoryGeneratorNode(namespace="page"))
    assert node.start()
    own, relative = f"{node.get_fully_qualified_name()}/", f"{node.get_namespace()}/"
    name, namespace = node.get_name(), node.get_namespace()
    published = {topic for topic, _ in node.get_publisher_names_and_types_by_node(name, namespace)}
    served = {service for service, _ in node.get_service_names_and_types_by_node(name, namespace)}
    heard = {topic for topic, _ in node.get_subscriber_names_and_types_by_node(name, namespace)}
    actions = {f"{own}generate_trajectories"}
    elsewhere = ["plan_kinematic_path"] * (GET_MOTION_PLAN is None) + ["execute"]  # an action is no name of a service
    for topic in re.findall(r"^\| `~/(\w+)`", PAGE, re.MULTILINE):
        assert topic in elsewhere or f"{own}{topic}" in published | served | actions, topic
    for topic in re.findall(r"^\| `(joint_states|obstacles|joint_trajectory)`", PAGE, re.MULTILINE):
        assert f"{relative}{topic}" in heard, topic
    graph.remove(node)
