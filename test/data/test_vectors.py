"""Arrays to learn from: laid out flat, split without a row in both parts, refused with a reason."""

import numpy as np
import pytest
import torch

from genmodels_ros.data.vectors import read_vectors, vectors
from genmodels_ros.errors import ErrorCode, GenModelsError


def test_paths_are_laid_out_flat_and_their_shape_is_kept(tmp_path):
    x, c = np.arange(120.0).reshape(10, 4, 3), np.ones((10, 2))
    np.savez(tmp_path / "demos.npz", x=x, condition=c)
    data = read_vectors(tmp_path / "demos.npz")
    assert data.x.shape == (10, 12) and data.shape == (4, 3) and data.condition_dimension == 2
    np.testing.assert_array_equal(data.x.reshape(10, 4, 3).numpy(), x)


def test_no_row_is_in_both_parts_and_none_is_lost():
    data = vectors(np.arange(50.0)[:, None], np.arange(50.0)[:, None])
    training, held_out = data.split(0.2, torch.Generator().manual_seed(0))
    assert len(held_out) == 10
    assert sorted(torch.cat([training.x, held_out.x]).flatten().tolist()) == list(range(50))
    assert torch.equal(training.x, training.condition)


def test_batches_go_on_from_the_state_of_the_generator():
    data, rng = vectors(np.arange(12.0)[:, None]), torch.Generator().manual_seed(0)
    batches = data.batches(4, rng)
    next(batches)
    state = rng.get_state()
    expected = next(batches).x
    again = next(data.batches(4, torch.Generator().set_state(state))).x
    assert torch.equal(expected, again) and again.shape == (4, 1)


@pytest.mark.parametrize(
    "x",
    [np.zeros((3, 2)), np.full((9, 2), np.nan), np.array(["a"] * 9), np.zeros((9, 0)), np.zeros(9, complex)],
)
def test_what_is_no_data_is_refused(x):
    with pytest.raises(GenModelsError) as error:
        vectors(x)
    assert error.value.code is ErrorCode.INVALID_DATA


def test_conditions_must_be_as_many(tmp_path):
    with pytest.raises(GenModelsError, match="one for each"):
        vectors(np.zeros((9, 2)), np.zeros((8, 2)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"nonsense"])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(GenModelsError) as error:
        read_vectors(tmp_path / "x.npz")
    assert error.value.code is ErrorCode.INVALID_DATA


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([{"a": 1}] * 9, dtype=object))
    with pytest.raises(GenModelsError):
        read_vectors(tmp_path / "x.npz")
