"""Recordings as a source of images: Donkey tubs and all else that data/recordings.py reads but bags, whose topics of
labels and calibrations formats/bag.py knows."""

from collections.abc import Iterator
from pathlib import Path

from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.labelled_images import ImageSource, SourceImage
from genmodels_ros.data.recordings import Recording, open_recording


def read_recording(path: Path) -> ImageSource:
    """Raises GenModelsError: INVALID_IMAGE if it holds no image, and whatever its reader raises."""
    recording = open_recording(path)
    if not recording.num_images:
        raise invalid(f"{path} holds no images.")
    return ImageSource(
        recording.num_images, lambda: _images(recording), format=recording.kind, notes=lambda: recording.notes
    )


def _images(recording: Recording) -> Iterator[SourceImage]:
    read, commands = 0, {command.stamp: command.twist for command in recording.commands}
    for read, frame in enumerate(recording.images(), start=1):
        twist = commands.get(frame.stamp)
        yield SourceImage(
            f"frame_{read - 1:06d}",
            str(recording.path),
            frame.stamp,
            frame.image,
            command=None if twist is None else (float(twist[0]), float(twist[1])),
        )
    if missing := recording.num_images - read:
        problem = f"The recording holds {missing} images fewer than its index says."
        yield SourceImage(recording.path.name, str(recording.path), problem=problem)
