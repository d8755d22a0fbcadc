"""What a planner says of contacts beside its objects: who may touch whom, and how far links keep from obstacles.

Rules only add to what the robot's own description says. What they ask for and cannot be had is told, a sentence each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import LinkMargin
from genmodels_ros.robots.scene.allowed_collisions import AllowedCollisions
from genmodels_ros.robots.urdf import read_disabled_pairs


@dataclass(frozen=True)
class ContactRules:
    """allowed: of links, objects and what is carried, by their names; links: all of the robot's
    padding: {link: m}; scale: {link: factor}; as given, both finite
    """

    allowed: AllowedCollisions = field(default_factory=AllowedCollisions)
    padding: dict[str, float] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    def touching(self, id: str, carried: Iterable[str]) -> tuple[str, ...]:
        """The links, and the things carried, that may touch the object with an id."""
        return tuple(name for name in (*self.links, *carried) if self.allowed.allows(name, id))

    @property
    def margins(self) -> tuple[LinkMargin, ...]:
        """What is asked for in excess of a link's own geometry: a negative padding is 0, a scale below 1 is 1."""
        found = (
            LinkMargin(link, max(self.padding.get(link, 0.0), 0.0), max(self.scale.get(link, 1.0), 1.0))
            for link in self.links
        )
        return tuple(margin for margin in found if margin.padding > 0 or margin.scale > 1)

    def remarks(self, objects: Iterable[str], robot: Robot) -> list[str]:
        """What of the rules counts for nothing, or other than it says, among objects of these ids."""
        return [*self._nobodies(objects), *self._smaller(), *self._beside_the_description(robot)]

    def _nobodies(self, objects: Iterable[str]):
        known = {*self.links, *objects}
        for name in sorted(self.allowed.names - known):
            yield f"The allowed collision matrix names {name!r}, neither a link nor an object known: not counted yet."
        padded = {link for link, padding in self.padding.items() if padding > 0}
        scaled = {link for link, scale in self.scale.items() if scale > 1}
        for name in sorted((padded | scaled) - set(self.links)):
            yield f"Padding or scale is given for {name!r}, which is no link of the robot: not counted."

    def _smaller(self):
        for link, padding in self.padding.items():
            if padding < 0:
                yield f"The padding of {link!r}, {padding:g} m, counts as 0: no link is taken for less than it is."
        for link, scale in self.scale.items():
            if scale < 1:
                yield f"The scale of {link!r}, {scale:g}, counts as 1: no link is taken for less than it is."

    def _beside_the_description(self, robot: Robot):
        checked, disabled = {frozenset(pair) for pair in robot.collision_pairs}, read_disabled_pairs(robot.source.srdf)
        ours = set(robot.source.settings["spheres"])
        for pair, value in self.allowed.pairs.items():
            if not pair <= ours:
                continue
            names = " and ".join(sorted(pair))
            if value and pair in checked and pair in disabled:
                yield f"{names} are checked: of pairs that the SRDF lets touch the robot's settings have the last word."
            elif not value and pair not in checked:
                yield f"{names} are not checked, though the matrix says so: the robot's description lets them touch."
