"""Any message → the numbers that a list of paths picks from it.

position                    all of an array; `velocity[2]` one of it, `ranges[::15]` every fifteenth
effort[panda_joint4]        the one that the message's `name` array calls so, wherever it stands today
twist.twist.linear.x        a number; `twist.twist.linear` all numbers of a part; an empty path the whole message
"""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

NUMBERS = {"float", "double", "boolean"} | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
STEP = re.compile(r"([A-Za-z]\w*)(?:\[([^\[\]]+)\])?")
SLICE = re.compile(r"(-?\d+)?:(-?\d+)?(?::(\d+))?")
MOST = 512  # numbers of a row
SKIPPED = {"header"}  # of what is expanded: stamps are no measurement


def message_type(name: str) -> type:
    """The class of `package/msg/Type` or `package/Type`. Raises GenModelsError(INVALID_CONFIG)."""
    parts = name.split("/")
    if not re.fullmatch(r"\w+(/msg)?/\w+", name):
        raise _refused(f"{name!r} is no message type: write it like sensor_msgs/msg/JointState.")
    try:
        return getattr(importlib.import_module(f"{parts[0]}.msg"), parts[-1])
    except (ImportError, AttributeError) as error:
        raise _refused(f"The message type {name} is not installed here ({error}).") from error


@dataclass(frozen=True)
class _Leaf:
    """An attribute path to a number or an array of numbers, and what is picked from it."""

    steps: tuple[tuple[str, int | None], ...]
    is_array: bool
    pick: str | None = None
    asked: bool = True  # by its own name: then it may not be empty

    @property
    def name(self) -> str:
        return ".".join(step if index is None else f"{step}[{index}]" for step, index in self.steps)

    def of(self, message):
        for step, index in self.steps:
            message = getattr(message, step)
            message = message if index is None else message[index]
        return message


class NumericFields:
    """Reads the same D numbers from each message; which they are, the first one settles (`labels`).

    Raises GenModelsError(INVALID_CONFIG) for a path that the type does not have, naming what it has.
    """

    def __init__(self, kind: type, paths: list[str], infinity: float = 0.0):
        """infinity: what ±inf counts as, with its sign; 0 leaves it."""
        self.infinity, self.labels = infinity, None
        self._leaves = [leaf for path in paths or [""] for leaf in _leaves(kind, path.strip())]
        self._places: dict[tuple, list[np.ndarray]] = {}
        if not self._leaves:
            raise _refused(f"{kind.__name__} holds no numbers.")

    def read(self, message) -> np.ndarray | None:
        """[D] float64; None for a message about other joints.

        Raises GenModelsError(WRONG_LENGTH) for an array that is shorter than at first, or more than MOST numbers.
        """
        names = tuple(getattr(message, "name", ())) if isinstance(getattr(message, "name", ()), list) else ()
        values = [np.atleast_1d(np.asarray(self._value(leaf, message), dtype=float)) for leaf in self._leaves]
        if self.labels is None:
            self._settle(values, names)
        picked = self._picked(values, names)
        if picked is None:
            return None
        row = np.concatenate(picked)
        return np.where(np.isinf(row), np.sign(row) * self.infinity, row) if self.infinity else row

    def _value(self, leaf: _Leaf, message):
        try:
            return leaf.of(message)
        except IndexError as error:
            raise _wrong(f"{leaf.name} is not there in this message: {error}.") from error

    def _settle(self, values: list[np.ndarray], names: tuple[str, ...]) -> None:
        """Which numbers the first message has: each its leaf and, in arrays, its name or place."""
        wanted = []
        for leaf, value in zip(self._leaves, values, strict=True):
            if not leaf.is_array:
                wanted.append([(leaf.name, None)])
                continue
            picks = _picks(leaf, len(value), names)
            if not picks and leaf.asked:
                raise _wrong(f"{leaf.name} is empty: look whether its publisher fills it, or leave it out.")
            wanted.append([(f"{leaf.name}[{pick}]", pick) for pick in picks])
        count = sum(map(len, wanted))
        if not 0 < count <= MOST:
            raise _wrong(
                f"The fields give {count} numbers, 1 to {MOST} are taken: pick some, like ranges[::15]."
                if count else "The fields' arrays are empty: look whether somebody fills them."
            )  # fmt: skip
        self._wanted = [[pick for _, pick in part] for part in wanted]
        self.labels = tuple(label for part in wanted for label, _ in part)

    def _picked(self, values: list[np.ndarray], names: tuple[str, ...]) -> list[np.ndarray] | None:
        named = {pick for part in self._wanted for pick in part if isinstance(pick, str)}
        if named and not named & set(names):
            return None
        key = (names, *map(len, values))
        if key not in self._places:
            self._places = {key: [self._place(*each, names) for each in zip(self._leaves, values, self._wanted)]}  # noqa: B905
        return [value[place] for value, place in zip(values, self._places[key], strict=True)]

    @staticmethod
    def _place(leaf: _Leaf, value: np.ndarray, picks: list, names: tuple[str, ...]) -> np.ndarray:
        places = [
            0 if pick is None else names.index(pick) if isinstance(pick, str) and pick in names else pick
            for pick in picks
        ]
        absent = [str(place) for place in places if isinstance(place, str) or place >= len(value)]
        if absent:
            raise _wrong(f"{leaf.name} has {len(value)} numbers and none for {', '.join(absent[:5])}, unlike before.")
        return np.array(places, dtype=int)


