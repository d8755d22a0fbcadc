"""LeRobot datasets (v3.0), written: each variant of the whole source is an episode, so that frames keep their order.

OUT/meta/info.json, stats.json, tasks.parquet, episodes/chunk-000/file-000.parquet
OUT/data/chunk-000/file-000.parquet    a file an episode; images are PNGs inside
OUT/rejected/<name>.json

Columns: observation.images.camera; labels [H, W], where there are some; action (forward, turning), of recordings with
commands; provenance, the sidecar as JSON; and LeRobot's five indices. Frames that the gate rejects are missing from
their episode: `timestamp` runs on as if they had never been, the sidecar has the true one.
"""

import json
from pathlib import Path

import numpy as np

from genmodels_ros.data.formats import lerobot_schema as schema
from genmodels_ros.data.formats.folder import write_sidecar
from genmodels_ros.data.formats.lerobot_episode import Episode
from genmodels_ros.data.formats.lerobot_statistics import PixelStatistics, number_statistics
from genmodels_ros.data.labelled_images import ImageSource, Sample
from genmodels_ros.data.xmp import encode_synthetic_png
from genmodels_ros.errors import ErrorCode, GenModelsError

RATE = 10  # Hz, of images without stamps
TASK = "look at the scene in another light, weather or sensor"


class LeRobotWriter:
    """All images must have one size, and all the same kinds of labels: others raise GenModelsError(INVALID_IMAGE)."""

    def __init__(self, out: Path, source: ImageSource):
        schema.pyarrow()
        self._out, self._features, self._episodes = out, None, {}

    def add(self, sample: Sample) -> None:
        source = sample.source
        if sample.image is None:
            write_sidecar(self._out / "rejected", sample.flat_name, sample.sidecar)
            return
        labels = None if source.labels is None else source.labels.dtype
        described = schema.features(sample.image.shape[:2], labels, source.command is not None)
        self._features = self._features or described
        if described != self._features:
            raise GenModelsError(ErrorCode.INVALID_IMAGE, _difference(self._features, described))
        png = encode_synthetic_png(sample.image, sample.sidecar)
        row = {
            schema.IMAGE: {"bytes": png, "path": f"{sample.flat_name}.png"},
            schema.PROVENANCE: json.dumps(sample.sidecar),
        }
        if source.labels is not None:
            row[schema.LABELS] = list(source.labels)
        if source.command is not None:
            row[schema.ACTION] = source.command
        num_bytes = len(png) + (0 if source.labels is None else source.labels.nbytes)
        self._episode(sample.variant).append(row, sample.image, num_bytes, source.stamp)

    def close(self) -> tuple[str, ...]:
        if not self._features:
            return ()
        fps, first, rows, numbers, pixels = self._fps(), 0, [], {}, PixelStatistics()
        for number, (_, episode) in enumerate(sorted(self._episodes.items())):
            place = {"chunk_index": number // schema.FILES_A_CHUNK, "file_index": number % schema.FILES_A_CHUNK}
            path = self._out / schema.DATA_PATH.format(**place)
            columns = episode.finish(path, self._features, episode=number, first=first, fps=fps)
            if episode.actions:
                columns[schema.ACTION] = np.array(episode.actions, np.float32)
            rows.append(_episode_row(number, episode, first, place, columns))
            first, pixels = first + episode.length, pixels + episode.pixels
            for name, values in columns.items():
                numbers.setdefault(name, []).append(values)
        stats = {name: number_statistics(np.concatenate(values)) for name, values in numbers.items()}
        self._write_meta(rows, {schema.IMAGE: pixels.as_dict(), **stats}, fps, first)
        return ()

    def _episode(self, variant: str) -> Episode:
        if variant not in self._episodes:
            self._episodes[variant] = Episode(self._out / f".{variant}.parquet", self._features)
        return self._episodes[variant]

    def _fps(self) -> int:
        """Of the recording, from the middle of its steps in time; LeRobot wants a whole number."""
        stamps = max((episode.stamps for episode in self._episodes.values()), key=len)
        steps = np.diff(sorted(set(stamps)))
        return max(1, round(1 / float(np.median(steps)))) if len(steps) else RATE

    def _write_meta(self, rows: list[dict], stats: dict, fps: int, total_frames: int) -> None:
        pa, pq = schema.pyarrow()
        meta = self._out / "meta"
        (meta / "episodes" / "chunk-000").mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), meta / "episodes" / "chunk-000" / "file-000.parquet")
        schema.write_tasks(self._out, [TASK])
        (meta / "stats.json").write_text(json.dumps(stats, indent=4) + "\n")
        info = {
            "codebase_version": schema.VERSION,
            "fps": fps,
            "features": self._features,
            "total_episodes": len(rows),
            "total_frames": total_frames,
            "total_tasks": 1,
            "chunks_size": schema.FILES_A_CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "data_path": schema.DATA_PATH,
            "video_path": None,
            "robot_type": None,
            "splits": {"train": f"0:{len(rows)}"},
        }
        (meta / "info.json").write_text(json.dumps(info, indent=4) + "\n")


def _episode_row(number: int, episode: Episode, first: int, place: dict, columns: dict) -> dict:
    stats = {schema.IMAGE: episode.pixels.as_dict(), **{name: number_statistics(v) for name, v in columns.items()}}
    return {
        "episode_index": number,
        "tasks": [TASK],
        "length": episode.length,
        "data/chunk_index": place["chunk_index"],
        "data/file_index": place["file_index"],
        "dataset_from_index": first,
        "dataset_to_index": first + episode.length,
        **{f"stats/{name}/{key}": value for name, found in stats.items() for key, value in found.items()},
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }


def _difference(first: dict, other: dict) -> str:
    sizes = ["x".join(str(n) for n in found[schema.IMAGE]["shape"][1::-1]) for found in (first, other)]
    if sizes[0] != sizes[1]:
        return f"A LeRobot dataset has images of one size: the first is {sizes[0]}, this one {sizes[1]}."
    return "A LeRobot dataset has the same columns everywhere: this image has other labels or commands than the first."
