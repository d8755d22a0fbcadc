"""WebDataset shards, loaded back with the webdataset package."""

import tarfile

import cv2
import numpy as np
import webdataset

from genmodels_ros.data.formats.webdataset_writer import WebDatasetWriter
from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.data.labelled_images import Sample


def folder_with_labels(tmp_path, picture, count=3):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for seed in range(count):
        (tmp_path / "images" / f"frame.{seed}.png").write_bytes(encode_png(picture(seed)))
        mask = np.full((12, 16), 300 + seed, np.uint16)
        (tmp_path / "masks" / f"frame.{seed}.png").write_bytes(encode_png(mask))
    return open_images(tmp_path / "images", tmp_path / "masks")


def loaded(shards):
    return {sample["__key__"]: sample for sample in webdataset.WebDataset(shards, shardshuffle=False)}


def test_samples_come_back_with_image_mask_and_sidecar(picture, darker, copy_dataset, tmp_path):
    copy_dataset(folder_with_labels(tmp_path, picture), "webdataset", tmp_path / "out", variants=2, reject=["frame_1"])
    read = loaded([str(path) for path in sorted((tmp_path / "out").glob("*.tar"))])
    assert len(read) == 4 and len(list((tmp_path / "out" / "rejected").iterdir())) == 2
    for seed in (0, 2):
        sample = read[f"frame_{seed}_01_dark"]
        image, mask = (cv2.imdecode(np.frombuffer(sample[key], np.uint8), -1) for key in ("png", "mask.png"))
        assert np.array_equal(image[..., ::-1], darker(picture(seed))) and (mask == 300 + seed).all()
        assert b'"style": "dark"' in sample["json"]


def test_shards_stay_below_their_size_and_are_the_same_every_time(picture, tmp_path):
    source = folder_with_labels(tmp_path, picture)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        writer = WebDatasetWriter(tmp_path / name, source, shard_bytes=1000)
        for item in source.images():
            writer.add(Sample(item.name, "00", item, {"source": "x"}, item.image))
        writer.close()
    shards = sorted((tmp_path / "one").glob("*.tar"))
    assert len(shards) == 3 and len(loaded([str(shard) for shard in shards])) == 3
    for shard in shards:
        assert shard.read_bytes() == (tmp_path / "two" / shard.name).read_bytes()
        assert all(member.isfile() for member in tarfile.open(shard))
