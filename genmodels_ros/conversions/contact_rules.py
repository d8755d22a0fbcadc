"""What a moveit_msgs/PlanningScene says of contacts → ContactRules; needs no moveit_msgs itself.

As MoveIt's PlanningScene applies it: a whole scene replaces all of it; of a difference a matrix with names replaces the
whole matrix, and padding and scale that of the links named.
"""

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import LARGEST
from genmodels_ros.robots.scene.allowed_collisions import AllowedCollisions
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.scene.scene_objects import ObjectScene

MATRIX, MARGINS = "<allowed collision matrix>", "<link padding>"  # among the problems


def with_rules(known: ObjectScene, message, robot: Robot) -> ObjectScene:
    """The objects under the rules of a message; before a whole scene nothing is known. What cannot be read is among the
    problems, and no rule.
    """
    allowed, padding, scale = known.rules.allowed, known.rules.padding, known.rules.scale
    matrix = message.allowed_collision_matrix
    if matrix.entry_names or not message.is_diff:
        try:
            allowed, known = to_allowed(matrix), known.drop(MATRIX)
        except GenModelsError as error:
            allowed, known = AllowedCollisions(), known.fail(MATRIX, error)
    if message.link_padding or message.link_scale:
        try:
            padding = padding | {entry.link_name: _number(entry.padding, entry) for entry in message.link_padding}
            scale = scale | {entry.link_name: _number(entry.scale, entry) for entry in message.link_scale}
            known = known.drop(MARGINS)
        except GenModelsError as error:
            known = known.fail(MARGINS, error)
    return known.ruled(ContactRules(allowed, padding, scale, robot.chain.link_names))


def to_allowed(matrix) -> AllowedCollisions:
    """Of an AllowedCollisionMatrix. Raises GenModelsError(WRONG_LENGTH)."""
    rows = [entry.enabled for entry in matrix.entry_values]
    return AllowedCollisions.from_matrix(
        matrix.entry_names, rows, matrix.default_entry_names, matrix.default_entry_values
    )


def _number(value: float, entry) -> float:
    if abs(value) <= LARGEST:
        return value
    message = f"The padding or scale of {entry.link_name!r} is {value}: send a number of at most {LARGEST:g}."
    raise GenModelsError(ErrorCode.NOT_FINITE, message)
