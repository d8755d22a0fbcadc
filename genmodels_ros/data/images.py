"""Where images to be augmented come from, and how the results are stored: one door to all formats.

What is at a path is found by looking at it. What cannot be read comes along with its reason: nothing is lost silently.
"""

from pathlib import Path

from genmodels_ros.data.formats.bag import is_bag, read_bag
from genmodels_ros.data.formats.bag_writer import BagWriter
from genmodels_ros.data.formats.coco import annotation_files, read_coco
from genmodels_ros.data.formats.coco_writer import CocoWriter
from genmodels_ros.data.formats.folder import FolderWriter, image_files, read_folder
from genmodels_ros.data.formats.lerobot_writer import LeRobotWriter
from genmodels_ros.data.formats.recording import read_recording
from genmodels_ros.data.formats.tub_writer import TubWriter
from genmodels_ros.data.formats.webdataset_writer import WebDatasetWriter
from genmodels_ros.data.formats.yolo import looks_like_yolo, read_yolo
from genmodels_ros.data.formats.yolo_writer import YoloWriter
from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.labelled_images import ImageSource, Writer
from genmodels_ros.errors import ErrorCode, GenModelsError

AUTO, SAME = "auto", "same"
READERS = {"folder": read_folder, "bag": read_bag, "tub": read_recording, "coco": read_coco, "yolo": read_yolo}
WRITERS = {
    "folder": FolderWriter,
    "bag": BagWriter,
    "tub": TubWriter,
    "coco": CocoWriter,
    "yolo": YoloWriter,
    "lerobot": LeRobotWriter,
    "webdataset": WebDatasetWriter,
}


def open_images(path: Path, labels: Path | None = None, *, format: str = AUTO, topic: str | None = None) -> ImageSource:
    """Looks at `path` once. labels: a folder of masks for a folder of images; topic: which camera of a bag.

    Raises GenModelsError: INVALID_IMAGE if it is missing or holds no image, LABEL_MISMATCH for labels that cannot
    belong to it, UNKNOWN_ENCODING for an unknown format, and whatever a recording's reader raises.
    """
    path = Path(path)
    if not path.exists():
        raise invalid(f"{path}: no such file or folder.")
    if path.is_dir() and not any(path.iterdir()):
        raise invalid(f"{path} is empty.")
    format = detect(path) if format == AUTO else _known(format, READERS)
    if labels is not None and format != "folder":
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"--labels needs a folder of images; {path} is {_a(format)}.")
    if topic is not None and format != "bag":
        raise invalid(f"--topic needs a bag; {path} is {_a(format)}.")
    options = {"labels": labels} if format == "folder" else {"topic": topic} if format == "bag" else {}
    return READERS[format](path, **options)


def detect(path: Path) -> str:
    """The format of what is there; a recording's reader says what is wrong with anything else."""
    if path.is_dir() and is_bag(path):
        return "bag"
    if path.is_dir() and any(path.glob("*.catalog")):
        return "tub"
    if annotation_files(path):
        return "coco"
    if looks_like_yolo(path):
        return "yolo"
    return "folder" if image_files(path) else "tub"


def create_writer(format: str, out: Path, source: ImageSource) -> Writer:
    """Makes the folder `out`. Raises GenModelsError: INVALID_IMAGE if it holds something already or the format cannot
    hold the source; UNKNOWN_ENCODING for an unknown format, or one that needs a package that is missing."""
    out = Path(out)
    writer = WRITERS[out_format(format, source)]
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise invalid(f"{out} is not empty: choose another OUT, or remove it first.")
    out.mkdir(parents=True, exist_ok=True)
    return writer(out, source)


def out_format(format: str, source: ImageSource) -> str:
    """`same` is the source's; `auto`, too, but pictures of folders and recordings go to a plain folder."""
    if format == AUTO:
        return source.format if source.format in ("coco", "yolo") else "folder"
    return _known(source.format if format == SAME else format, WRITERS)


def _known(format: str, formats: dict) -> str:
    if format not in formats:
        raise GenModelsError(ErrorCode.UNKNOWN_ENCODING, f"Unknown format {format!r}; known: {', '.join(formats)}.")
    return format


def _a(format: str) -> str:
    return {"coco": "a COCO dataset", "yolo": "a YOLO dataset"}.get(format, f"a {format}")
