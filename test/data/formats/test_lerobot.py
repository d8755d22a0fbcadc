"""LeRobot v3.0 datasets, loaded back with pyarrow and checked against the format's description.

lerobot's own reader needs torchvision and cannot be installed beside this package; docs/augmenter_datasets.md says how
to load a dataset with it.
"""

import builtins
import json

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import create_writer, open_images
from genmodels_ros.data.labelled_images import ImageSource, Sample, SourceImage
from genmodels_ros.errors import GenModelsError

LENGTH = 5
INDICES = {"timestamp", "frame_index", "episode_index", "index", "task_index"}


@pytest.fixture
def recording(picture):
    """Five labelled frames at 20 Hz with commands."""

    def images():
        for n in range(LENGTH):
            labels = np.full((12, 16), n + 300, np.uint16)
            yield SourceImage(f"f{n}", "bag", 7.0 + n / 20, picture(n), labels, command=(0.5, n / 10))

    return ImageSource(LENGTH, images, format="bag")


@pytest.fixture
def out(recording, copy_dataset, tmp_path):
    """Two variants of it, one frame rejected."""
    copy_dataset(recording, "lerobot", tmp_path / "out", variants=2, reject=["f3"])
    return tmp_path / "out"


def rows(out) -> list[dict]:
    """Every frame, found as a reader does: through info.json and the episodes' table."""
    info = json.loads((out / "meta" / "info.json").read_text())
    episodes = pq.read_table(out / "meta" / "episodes").to_pylist()
    assert [episode["episode_index"] for episode in episodes] == list(range(info["total_episodes"]))
    frames = []
    for episode in episodes:
        place = {"chunk_index": episode["data/chunk_index"], "file_index": episode["data/file_index"]}
        table = pq.read_table(out / info["data_path"].format(**place)).to_pylist()
        mine = [row for row in table if row["episode_index"] == episode["episode_index"]]
        assert episode["dataset_from_index"] == len(frames) and len(mine) == episode["length"]
        frames += mine
        assert episode["dataset_to_index"] == len(frames)
    assert len(frames) == info["total_frames"] and info["splits"] == {"train": f"0:{info['total_episodes']}"}
    return frames


def test_frames_come_back_in_the_order_of_their_episode(out, picture, darker):
    frames = rows(out)
    assert [row["index"] for row in frames] == list(range(8))
    assert [row["frame_index"] for row in frames] == [0, 1, 2, 3] * 2
    for row, n in zip(frames, [0, 1, 2, 4] * 2, strict=True):
        decoded = cv2.imdecode(np.frombuffer(row["observation.images.camera"]["bytes"], np.uint8), cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(decoded, darker(picture(n)))
        assert np.array_equal(row["labels"], np.full((12, 16), n + 300))
        assert row["action"] == pytest.approx([0.5, n / 10]) and row["task_index"] == 0
        assert row["timestamp"] == pytest.approx(row["frame_index"] / 20)
        assert json.loads(row["provenance"])["style"] == "dark"
    assert len(list((out / "rejected").iterdir())) == 2


def test_the_description_names_every_column_with_type_and_shape(out):
    info = json.loads((out / "meta" / "info.json").read_text())
    assert info["codebase_version"] == "v3.0" and info["fps"] == 20 and info["video_path"] is None
    schema = pq.read_schema(out / "data" / "chunk-000" / "file-000.parquet")
    assert set(info["features"]) == set(schema.names) and set(info["features"]) >= INDICES
    types = {name: str(schema.field(name).type) for name in schema.names}
    assert types["observation.images.camera"] == "struct<bytes: binary, path: string>"
    assert types["timestamp"] == "float" and {types[name] for name in INDICES - {"timestamp"}} == {"int64"}
    assert types["action"] == "fixed_size_list<element: float>[2]"
    assert info["features"]["observation.images.camera"] == {
        "dtype": "image", "shape": [12, 16, 3], "names": ["height", "width", "channels"]
    }  # fmt: skip
    hub = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert hub["observation.images.camera"] == {"_type": "Image"} and hub["labels"]["_type"] == "Array2D"


def test_statistics_are_those_of_the_stored_data(out, picture, darker):
    stats = json.loads((out / "meta" / "stats.json").read_text())
    pixels = np.concatenate([darker(picture(n)).reshape(-1, 3) for n in (0, 1, 2, 4)] * 2) / 255
    camera = stats["observation.images.camera"]
    for name in ("mean", "std", "min", "max"):
        expected = getattr(pixels, name)(0)
        assert np.shape(camera[name]) == (3, 1, 1) and np.ravel(camera[name]) == pytest.approx(expected)
    for name, q in (("q01", 0.01), ("q50", 0.5), ("q99", 0.99)):
        assert np.ravel(camera[name]) == pytest.approx(np.quantile(pixels, q, axis=0), abs=1.01 / 255)
    assert camera["count"] == [8] and stats["action"]["max"] == pytest.approx([0.5, 0.4])
    assert "labels" not in stats and "provenance" not in stats
    episode = pq.read_table(out / "meta" / "episodes").to_pylist()[0]
    assert episode["stats/index/max"] == [3] and np.shape(episode["stats/observation.images.camera/mean"]) == (3, 1, 1)
    assert episode["tasks"] == [pq.read_table(out / "meta" / "tasks.parquet").to_pylist()[0]["task"]]


def test_the_task_is_the_index_that_pandas_restores(out):
    metadata = pq.read_schema(out / "meta" / "tasks.parquet").pandas_metadata
    assert metadata["index_columns"] == ["task"]


def test_many_row_groups_are_one_episode(recording, copy_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("genmodels_ros.data.formats.lerobot_episode.GROUP_BYTES", 1)
    copy_dataset(recording, "lerobot", tmp_path / "out", variants=1)
    assert [row["index"] for row in rows(tmp_path / "out")] == list(range(LENGTH))
    assert not list((tmp_path / "out").glob(".*"))


def test_images_of_another_size_are_refused_by_name(tmp_path, picture):
    source = ImageSource(2, lambda: iter(()))
    writer = create_writer("lerobot", tmp_path / "out", source)
    writer.add(Sample("a", "00", SourceImage("a", "x"), {}, picture()))
    with pytest.raises(GenModelsError, match="16x12, this one 8x6"):
        writer.add(Sample("b", "00", SourceImage("b", "x"), {}, picture(1, 6, 8)))
    with pytest.raises(GenModelsError, match="labels or commands"):
        writer.add(Sample("c", "00", SourceImage("c", "x", command=(1.0, 0.0)), {}, picture()))
    writer.close()
    assert len(rows(tmp_path / "out")) == 1
    assert json.loads((tmp_path / "out" / "meta" / "info.json").read_text())["fps"] == 10


def test_without_pyarrow_one_sentence_says_what_to_install(recording, tmp_path, monkeypatch):
    real = builtins.__import__

    def no_pyarrow(name, *arguments):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", no_pyarrow)
    with pytest.raises(GenModelsError, match="pip install pyarrow"):
        create_writer("lerobot", tmp_path / "out", recording)


def test_a_folder_of_pictures_needs_no_labels_or_commands(tmp_path, picture, copy_dataset):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(encode_png(picture()))
    copy_dataset(open_images(tmp_path / "images"), "lerobot", tmp_path / "out", variants=3)
    assert set(rows(tmp_path / "out")[0]) == INDICES | {"observation.images.camera", "provenance"}
