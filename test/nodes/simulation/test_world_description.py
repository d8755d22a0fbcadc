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
