"""COCO object detection, read: images, and JSON files of what is in them (https://cocodataset.org/#format-data).

annotations/<split>.json, a JSON file itself, or one beside the images; the images in images/, in <split>/ or beside it.
What cannot be used (an annotation of an image that is not listed, of an unknown category, without box or mask) is
counted and said; an image that is missing or outside the dataset comes with its reason.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from genmodels_ros.data.file_names import inside, unique_names
from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.labelled_images import Category, ImageSource, Instance, SourceImage
from genmodels_ros.data.orientation import decode_oriented
from genmodels_ros.errors import GenModelsError

_BESIDE_IMAGES = ("*.coco.json", "instances*.json", "annotations.json")
_OF_THE_DATASET = ("info", "licenses", "categories")


@dataclass(frozen=True)
class _Split:
    name: str
    file: Path
    images: list[dict]
    annotations: dict[object, list[dict]]  # by image id
    header: dict
    notes: tuple[str, ...]


def annotation_files(path: Path) -> list[Path]:
    """The JSON files that may be COCO's; none if `path` does not look like it."""
    if path.is_file():
        return [path] if path.suffix == ".json" else []
    beside = [file for pattern in _BESIDE_IMAGES for file in path.glob(pattern)]
    splits = [file for pattern in _BESIDE_IMAGES for file in path.glob(f"*/{pattern}")]
    return sorted({*path.glob("annotations/*.json"), *beside, *splits})


def read_coco(path: Path) -> ImageSource:
    """Raises GenModelsError(INVALID_IMAGE) if no JSON file is COCO's or none names an image."""
    files = annotation_files(path)
    root = path if path.is_dir() else path.parent.parent if path.parent.name == "annotations" else path.parent
    splits = [split for file in files if (split := _load(file, alone=len(files) == 1)) is not None]
    count = sum(len(split.images) for split in splits)
    if not count:
        raise invalid(f'{path} names no image: a COCO file needs "images", "annotations" and "categories".')
    categories = {
        item["id"]: Category(item["id"], str(item["name"])) for s in splits for item in s.header["categories"]
    }
    left = [
        f"{file.name} left out: it holds no boxes or masks" for file in files if file not in {s.file for s in splits}
    ]
    return ImageSource(
        count,
        lambda: (image for split in splits for image in _images(root, split)),
        format="coco",
        categories=tuple(categories.values()),
        header={split.name: split.header for split in splits},
        notes=lambda: (*left, *(note for split in splits for note in split.notes)),
    )


def _load(file: Path, *, alone: bool) -> _Split | None:
    """None for a file of something else, such as COCO's captions, unless it is the only one."""
    try:
        data = json.loads(file.read_bytes())
        images, annotations = list(data["images"]), list(data["annotations"])
        header = {key: data[key] for key in _OF_THE_DATASET if key in data}
        categories = {item["id"] for item in header.setdefault("categories", []) if item["name"] is not None}
        known = {item["id"] for item in images if item["file_name"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if alone:
            reason = f"{type(error).__name__}: {error}"
            raise invalid(f"{file} is not a COCO file ({reason}); if IN is something else, say --format.") from error
        return None
    if annotations and not any(_is_object(item) for item in annotations):
        return None
    by_image, homeless, unknown, malformed = {}, 0, 0, 0
    for item in annotations:
        if not _is_object(item):
            malformed += 1
        elif item["image_id"] not in known:
            homeless += 1
        elif item["category_id"] not in categories:
            unknown += 1
        else:
            by_image.setdefault(item["image_id"], []).append(item)
    counts = (
        (homeless, "of images that the file does not list"),
        (unknown, "of unknown categories"),
        (malformed, "without a box or mask"),
    )
    notes = tuple(f"{file.name}: {count} annotations {what} left out" for count, what in counts if count)
    if shared := len(images) - len({item["id"] for item in images}):
        notes = (*notes, f"{file.name}: {shared} images share an id with another: each got all annotations of that id")
    return _Split(file.stem, file, images, by_image, header, notes)


def _is_object(item) -> bool:
    try:
        box = item["bbox"] if "bbox" in item else _bounds(item["segmentation"])
        return len([float(value) for value in box]) == 4 and {"image_id", "category_id"} <= item.keys()
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _bounds(polygons: list) -> list[float]:
    """Of polygons without a box; a run-length mask always comes with one."""
    x, y = [v for p in polygons for v in p[0::2]], [v for p in polygons for v in p[1::2]]
    return [min(x), min(y), max(x) - min(x), max(y) - min(y)]


def _images(root: Path, split: _Split):
    names = unique_names(str(item["file_name"]).replace("\\", "/") for item in split.images)
    for name, item in zip(names, split.images, strict=True):
        annotations = split.annotations.get(item["id"], [])
        size = (int(item["height"]), int(item["width"])) if annotations and {"height", "width"} <= item.keys() else None
        file = item["file_name"]
        try:
            file = _find(root, split, str(file))
            image = decode_oriented(file.read_bytes(), size)
            instances = tuple(_instance(annotation) for annotation in annotations)
        except (GenModelsError, OSError, ValueError, TypeError) as error:
            yield SourceImage(name, str(file), problem=str(error), split=split.name)
            continue
        yield SourceImage(name, str(file), image=image, instances=instances, split=split.name, native=item)


def _find(root: Path, split: _Split, name: str) -> Path:
    part = split.name.removeprefix("instances_")
    for folder in (
        root / "images",
        root / part,
        root / "images" / part,
        root / "images" / split.name,
        split.file.parent,
        root,
    ):
        if (found := inside(folder, name)).is_file():
            return found
    raise invalid(
        f"{name} is missing: neither in {root / 'images'}, nor in {root / part}, nor beside {split.file.name}."
    )


def _instance(record: dict) -> Instance:
    segmentation = record.get("segmentation") or []
    return Instance(
        category=record["category_id"],
        box=tuple(float(v) for v in (record["bbox"] if "bbox" in record else _bounds(segmentation))),
        polygons=() if isinstance(segmentation, dict) else tuple(tuple(map(float, p)) for p in segmentation),
        rle=segmentation if isinstance(segmentation, dict) else None,
        crowd=bool(record.get("iscrowd", 0)),
        record=record,
    )
