"""YOLO datasets, read: images/ and labels/ side by side and a data.yaml (https://docs.ultralytics.com/datasets/).

A label file has a line an object: class, then centre x, centre y, width, height, or the corners of a polygon, all as
shares of the upright image's width and height. As YOLO's trainers do, an image whose labels are out of range is left
out, with its reason, and one without a label file shows background.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genmodels_ros.data.file_names import inside, unique_names
from genmodels_ros.data.formats.folder import SUFFIXES, UNREAD_SUFFIXES
from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.labelled_images import Category, ImageSource, Instance, SourceImage
from genmodels_ros.data.orientation import decode_oriented
from genmodels_ros.errors import ErrorCode, GenModelsError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class _File:
    image: Path
    labels: Path
    name: str
    split: str


def description(path: Path) -> Path | None:
    """The YAML file that makes `path` a YOLO dataset, if there is one. Raises GenModelsError for a broken data.yaml."""
    if path.is_file():
        return path if path.suffix in (".yaml", ".yml") else None
    for file in (path / "data.yaml", path / "dataset.yaml"):
        if file.is_file() and "names" in _yaml(file):
            return file
    return next((file for file in sorted(path.glob("*.yaml")) if _lists_classes(file)), None)


def _lists_classes(file: Path) -> bool:
    """A YAML file of any name may be something else, such as OpenCV's calibrations, which are no proper YAML."""
    try:
        return "names" in _yaml(file)
    except GenModelsError:
        return False


def looks_like_yolo(path: Path) -> bool:
    """A description, or images/ and labels/ with text files."""
    if description(path) is not None:
        return True
    return (path / "images").is_dir() and next((path / "labels").glob("**/*.txt"), None) is not None


def read_yolo(path: Path) -> ImageSource:
    """Raises GenModelsError(INVALID_IMAGE) if the description is unusable or there is no image."""
    file = description(path)
    root, header = (path, {}) if file is None else (file.parent, _yaml(file))
    categories = _categories(header.get("names", {}))
    files, unread = [], 0
    for split, folder in _folders(root, header):
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        unread += sum(p.suffix.lower() in UNREAD_SUFFIXES for p in folder.rglob("*"))
        names = unique_names(p.relative_to(folder) for p in found)
        files += [_File(p, _labels_of(p), name, split) for p, name in zip(found, names, strict=True)]
    if not files:
        raise invalid(f"{path} holds no JPEG or PNG image where its data.yaml says, or in images/.")
    notes = (f"{unread} images that are neither JPEG nor PNG left out: convert them",) if unread else ()
    known = {category.id for category in categories}
    return ImageSource(
        len(files),
        lambda: (_read(file, known, "kpt_shape" in header) for file in files),
        format="yolo",
        categories=categories,
        header=header,
        notes=lambda: notes,
    )


def _yaml(file: Path) -> dict:
    import yaml

    try:
        content = yaml.safe_load(file.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise invalid(f"{file} cannot be read: {error}.") from error
    return content if isinstance(content, dict) else {}


def _categories(names) -> tuple[Category, ...]:
    try:
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return tuple(Category(int(number), str(name)) for number, name in pairs)
    except (TypeError, ValueError) as error:
        raise invalid(f'"names" in data.yaml must list the classes, got {names!r}.') from error


def _folders(root: Path, header: dict) -> Iterator[tuple[str, Path]]:
    """(split, folder) of each part. A path in data.yaml may be of another machine: what leads out of the dataset is
    taken from its root, as YOLO's trainers do with '../train/images'."""
    listed = [(split, entry) for split in SPLITS for entry in _as_list(header.get(split))]
    done = set()  # small datasets name one folder for training and validation
    for split, entry in listed:
        entry = str(entry)
        while entry.startswith(("../", "./")):
            entry = entry.partition("/")[2]
        if entry.endswith(".txt"):
            raise invalid(f"{split}: {entry} is a list of images; give the folder that holds them.")
        folder = inside(root, entry)
        if folder not in done:
            yield split, folder
        done.add(folder)
    if not listed:
        parts = [split for split in SPLITS if (root / "images" / split).is_dir()]
        yield from ((split, root / "images" / split) for split in parts)
        if not parts:
            yield "train", root / "images"


def _as_list(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def _labels_of(image: Path) -> Path:
    """The last folder called images/ becomes labels/."""
    parts = list(image.with_suffix(".txt").parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts)


def _read(file: _File, known: set[int], key_points: bool) -> SourceImage:
    try:
        image = decode_oriented(file.image.read_bytes())
        lines = file.labels.read_text().splitlines() if file.labels.is_file() else []
        size = image.shape[1], image.shape[0]
        instances = tuple(_instance(line, size, known, key_points) for line in lines if line.strip())
    except (GenModelsError, OSError, ValueError) as error:
        return SourceImage(file.name, str(file.image), problem=str(error), split=file.split)
    return SourceImage(file.name, str(file.image), image=image, instances=instances, split=file.split)


def _instance(line: str, size: tuple[int, int], known: set[int], key_points: bool) -> Instance:
    """From one line; `size` is (width, height) in pixels."""
    try:
        category, *values = (float(word) for word in line.split())
    except ValueError as error:
        raise _bad_line(line, "is not a line of numbers") from error
    polygon = len(values) > 4 and not key_points
    if len(values) < 4 or not category.is_integer() or (polygon and (len(values) % 2 or len(values) < 6)):
        raise _bad_line(line, "needs a class and 4 numbers, or the corners of a polygon")
    if known and int(category) not in known:
        raise _bad_line(line, f"names class {int(category)}, which data.yaml does not list")
    if not all(0 <= value <= 1 for value in (values if polygon else values[:4])):
        raise _bad_line(line, "is out of range: coordinates are shares of the image, 0 to 1")
    width, height = size
    if polygon:
        x, y = [v * width for v in values[0::2]], [v * height for v in values[1::2]]
        box = (min(x), min(y), max(x) - min(x), max(y) - min(y))
        corners = tuple(value for corner in zip(x, y, strict=True) for value in corner)
        return Instance(int(category), box, polygons=(corners,), record=line)
    x, y, w, h = values[:4]
    return Instance(int(category), ((x - w / 2) * width, (y - h / 2) * height, w * width, h * height), record=line)


def _bad_line(line: str, why: str) -> GenModelsError:
    return GenModelsError(ErrorCode.LABEL_MISMATCH, f"Its label {line.strip()[:60]!r} {why}.")
