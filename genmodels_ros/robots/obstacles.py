"""Solids that must not be touched, in the robot's base frame.

Sizes and orientations are checked here, once: every Scene that exists is usable. Convention: quat_xyzw (ROS), metres.
An obstacle's touch_links name links, and things carried, that may touch it all the same.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

IDENTITY_XYZW = (0.0, 0.0, 0.0, 1.0)
LARGEST = 1e3  # m; contact with what is larger or farther away is not found to the millimetre any more


def _vector(values, length: int, what: str) -> np.ndarray:
    vector = np.asarray(values, dtype=float)
    if vector.shape != (length,):
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"{what} needs {length} numbers, got {vector.size}.")
    if not (np.abs(vector) <= LARGEST).all():
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE, f"{what} must be finite and within {LARGEST:g} m, got {vector.tolist()}."
        )
    return vector


def _positive(value, what: str) -> float:
    if not 0 < value <= LARGEST:
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE, f"{what} must be positive and at most {LARGEST:g} m, got {value}."
        )
    return float(value)


def _unit_quaternion(values, what: str) -> np.ndarray:
    quaternion = _vector(values, 4, what)
    norm = np.linalg.norm(quaternion)
    if abs(norm - 1) > 1e-2:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"{what} must be a unit quaternion, its norm is {norm:.3g}.")
    return quaternion / norm


@dataclass(frozen=True)
class Box:
    """center [3] m, dims [3] full side lengths m, quat_xyzw [4]."""

    center: np.ndarray
    dims: np.ndarray
    quat_xyzw: np.ndarray = field(default=IDENTITY_XYZW)
    id: str = ""
    touch_links: tuple[str, ...] = ()

    def __post_init__(self):
        dims = _vector(self.dims, 3, f"dims of box {self.id!r}")
        for side in dims:
            _positive(side, f"each side of box {self.id!r}")
        object.__setattr__(self, "dims", dims)
        object.__setattr__(self, "center", _vector(self.center, 3, f"center of box {self.id!r}"))
        object.__setattr__(self, "quat_xyzw", _unit_quaternion(self.quat_xyzw, f"orientation of box {self.id!r}"))


@dataclass(frozen=True)
class Cylinder:
    """center [3] m, radius m, height m along its own z axis, quat_xyzw [4]."""

    center: np.ndarray
    radius: float
    height: float
    quat_xyzw: np.ndarray = field(default=IDENTITY_XYZW)
    id: str = ""
    touch_links: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "radius", _positive(self.radius, f"radius of cylinder {self.id!r}"))
        object.__setattr__(self, "height", _positive(self.height, f"height of cylinder {self.id!r}"))
        object.__setattr__(self, "center", _vector(self.center, 3, f"center of cylinder {self.id!r}"))
        object.__setattr__(self, "quat_xyzw", _unit_quaternion(self.quat_xyzw, f"orientation of cylinder {self.id!r}"))


@dataclass(frozen=True)
class Sphere:
    """center [3] m, radius m."""

    center: np.ndarray
    radius: float
    id: str = ""
    touch_links: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "radius", _positive(self.radius, f"radius of sphere {self.id!r}"))
        object.__setattr__(self, "center", _vector(self.center, 3, f"center of sphere {self.id!r}"))


Obstacle = Box | Cylinder | Sphere


@dataclass(frozen=True, eq=False)
class Attached:
    """Something that a link carries: solids in the link's frame, and the other links that may touch it."""

    id: str
    link: str
    solids: tuple[Obstacle, ...]
    touch_links: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinkMargin:
    """How much farther a link, with what it carries, keeps from obstacles; never less than its own geometry.

    padding: m, >= 0; scale: >= 1, grows the ball around the link, whose growth in m counts as padding
    """

    link: str
    padding: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Scene:
    """All obstacles around the robot, in its base frame, and what it carries among them.

    allowed: pairs of links, or things carried, that may touch each other beside those that the robot knows itself
    margins: at most one a link counts, the largest
    """

    obstacles: tuple[Obstacle, ...] = ()
    attached: tuple[Attached, ...] = ()
    allowed: tuple[tuple[str, str], ...] = ()
    margins: tuple[LinkMargin, ...] = ()

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(o for o in self.obstacles if isinstance(o, Box))

    @property
    def cylinders(self) -> tuple[Cylinder, ...]:
        return tuple(o for o in self.obstacles if isinstance(o, Cylinder))

    @property
    def spheres(self) -> tuple[Sphere, ...]:
        return tuple(o for o in self.obstacles if isinstance(o, Sphere))

    @property
    def without_obstacles(self) -> "Scene":
        """What is the robot's own: what it carries, may touch and keeps clear."""
        return replace(self, obstacles=())

    def __add__(self, other: "Scene") -> "Scene":
        names = [part.name for part in fields(Scene)]
        return Scene(**{name: getattr(self, name) + getattr(other, name) for name in names})
