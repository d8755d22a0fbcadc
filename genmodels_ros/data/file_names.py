"""Names from a dataset, which anybody may have written, made fit for files."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from genmodels_ros.errors import ErrorCode, GenModelsError

MAX_LENGTH = 150  # characters: with what is added it stays below the 255 bytes of common file systems


def safe_name(text: str) -> str:
    """Letters, digits, '_' and '-' of `text`; no dot, as WebDataset ends a name at the first one."""
    return re.sub(r"[^\w-]+", "_", text)[:MAX_LENGTH].strip("_") or "image"


def unique_names(files: Iterable[str | Path]) -> list[str]:
    """A name for each file from its path without suffix; with it where two share a stem; numbered where even that
    is the same. A name depends on no other file unless they would collide."""
    files = [PurePosixPath(file) for file in files]
    stems = [safe_name(str(file.with_suffix(""))) for file in files]
    shared, names, taken = Counter(stems), [], set()
    for file, stem in zip(files, stems, strict=True):
        first = name = stem if shared[stem] == 1 else safe_name(str(file))
        number = 2
        while name in taken:
            name, number = f"{first}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def inside(root: Path, name: str) -> Path:
    """`root / name`. Raises GenModelsError(INVALID_IMAGE) for a name that leads out of `root`."""
    parts = PurePosixPath(str(name).replace("\\", "/"))
    if not parts.parts or parts.is_absolute() or ".." in parts.parts or re.match(r"[A-Za-z]:", str(name)):
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"File name {name!r} leads out of the dataset: only files inside it are read."
        )
    return Path(root) / parts
