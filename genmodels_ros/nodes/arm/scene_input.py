"""What the node knows of the obstacles around the arm: those it is told, by a topic or MoveIt, and those it sees."""

from collections.abc import Callable

from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.conversions.markers import to_obstacle_markers
from genmodels_ros.conversions.obstacles import to_obstacle_array, to_scene
from genmodels_ros.errors import GenModelsError
from genmodels_ros.nodes.arm.perception import NONE, Perception
from genmodels_ros.nodes.arm.planning_scene_input import PlanningSceneInput
from genmodels_ros.nodes.arm.robot_state import RobotState
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene


class SceneInput:
    """The topic `obstacles`, MoveIt's planning scene and the node's own perception; shows them in RViz."""

    PARAMETERS = (
        Parameter("max_obstacles", 1000, "Most obstacles of a scene", range=(1, 100_000)),
        *Perception.PARAMETERS,
        *PlanningSceneInput.PARAMETERS,
    )

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot
        self._described, self._error = Scene(), None
        self._perception: Perception | None = None
        self.planning_scene = PlanningSceneInput(node, robot)
        self._boxes = node.add_publisher(ObstacleArray, "~/perceived_obstacles", LATCHED)
        self._markers = node.add_publisher(MarkerArray, "~/obstacle_markers", LATCHED)

    def activate(self, state: RobotState, changed: Callable[[], None]) -> None:
        """Starts listening; `changed` is called after every change of the scene."""
        self._changed = changed
        self._described, self._error = Scene(), None
        self._perception = Perception(self._node, self._robot, state, self._seen, lambda: self.carried().attached)
        self.planning_scene.activate(state, self._objects_changed)
        self._node.add_subscription(ObstacleArray, "obstacles", self._receive, LATCHED)

    def scene(self) -> Scene:
        """All obstacles known, and what the arm carries. Raises GenModelsError: what was wrong with the last message or
        view, or its age.
        """
        return self.told() + self.planning_scene.objects.scene

    def told(self) -> Scene:
        """Those beside the planning scene's objects; raises as `scene`."""
        if self._error:
            raise self._error
        return self._described + (Scene() if self._perception is None else self._perception.scene())

    def carried(self) -> Scene:
        """What the arm carries, may touch and keeps clear, and no obstacle; raises as `scene`."""
        return self.planning_scene.objects.scene.without_obstacles

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        seen = {} if self._perception is None else self._perception.details()
        return {**seen, **self.planning_scene.details()}

    def _receive(self, message: ObstacleArray) -> None:
        self._error = None
        try:
            self._described = to_scene(message, self._robot.base_frame, self._node.value("max_obstacles"))
        except GenModelsError as error:
            self._error = error  # planning around an obstacle we could not read would be a lie
            raise
        finally:
            self._changed()
            self._show()

    def _objects_changed(self) -> None:
        self._changed()
        self._show()

    def _seen(self) -> None:
        self._changed()
        if self._node.active:
            self._boxes.publish(to_obstacle_array(self._perceived(), self._header()))
            if self._markers.get_subscription_count():  # many markers a second are not built for nobody
                self._show()

    def _show(self) -> None:
        told = self._described + _readable(lambda: self.planning_scene.objects.scene)
        self._markers.publish(to_obstacle_markers(told, self._perceived(), self._header()))

    def _perceived(self) -> Scene:
        return Scene() if self._perception.source == NONE else _readable(self._perception.scene)

    def _header(self) -> Header:
        return Header(frame_id=self._robot.base_frame, stamp=self._node.get_clock().now().to_msg())


def _readable(scene: Callable[[], Scene]) -> Scene:
    """A scene to be shown; nothing where it cannot be used."""
    try:
        return scene()
    except GenModelsError:
        return Scene()