def _picks(leaf: _Leaf, length: int, names: tuple[str, ...]) -> list[int | str]:
    """Places of an array of `length`, called by name where each has one."""
    if leaf.pick is not None and not re.fullmatch(r"-?\d+", leaf.pick) and not SLICE.fullmatch(leaf.pick):
        return [leaf.pick]
    places = list(range(length))
    if leaf.pick is not None and ":" in leaf.pick:
        places = places[slice(*(int(part) if part else None for part in SLICE.fullmatch(leaf.pick).groups()))]
    elif leaf.pick is not None:
        if not -length <= int(leaf.pick) < length:
            raise _wrong(f"{leaf.name} has {length} numbers, none at {leaf.pick}.")
        places = [int(leaf.pick) % length]
    return [names[place] for place in places] if len(names) == length == len(set(names)) else places


def _leaves(kind: type, path: str) -> Iterator[_Leaf]:
    """What a path leads to in messages of a type, by the type's own description of itself."""
    steps: tuple[tuple[str, int | None], ...] = ()
    parts = _split(path) if path else []
    for position, part in enumerate(parts):
        found = STEP.fullmatch(part)
        types = kind.get_fields_and_field_types()
        if not found or found[1] not in types:
            raise _refused(f"{kind.__name__} has no field {part!r}; it has: {', '.join(types)}.")
        name, pick = found.groups()
        base, is_array = _element(types[name])
        if pick is not None and not is_array:
            raise _refused(f"{name} of {kind.__name__} is no array: leave [{pick}] out.")
        if base in NUMBERS:
            if position + 1 < len(parts):
                raise _refused(f"{name} of {kind.__name__} is a number: nothing can follow it in {path!r}.")
            if pick is not None and ":" in pick and not SLICE.fullmatch(pick):
                raise _refused(f"[{pick}] is no slice: write it like [0:10] or [::15].")
            yield _Leaf((*steps, (name, None)), is_array, pick)
            return
        if "/" not in base:
            raise _refused(f"{name} of {kind.__name__} is a {base}, no number: choose another field.")
        if is_array and not re.fullmatch(r"\d+", pick or ""):
            raise _refused(f"{name} of {kind.__name__} is a list of parts: pick one, like {name}[0].")
        steps, kind = (*steps, (name, int(pick) if is_array else None)), message_type(base)
    yield from _expanded(kind, steps)


def _expanded(kind: type, steps: tuple) -> Iterator[_Leaf]:
    """Every number of a part, but for stamps and lists of parts."""
    for name, described in kind.get_fields_and_field_types().items():
        base, is_array = _element(described)
        if base in NUMBERS:
            yield _Leaf((*steps, (name, None)), is_array, asked=False)
        elif "/" in base and not is_array and name not in SKIPPED:
            yield from _expanded(message_type(base), (*steps, (name, None)))


def _split(path: str) -> list[str]:
    """At the dots, but for those within brackets: a joint's name may hold some."""
    return re.split(r"\.(?![^\[]*\])", path)


def _element(described: str) -> tuple[str, bool]:
    """(type of one, whether there are several) of double, double[36], sequence<double>, sequence<double, 8>."""
    found = re.fullmatch(r"sequence<([^,>]+)(?:, *\d+)?>|([^\[]+)\[\d+\]", described)
    return (found[1] or found[2], True) if found else (described, False)


def _refused(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.INVALID_CONFIG, message)


def _wrong(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.WRONG_LENGTH, message)
