import numpy as np
import pytest

from genmodels_ros.data.image_shards import load_shards
from genmodels_ros.simulation.camera import frames as frames_module
from genmodels_ros.simulation.camera.shards import HEIGHT, WIDTH, _jobs, make_shard, vary
from genmodels_ros.simulation.camera.styles import STYLES


def frame(seed=0):
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 5, (12, 16), dtype=np.uint8), np.ones((20, 20), np.uint8))
    palette = rng.integers(40, 200, (5, 3), dtype=np.uint8)
    return palette[labels], labels, 1 + labels.astype(np.float32)


def test_variation_keeps_labels_and_depth_in_step_with_the_picture():
    for seed in range(5):
        rgb, labels, depth = vary(*frame(seed), np.random.default_rng(seed))
        assert rgb.shape == (HEIGHT, WIDTH, 3) and labels.shape == depth.shape == (HEIGHT, WIDTH)
        assert np.array_equal(depth, 1 + labels)
        for label in np.unique(labels):  # one colour a label, but where area averaging blends neighbours
            pixels = rgb[labels == label].astype(int)
            near_the_median = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1) <= 2
            assert near_the_median.mean() > 0.7


def test_no_two_shards_share_their_scenes(tmp_path):
    jobs = _jobs(tmp_path, 300, 3) + _jobs(tmp_path, 300, 4)
    assert len({job.seed for job in jobs}) == len(jobs)
    assert {job.kind for job in jobs} == {"source", "heldout", *STYLES}


@pytest.mark.parametrize(
    "kind, keys", [("source", {"rgb", "labels"}), ("fog", {"rgb"}), ("heldout", {"rgb", "labels", "depth"})]
)
def test_a_shard_holds_what_its_kind_may_show(tmp_path, monkeypatch, kind, keys):
    monkeypatch.setattr(frames_module, "camera_frames", lambda count, seed: (frame(seed + i) for i in range(count)))
    job = next(job for job in _jobs(tmp_path, 20, 0) if job.kind == kind)
    make_shard(job)
    shard = load_shards(tmp_path, kind)
    assert set(shard) == keys and len(shard["rgb"]) == job.count
