"""The contract of a family of generative models over vectors: one vocabulary, so that one can replace another.

    x      [N, D]  vectors: a pose, a path's control points, a scan, an image laid out in a row
    c      [N, C]  what they depend on, or None
    z      [N, L]  a latent, where the family has one
    rng            a torch.Generator of the CPU, so that a seed means the same on every device

A family is the textbook's model in units of its own, about zero mean and unit variance; models/standardised.py puts a
data set's units around it, training/fitting.py fits it. `likelihood` says what `log_prob` is:

    exact      the log-density itself (flow, autoregressive, mixture)
    estimate   the log-density up to the error of a numerical integration (diffusion)
    bound      at most the log-density (VAE)
    none       there is none (GAN)
"""

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class FamilyConfig:
    """Settings of one model; a family adds its own and checks them in `check`.

    dimension: D; condition_dimension: C, 0 for none. Raises GenModelsError(INVALID_CONFIG) for a value it cannot use.
    """

    dimension: int
    condition_dimension: int = 0

    def __post_init__(self):
        for field in fields(self):
            self._check_type(field.name, getattr(self, field.name), field.type)
        self.within("dimension", 1, 1_000_000)
        self.within("condition_dimension", 0, 1_000_000)
        self.check()

    def check(self) -> None:
        """Refuses values by `within` and `one_of`."""

    @classmethod
    def from_dict(cls, settings: dict) -> "FamilyConfig":
        """From a card or the command line. Raises GenModelsError(INVALID_CONFIG) naming what there is to set."""
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                raise GenModelsError(ErrorCode.INVALID_CONFIG, f"No setting {name!r}; there are: {', '.join(known)}.")
        return cls(**settings)

    def within(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise GenModelsError(ErrorCode.INVALID_CONFIG, f"{name} must lie in {low} to {high}, got {value}.")

    def one_of(self, name: str, choices) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise GenModelsError(
                ErrorCode.INVALID_CONFIG, f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}."
            )

    @staticmethod
    def _check_type(name: str, value, expected: type) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = {int: whole, float: whole or isinstance(value, float)}.get(expected, isinstance(value, expected))
        if not fits:
            raise GenModelsError(ErrorCode.INVALID_CONFIG, f"{name} must be {expected.__name__}, got {value!r}.")


class Family(nn.Module):
    """Subclasses set `Config` and `likelihood`, fill in `sample` and what else they can; `loss` if gradients fit it."""

    Config: ClassVar[type[FamilyConfig]] = FamilyConfig
    likelihood: ClassVar[str] = "none"

    def __init__(self, config: FamilyConfig):
        super().__init__()
        self.config = config

    @classmethod
    def from_config(cls, config: dict) -> "Family":
        """Raises GenModelsError(INVALID_CONFIG) for settings it cannot use."""
        return cls(cls.Config.from_dict(config))

    def settings(self) -> dict:
        """The config as JSON holds it."""
        return asdict(self.config)

    def can(self, ability: str) -> bool:
        """Whether log_prob, encode, decode or loss is there."""
        return getattr(type(self), ability) is not getattr(Family, ability)

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """n draws [n, D], one for each row of condition [n, C]."""
        raise NotImplementedError

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """[N] nats; see `likelihood`. rng: for families that estimate it by drawing, None for a fixed one."""
        raise self._cannot("log_prob")

    def encode(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """The latent z [N, L]: for a flow exact, for a VAE the posterior's mean."""
        raise self._cannot("encode")

    def decode(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """x [N, D] from z."""
        raise self._cannot("decode")

    def reconstruct(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """decode(encode(x)): x itself for a flow, what the latent kept of it for a VAE."""
        return self.decode(self.encode(x, condition), condition)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """A scalar to descend on, of a batch."""
        raise self._cannot("loss")

    def warnings(self, x: Tensor, condition: Tensor | None = None) -> list[str]:
        """What is wrong with the fitted model, seen on rows it did not learn from: a sentence each, with a remedy."""
        return []

    def _cannot(self, ability: str) -> GenModelsError:
        return GenModelsError(
            ErrorCode.UNSUPPORTED,
            f"{type(self).__name__} has no {ability}: choose a family that does (docs/families.md).",
        )


def perceptron(
    inputs: int, outputs: int, width: int, layers: int, activation: type[nn.Module] = nn.SiLU
) -> nn.Sequential:
    """`layers` hidden layers of `width`."""
    sizes = [inputs, *[width] * layers]
    hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), activation())]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


def with_condition(x: Tensor, condition: Tensor | None) -> Tensor:
    """[N, D + C]."""
    return x if condition is None else torch.cat([x, condition], dim=-1)
