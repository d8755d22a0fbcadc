"""The local planner's parameters and the settings they make."""

from dataclasses import replace

from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.drive_costs import DriveWeights
from genmodels_ros.pipelines.mobile.local_planning import LocalPlannerSettings
from genmodels_ros.pipelines.mobile.mppi import Bounds, MppiSettings
from genmodels_ros.pipelines.mobile.stopping import Braking

LIMITS, SEARCH, WEIGHTS, BRAKING = Bounds(), MppiSettings(), DriveWeights(), Braking()
DEFAULTS = LocalPlannerSettings()

PARAMETERS = (
    Parameter("base_frame", "base_link", "Frame of commands; goals may be given in it", load_time=True),
    Parameter("stamped_cmd_vel", False, "cmd_vel is a TwistStamped instead of a Twist", load_time=True),
    Parameter("rate", 10.0, "Commands a second; decisions come at the model's pace", "Hz", (5.0, 50.0), load_time=True),
    Parameter("seed", 0, "Of every random choice", range=(0, 2**31), load_time=True),
    Parameter("tolerance", 0.3, "From the goal that is near enough, where a goal says 0", "m", (0.05, 5.0)),
    Parameter("scan.max_age", 0.5, "The base stands while the last usable scan is older", "s", (0.05, 5.0)),
    Parameter("scan.patience", 5.0, "A drive ends after so long without a usable scan", "s", (0.1, 600.0)),
    Parameter("limits.forwards", LIMITS.forwards, "Fastest speed ahead", "m/s", (0.05, 3.0), load_time=True),
    Parameter("limits.backwards", LIMITS.backwards, "Fastest speed backwards", "m/s", (0.0, 3.0), load_time=True),
    Parameter(
        "limits.turn_rate",
        LIMITS.turn_rate,
        "Fastest turn on the spot or in a bend",
        "rad/s",
        (0.1, 6.0),
        load_time=True,
    ),
    Parameter(
        "limits.acceleration", LIMITS.acceleration, "Highest acceleration", "m/s^2", (0.05, 10.0), load_time=True
    ),
    Parameter(
        "limits.turn_acceleration",
        LIMITS.turn_acceleration,
        "Highest turn acceleration",
        "rad/s^2",
        (0.1, 30.0),
        load_time=True,
    ),
    Parameter("search.samples", SEARCH.samples, "Command sequences an iteration", range=(16, 2048), load_time=True),
    Parameter("search.iterations", SEARCH.iterations, "Of a decision", range=(1, 10), load_time=True),
    Parameter("search.temperature", SEARCH.temperature, "Of the weights", "m", (1e-4, 10.0), load_time=True),
    Parameter("weights.collision", WEIGHTS.collision, "Way a collision is worth", "m", (0.1, 1000.0), load_time=True),
    Parameter("stop.margin", BRAKING.margin, "Left between hull and obstacle", "m", (0.0, 1.0), load_time=True),
    Parameter("stop.reaction", BRAKING.reaction, "Until brakes act", "s", (0.0, 2.0), load_time=True),
    Parameter("stop.deceleration", BRAKING.deceleration, "Of braking", "m/s^2", (0.05, 10.0), load_time=True),
    Parameter("stop.probability", DEFAULTS.cornered, "Of a touch within 0.4 s", range=(0.01, 1.0), load_time=True),
)


def planner_settings(node: ManagedNode) -> LocalPlannerSettings:
    """The settings that the node's parameters ask for."""
    value = node.value
    return LocalPlannerSettings(
        Bounds(**{name: value(f"limits.{name}") for name in vars(LIMITS)}),
        replace(SEARCH, **{name: value(f"search.{name}") for name in ("samples", "iterations", "temperature")}),
        replace(WEIGHTS, collision=value("weights.collision")),
        replace(BRAKING, **{name: value(f"stop.{name}") for name in ("margin", "reaction", "deceleration")}),
        value("stop.probability"),
    )
