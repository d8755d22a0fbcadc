"""What became of every image: counts, and what was skipped or rejected and why, in OUT/summary.jsonl.

One JSON object a line: {"skipped", "reason"} for each image as it happens, and the totals last. JSON Lines, as the
*.json files of OUT are sidecars, and as a run of a million images, or one that broke off, is still to be read.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from genmodels_ros.data.labelled_images import Sample, SourceImage

NAME = "summary.jsonl"
SHOWN = 20  # problems kept in memory, and shown


@dataclass(frozen=True)
class Summary:
    """`images` were used, `skipped` could not be; `problems` are (name, reason) of the first SHOWN of those."""

    images: int
    written: int
    rejected: int
    skipped: int
    duplicates: int  # images whose pixels came before; they are augmented, too
    rejection_reasons: dict[str, int]
    notes: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]
    out: Path

    @property
    def first_problem(self) -> str:
        return self.problems[0][1] if self.problems else "there is none."

    def __str__(self) -> str:
        lines = [f"{self.written} variants of {self.images} images written to {self.out}, {self.rejected} rejected"]
        lines += [f"rejected {count}: {reason}" for reason, count in self.rejection_reasons.items()]
        if self.duplicates:
            lines.append(f"{self.duplicates} images are duplicates of others: their variants count double in training")
        lines += [f"skipped {name}: {reason}" for name, reason in self.problems]
        if self.skipped > len(self.problems):
            lines.append(f"and {self.skipped - len(self.problems)} more skipped: see {self.out / NAME}")
        return "\n".join([*lines, *self.notes])


class SummaryFile:
    """Counts as it goes; use it in `with`."""

    def __init__(self, out: Path):
        self._out, self._file = out, None
        self._images = self._written = self._rejected = self._skipped = self._duplicates = 0
        self._reasons, self._problems, self._seen = Counter(), [], set()

    def __enter__(self):
        self._file = (self._out / NAME).open("w")
        return self

    def __exit__(self, *exception):
        self._file.close()

    def see(self, item: SourceImage) -> None:
        """Counts an image as read, or as skipped with its problem."""
        if item.image is None:
            self.skip(item.name, item.problem)
            return
        self._images += 1
        digest = hashlib.blake2b(
            np.ascontiguousarray(item.image), digest_size=12, key=repr(item.image.shape).encode()
        ).digest()
        self._duplicates += digest in self._seen
        self._seen.add(digest)

    def skip(self, name: str, reason: str) -> None:
        self._skipped += 1
        self._problems = [*self._problems, (name, reason)][:SHOWN]
        self._file.write(json.dumps({"skipped": name, "reason": reason}) + "\n")

    def store(self, sample: Sample) -> None:
        if sample.image is not None:
            self._written += sample.variant != "source"
            return
        self._rejected += 1
        self._reasons[re.sub(r"\d+(\.\d+)?", "…", sample.sidecar["rejection_reason"])] += 1

    def finish(self, notes: tuple[str, ...]) -> Summary:
        """Appends the totals."""
        counts = (self._images, self._written, self._rejected, self._skipped, self._duplicates)
        summary = Summary(*counts, dict(self._reasons), notes, tuple(self._problems), self._out)
        totals = {name: value for name, value in asdict(summary).items() if name not in ("problems", "out")}
        with (self._out / NAME).open("a") as file:
            file.write(json.dumps(totals) + "\n")
        return summary
