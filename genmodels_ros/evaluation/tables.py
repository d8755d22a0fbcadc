"""Results as a table that a person reads as Markdown and a program as JSON; the README's numbers are printed by it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def _text(value) -> str:
    if isinstance(value, float):
        return f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:.0f}"
    return "—" if value is None else str(value)


@dataclass(frozen=True)
class Table:
    """A title, column names and rows of equal length; cells are str, int, float or None. notes: sentences below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: row {row} has {len(row)} cells, expected {len(self.columns)}")

    def markdown(self) -> str:
        """The table in GitHub's Markdown, columns aligned for reading in a terminal."""
        cells = [self.columns, *[tuple(_text(value) for value in row) for row in self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in cells
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return f"**{self.title}**\n\n" + "\n".join(lines) + "".join(f"\n\n{note}" for note in self.notes)

    def as_dict(self) -> dict:
        """For JSON: title, a list of {column: value}, notes."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def spread(values: Sequence[float | None], form: str = "{:#.3g}") -> str | float | None:
    """A cell for a figure measured several times: "median (least to greatest)"; the figure itself if it was once."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return known[0] if known else None
    low, middle, high = (form.format(value).rstrip(".") for value in np.quantile(known, (0, 0.5, 1)))
    return middle if low == high else f"{middle} ({low} to {high})"
