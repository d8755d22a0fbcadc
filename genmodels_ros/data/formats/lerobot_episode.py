"""One episode of a LeRobot dataset while it grows: rows on disk, without the columns that are known only at the end."""

from pathlib import Path

import numpy as np

from genmodels_ros.data.formats.lerobot_schema import ACTION, INDICES, arrow_schema, pyarrow
from genmodels_ros.data.formats.lerobot_statistics import PixelStatistics

GROUP_BYTES = 16 * 2**20  # of images and labels held in memory before they go to disk


class Episode:
    """Frames in their order. `finish` numbers them, which needs the lengths of the episodes before."""

    def __init__(self, path: Path, described: dict[str, dict]):
        pa, pq = pyarrow()
        self._path = path
        self._schema = pa.schema([field for field in arrow_schema(described) if field.name not in INDICES])
        self._writer = pq.ParquetWriter(path, self._schema)
        self._rows, self._bytes = [], 0
        self.length, self.pixels = 0, PixelStatistics()
        self.stamps: list[float] = []  # [s], of recordings
        self.actions: list[tuple[float, float]] = []

    def append(self, row: dict, image: np.ndarray, num_bytes: int, stamp: float | None) -> None:
        """`row`: a value for each column that is no index; `image` uint8 [H, W, 3] is what its PNG shows."""
        self._rows.append(row)
        self._bytes += num_bytes
        self.length += 1
        self.pixels.add(image)
        if stamp is not None:
            self.stamps.append(stamp)
        if ACTION in row:
            self.actions.append(row[ACTION])
        if self._bytes >= GROUP_BYTES:
            self._flush()

    def finish(self, path: Path, described: dict[str, dict], *, episode: int, first: int, fps: int) -> dict:
        """Moves the rows to `path` with their indices; returns those as {column: [N]}."""
        pa, pq = pyarrow()
        self._flush()
        self._writer.close()
        indices = index_columns(self.length, episode=episode, first=first, fps=fps)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema, done = arrow_schema(described), 0
        part = pq.ParquetFile(self._path)
        with part, pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=True) as writer:
            for group in range(part.num_row_groups):
                table = part.read_row_group(group)
                for name, values in indices.items():
                    table = table.append_column(name, pa.array(values[done : done + len(table)]))
                writer.write_table(table.cast(schema))
                done += len(table)
        self._path.unlink()
        return indices

    def _flush(self) -> None:
        pa, _ = pyarrow()
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0


def index_columns(length: int, *, episode: int, first: int, fps: int) -> dict[str, np.ndarray]:
    """As LeRobot's recorder numbers frames: `timestamp` is frame_index / fps, `index` counts through all episodes."""
    frames = np.arange(length)
    columns = {
        "timestamp": frames / fps,
        "frame_index": frames,
        "episode_index": np.full(length, episode),
        "index": first + frames,
        "task_index": np.zeros(length),
    }
    return {name: columns[name].astype(dtype) for name, dtype in INDICES.items()}
