import time

from geometry_msgs.msg import Twist, Vector3
from nav_msgs.msg import OccupancyGrid
from rclpy.parameter import Parameter

from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.nodes.simulation.world_description import WorldDescriptionNode
from genmodels_ros.simulation.scenes import demo_arm_scene


def test_says_what_the_simulation_says_to_early_and_late_listeners(graph, wait_until):
    early = graph.listen(ObstacleArray, "/told/obstacles", LATCHED)
    node = graph.add(WorldDescriptionNode(namespace="told"))
    try:
        assert node.start()
        maps = graph.listen(OccupancyGrid, "/told/map", LATCHED)
        assert wait_until(lambda: early and maps)
        late = graph.listen(ObstacleArray, "/told/obstacles", LATCHED)
        assert wait_until(lambda: late)
        assert len(early) == 1 and late == early
        assert early[0].header.frame_id == "panda_link0"
        assert len(early[0].obstacles) == len(demo_arm_scene().obstacles)
        assert maps[0].header.frame_id == "map" and 100 in maps[0].data
    finally:
        graph.remove(node)


def test_a_world_without_an_arm_has_no_obstacles(graph):
    node = graph.add(WorldDescriptionNode(namespace="bare", parameter_overrides=[Parameter("world", value="floor")]))
    try:
        assert node.start()
        topics = dict(node.get_publisher_names_and_types_by_node("world_description", "/bare"))
        assert "/bare/map" in topics and "/bare/obstacles" not in topics
    finally:
        graph.remove(node)


def test_a_base_stands_when_commands_cease_and_nobody_else_is_told(graph, wait_until):
    overrides = {"world": "floor", "robots": ["left", "right"], "base.command_timeout": 0.2}
    node = WorldDescriptionNode(
        namespace="watched", parameter_overrides=[Parameter(name, value=value) for name, value in overrides.items()]
    )
    graph.add(node)
    try:
        assert node.start()
        heard = {name: graph.listen(Twist, f"/watched/{name}/cmd_vel") for name in ("left", "right")}
        commands = graph.publisher(Twist, "/watched/left/cmd_vel")
        assert wait_until(lambda: commands.get_subscription_count() == 2)
        drive = Twist(linear=Vector3(x=0.3))
        commands.publish(drive)
        assert wait_until(lambda: heard["left"] == [drive, Twist()])
        commands.publish(Twist())
        assert wait_until(lambda: len(heard["left"]) == 3)
        time.sleep(0.5)
        assert len(heard["left"]) == 3 and not heard["right"], "a zero needs no other"
    finally:
        graph.remove(node)
