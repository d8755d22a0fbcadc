"""What the simulation node does beside its simulation, for a simulator that does not: it tells the arm's obstacles and
the map, and lets bases stand when commands cease.
"""

from rclpy.clock import Clock, ClockType

from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.simulation.command_watch import CommandWatch
from genmodels_ros.nodes.simulation.topics import ROBOTS, add_latched
from genmodels_ros.simulation.catalogue import DEMO_FLOOR, WORLDS, describe_world


class WorldDescriptionNode(ManagedNode):
    """Publishes `obstacles` and `map` once, for everybody who comes later too.

    What is loose is told where it starts: nothing here sees it being pushed.
    """

    PARAMETERS = (
        *ManagedNode.PARAMETERS,
        Parameter("world", "both", "Which world is described", choices=WORLDS, load_time=True),
        Parameter("floor.seed", DEMO_FLOOR, "Random floor plan; -1: the demo's", range=(-1, 2**31), load_time=True),
        ROBOTS,
        *CommandWatch.PARAMETERS,
    )

    def __init__(self, **options):
        super().__init__("world_description", **options)

    def configure(self):
        world, floor_seed, bases = (self.value(name) for name in ("world", "floor.seed", "robots"))
        description = describe_world(world, floor_seed, camera=False, bases=tuple(bases))
        self._latched = add_latched(self, description)
        self._watch = CommandWatch(self, description.bases if description.floor is not None else ())

    def activate(self):
        self._watch.activate()
        # Publishers are enabled when activation has ended; time of the simulation may not have begun.
        self._timer = self.add_timer(0.05, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def publish(self):
        """Says it all, once."""
        if not self.active:
            return
        self._timer.cancel()
        for publisher, message in self._latched:
            message.header.stamp = self.get_clock().now().to_msg()
            publisher.publish(message)


main = main_for(WorldDescriptionNode)
