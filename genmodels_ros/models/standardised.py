"""A family's model with a data set's units around it: what a checkpoint holds and a user calls.

x = centre + spread * x',  c = condition_centre + condition_spread * c';  the family knows x', c' only
log p(x) = log p'(x') - sum_d log spread_d                                (change of variables)
"""

import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.family import Family
from genmodels_ros.models.registry import family_class

SMALLEST_SPREAD = 1e-9  # below it a column is a constant, and keeps its units


class Standardised(nn.Module):
    """Same methods as the family inside, in the data's units; condition is one row [C] for all, or one for each [N, C].

    Raises GenModelsError(WRONG_LENGTH, NOT_FINITE or INVALID_COUNT) for arrays it cannot use.
    """

    def __init__(self, family: str, core: Family):
        super().__init__()
        self.family, self.core = family, core
        D, C = core.config.dimension, core.config.condition_dimension
        for name, size, value in (
            ("centre", D, 0.0),
            ("spread", D, 1.0),
            ("condition_centre", C, 0.0),
            ("condition_spread", C, 1.0),
        ):
            self.register_buffer(name, torch.full((size,), value))

    @classmethod
    def of_family(cls, family: str, settings: dict) -> "Standardised":
        """A new model; settings include dimension and condition_dimension."""
        return cls(family, family_class(family).from_config(settings))

    @classmethod
    def from_config(cls, config: dict) -> "Standardised":
        """The model of a checkpoint's card; keys that start with `data_` describe the data and are kept."""
        settings = {k: v for k, v in config.items() if k != "family" and not k.startswith("data_")}
        model = cls.of_family(config["family"], settings)
        model.described = {k: v for k, v in config.items() if k.startswith("data_")}
        return model

    described: dict = {}  # noqa: RUF012  replaced, never changed

    @property
    def card_config(self) -> dict:
        """For a checkpoint's card."""
        return {"family": self.family, **self.core.settings(), **self.described}

    @property
    def likelihood(self) -> str:
        return self.core.likelihood

    @property
    def dtype(self) -> torch.dtype:
        return self.centre.dtype

    def can(self, ability: str) -> bool:
        """Whether log_prob, encode or decode is there."""
        return self.core.can(ability)

    @torch.no_grad()
    def measure(self, x: Tensor, condition: Tensor | None = None) -> None:
        """Takes the units from the training data: mean and standard deviation of every column."""
        for prefix, data in (("", x), ("condition_", condition)):
            if data is None:
                continue
            deviation = data.std(dim=0, correction=0)
            getattr(self, f"{prefix}centre").copy_(data.mean(dim=0))
            getattr(self, f"{prefix}spread").copy_(torch.where(deviation > SMALLEST_SPREAD, deviation, 1.0))

    @torch.no_grad()
    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator, **how) -> Tensor:
        """[n, D]. how: what the family's own `sample` takes beside, such as a temperature."""
        if n < 1:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"Ask for at least one sample, not {n}.")
        return self.centre + self.spread * self.core.sample(n, self.inner_condition(condition, n), rng=rng, **how)

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """[N] nats, of x [N, D] in the data's units; see `likelihood`."""
        inner = self.inner(x)
        return self.core.log_prob(inner, self.inner_condition(condition, len(inner)), rng=rng) - self.spread.log().sum()

    def encode(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """z [N, L]; latents have no units."""
        inner = self.inner(x)
        return self.core.encode(inner, self.inner_condition(condition, len(inner)))

    def decode(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """[N, D]."""
        return self.centre + self.spread * self.core.decode(z, self.inner_condition(condition, len(z)))

    def reconstruct(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """[N, D]."""
        inner = self.inner(x)
        return self.centre + self.spread * self.core.reconstruct(inner, self.inner_condition(condition, len(inner)))

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """The family's, of a batch in the data's units."""
        return self.core.loss(self.inner(x), self.inner_condition(condition, len(x)), rng)

    def warnings(self, x: Tensor, condition: Tensor | None = None) -> list[str]:
        """The family's."""
        return self.core.warnings(self.inner(x), self.inner_condition(condition, len(x)))

    def inner(self, x: Tensor) -> Tensor:
        """x in the family's units."""
        return (self._rows(x, "x", len(self.centre)) - self.centre) / self.spread

    def inner_condition(self, condition: Tensor | None, n: int) -> Tensor | None:
        """One row of the family's condition for each of n."""
        C = len(self.condition_centre)
        if (condition is None) != (C == 0):
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH,
                f"This model needs a condition of {C} numbers." if C else "This model takes no condition.",
            )
        if condition is None:
            return None
        rows = self._rows(condition if condition.ndim == 2 else condition[None].expand(n, -1), "condition", C)
        if len(rows) != n:
            raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{len(rows)} conditions for {n} vectors: give one, or {n}.")
        return (rows - self.condition_centre) / self.condition_spread

    def _rows(self, data: Tensor, name: str, columns: int) -> Tensor:
        if data.ndim != 2 or data.shape[1] != columns:
            raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{name} must be [N, {columns}], got {list(data.shape)}.")
        if not data.isfinite().all():
            raise GenModelsError(ErrorCode.NOT_FINITE, f"{name} holds NaN or infinity.")
        return data.to(self.centre)
