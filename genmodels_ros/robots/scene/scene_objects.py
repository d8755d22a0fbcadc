"""Named objects around a robot and on it, as a planner's scene keeps them: each with a pose, shapes and subframes.

An object is an obstacle, or carried by a link, never both. What could not be read stays a problem until it is said
again or taken away: planning without it would be a lie. Rules of contact go by names, and wait for objects to come.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from genmodels_ros.errors import GenModelsError
from genmodels_ros.robots.obstacles import Attached, Obstacle, Scene
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.scene.placed import placed


@dataclass(frozen=True, eq=False)
class SceneObject:
    """pose: [4, 4] of the object in the robot's base frame, or in `link` if one carries it
    shapes: (pose [4, 4] in the object, solids in the shape) of each; subframes: {name: pose [4, 4] in the object}
    """

    id: str
    pose: np.ndarray
    shapes: tuple[tuple[np.ndarray, tuple[Obstacle, ...]], ...]
    subframes: dict[str, np.ndarray] = field(default_factory=dict)
    link: str = ""
    touch_links: tuple[str, ...] = ()

    @cached_property
    def solids(self) -> tuple[Obstacle, ...]:
        """In the frame of `pose`, each called as the object is."""
        return tuple(
            replace(placed(solid, self.pose @ pose), id=self.id) for pose, solids in self.shapes for solid in solids
        )

    @cached_property
    def signature(self) -> tuple:
        """The same for objects that are the same."""
        frames = [self.pose, *(pose for pose, _ in self.shapes), *self.subframes.values()]
        sizes = [value for solid in self.solids for value in (type(solid).__name__, *vars(solid).values())]
        words = (self.id, self.link, self.touch_links, tuple(self.subframes))
        return words, tuple(
            value if isinstance(value, str) else np.asarray(value).tobytes() for value in frames + sizes
        )

    @cached_property
    def attached(self) -> Attached:
        return Attached(self.id, self.link, self.solids, self.touch_links)


@dataclass(frozen=True, eq=False)
class ObjectScene:
    """objects by id; problems: why something is not among them, by the id of it."""

    objects: dict[str, SceneObject] = field(default_factory=dict)
    problems: dict[str, GenModelsError] = field(default_factory=dict)
    rules: ContactRules = field(default_factory=ContactRules)

    def put(self, thing: SceneObject) -> "ObjectScene":
        """With an object, new or in place of the one with its id; the same scene where that is the same.

        So a planner may say the same again and again, and nothing is judged or made anew.
        """
        before = self.objects.get(thing.id)
        if before is not None and thing.id not in self.problems and before.signature == thing.signature:
            return self
        return replace(self, objects=self.objects | {thing.id: thing}, problems=_without(self.problems, thing.id))

    def drop(self, id: str) -> "ObjectScene":
        """Without an object, whether it was there or not."""
        if id not in self.objects and id not in self.problems:
            return self
        return replace(self, objects=_without(self.objects, id), problems=_without(self.problems, id))

    def fail(self, id: str, error: GenModelsError) -> "ObjectScene":
        """With an object that could not be read, in place of the one with its id."""
        return replace(self, objects=_without(self.objects, id), problems=self.problems | {id: error})

    def ruled(self, rules: ContactRules) -> "ObjectScene":
        """With other rules; the same scene where these are the same."""
        return self if rules == self.rules else replace(self, rules=rules)

    @cached_property
    def scene(self) -> Scene:
        """Raises the GenModelsError of the first problem."""
        for error in self.problems.values():
            raise error
        carried = [thing for thing in self.objects.values() if thing.link]
        names, rules = [thing.id for thing in carried], self.rules
        around = []
        for thing in self.objects.values():
            if not thing.link:
                touching = rules.touching(thing.id, names)
                around += [replace(solid, touch_links=touching) for solid in thing.solids] if touching else thing.solids
        return Scene(
            tuple(around),
            tuple(thing.attached for thing in carried),
            rules.allowed.among((*rules.links, *names)),
            rules.margins,
        )


def _without(entries: dict, id: str) -> dict:
    return {key: value for key, value in entries.items() if key != id}
