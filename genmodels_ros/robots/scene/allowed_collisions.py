"""Which bodies may touch which, as a planner's allowed collision matrix says it.

The rule is that of moveit_msgs/AllowedCollisionMatrix: the entry of two names counts; where there is none, the defaults
of those of the two that have one, all of them; where there is none either, the two must not touch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class AllowedCollisions:
    """pairs: {two names: whether they may touch}; defaults: {name: whether it may touch whatever has no entry}"""

    pairs: dict[frozenset[str], bool] = field(default_factory=dict)
    defaults: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def from_matrix(
        cls,
        names: Sequence[str],
        rows: Sequence[Sequence[bool]],
        default_names: Sequence[str] = (),
        default_values: Sequence[bool] = (),
    ) -> "AllowedCollisions":
        """Of a matrix [N, N] over N names. What it says twice must be true both times to count as true.

        Raises GenModelsError(WRONG_LENGTH) for one that is not square, or defaults without a value each.
        """
        if [len(row) for row in rows] != [len(names)] * len(names):
            message = f"The allowed collision matrix has {len(names)} names and no row of as many entries for each."
            raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{message} Send the whole matrix again.")
        if len(default_names) != len(default_values):
            message = f"{len(default_names)} names and {len(default_values)} values: send the whole matrix again."
            raise GenModelsError(ErrorCode.WRONG_LENGTH, f"The allowed collision matrix has defaults of {message}")
        pairs, defaults = {}, {}
        for i, j in combinations(range(len(names)), 2):
            pair = frozenset((names[i], names[j]))
            pairs[pair] = pairs.get(pair, True) and bool(rows[i][j] and rows[j][i])
        for name, value in zip(default_names, default_values, strict=True):
            defaults[name] = defaults.get(name, True) and bool(value)
        return cls(pairs, defaults)

    def allows(self, one: str, other: str) -> bool:
        """Whether two bodies may touch."""
        entry = self.pairs.get(frozenset((one, other)))
        if entry is not None:
            return entry
        defaults = [self.defaults[name] for name in (one, other) if name in self.defaults]
        return bool(defaults) and all(defaults)

    def among(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """All pairs of the names that may touch."""
        if not (self.pairs or self.defaults):
            return ()
        return tuple(pair for pair in combinations(names, 2) if self.allows(*pair))

    def without(self, names: set[str]) -> "AllowedCollisions":
        """The same without what is said of some names."""
        return AllowedCollisions(
            {pair: value for pair, value in self.pairs.items() if not pair & names},
            {name: value for name, value in self.defaults.items() if name not in names},
        )

    @property
    def names(self) -> set[str]:
        """All that something is allowed to."""
        allowed = (pair for pair, value in self.pairs.items() if value)
        return set().union(*allowed, (name for name, value in self.defaults.items() if value))
