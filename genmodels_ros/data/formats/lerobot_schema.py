"""The LeRobot v3.0 dataset format: what its columns are called, and how Arrow, pandas and Hugging Face describe them.

https://huggingface.co/docs/lerobot/lerobot-dataset-v3; LeRobotDataset itself (of August 2026) reads what is written.
"""

import json
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

VERSION = "v3.0"
IMAGE, LABELS, ACTION, PROVENANCE = "observation.images.camera", "labels", "action", "provenance"
INDICES = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
FILES_A_CHUNK = 1000
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


def pyarrow():
    """The modules pyarrow and pyarrow.parquet; raises GenModelsError(UNKNOWN_ENCODING) that says how to get them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise GenModelsError(
            ErrorCode.UNKNOWN_ENCODING, "LeRobot datasets need pyarrow: pip install pyarrow==26.0.1 and try again."
        ) from error
    return pyarrow, pyarrow.parquet


def features(image: tuple[int, int], labels: np.dtype | None, action: bool) -> dict[str, dict]:
    """As in meta/info.json, in the order of the columns. `image` is (H, W). Labels are an array and no image, so that
    no policy takes them for a camera."""
    height, width = image
    found = {IMAGE: {"dtype": "image", "shape": [height, width, 3], "names": ["height", "width", "channels"]}}
    if labels is not None:
        found[LABELS] = {"dtype": labels.name, "shape": [height, width], "names": ["height", "width"]}
    if action:
        found[ACTION] = {"dtype": "float32", "shape": [2], "names": ["forward", "turning"]}
    found[PROVENANCE] = {"dtype": "string", "shape": [1], "names": None}
    return found | {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in INDICES.items()}


def arrow_schema(described: dict[str, dict]):
    """Of the data files, with what lets `datasets` see images and arrays in them."""
    pa, _ = pyarrow()
    described_to_hub = {name: _hub_feature(feature) for name, feature in described.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": described_to_hub}})}
    return pa.schema([(name, _arrow_type(pa, feature)) for name, feature in described.items()], metadata=metadata)


def _arrow_type(pa, feature: dict):
    dtype, shape = feature["dtype"], feature["shape"]
    if dtype == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    scalar = pa.string() if dtype == "string" else pa.from_numpy_dtype(dtype)
    if shape == [1]:
        return scalar
    return pa.list_(scalar, shape[0]) if len(shape) == 1 else pa.list_(pa.list_(scalar))


def _hub_feature(feature: dict) -> dict:
    dtype, shape = feature["dtype"], feature["shape"]
    if dtype == "image":
        return {"_type": "Image"}
    if len(shape) == 2:
        return {"shape": shape, "dtype": dtype, "_type": "Array2D"}
    value = {"dtype": dtype, "_type": "Value"}
    return value if shape == [1] else {"feature": value, "length": shape[0], "_type": "Sequence"}


def write_tasks(out: Path, tasks: list[str]) -> None:
    """meta/tasks.parquet: a pandas frame whose index is the task's text, hence the description for pandas."""
    pa, pq = pyarrow()
    columns = [("task_index", "int64", "int64"), ("task", "unicode", "object")]
    described = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy, "metadata": None}
        for name, kind, numpy in columns
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": described, "pandas_version": "2.3.3"}
    schema = pa.schema([("task_index", pa.int64()), ("task", pa.string())], {"pandas": json.dumps(pandas)})
    table = pa.table({"task_index": range(len(tasks)), "task": tasks}, schema=schema)
    pq.write_table(table, out / "meta" / "tasks.parquet")
