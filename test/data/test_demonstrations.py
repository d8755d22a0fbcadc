"""Demonstrations come from arrays and from bags; what cannot be one is refused with a sentence."""

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from genmodels_ros.data.demonstrations import check_demonstration, read_demonstrations
from genmodels_ros.errors import ErrorCode, GenModelsError

STORE = get_typestore(Stores.ROS2_JAZZY)
NAMES = ("one", "two")


def path(points: int = 30) -> np.ndarray:
    u = np.linspace(0, 1, points)
    return np.stack([u, u**2], axis=-1)


def write_bag(folder, rows, names):
    """A JointState a row, out of order in the file, stamped in order; every other one is of a gripper."""
    Time, Header, State = (
        STORE.types[name]
        for name in ("builtin_interfaces/msg/Time", "std_msgs/msg/Header", "sensor_msgs/msg/JointState")
    )
    nothing = np.zeros(0)
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        connection = bag.add_connection("/joint_states", "sensor_msgs/msg/JointState", typestore=STORE)
        order = np.random.default_rng(0).permutation(len(rows))
        for received, index in enumerate(order):
            header = Header(stamp=Time(sec=1 + int(index), nanosec=0), frame_id="")
            for held, values in ((names, rows[index]), (["finger"], [0.0])):
                message = State(
                    header=header, name=list(held), position=np.array(values, float), velocity=nothing, effort=nothing
                )
                raw = STORE.serialize_cdr(message, "sensor_msgs/msg/JointState")
                bag.write(connection, int((received + 1) * 1e9), raw)
    return folder


def test_arrays_and_bags_are_read_in_the_order_of_the_joints(tmp_path):
    np.savez(tmp_path / "demos.npz", b=path(50), a=path(40))
    bag = write_bag(tmp_path / "bag", path()[:, ::-1], NAMES[::-1])
    found = read_demonstrations([tmp_path / "demos.npz", bag], NAMES)
    assert [len(each) for each in found] == [40, 50, 30]
    np.testing.assert_array_equal(found[2], path())


def test_waiting_at_the_ends_is_cut_off():
    still = np.concatenate([np.repeat(path()[:1], 200, 0), path(), np.repeat(path()[-1:], 100, 0)])
    found = check_demonstration(still + 1e-5, "it")
    assert len(found) <= 34
    np.testing.assert_allclose(found[[0, -1]], path()[[0, -1]], atol=1e-4)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((30, 2)),
        path(3),
        path()[:, 0],
        np.where(path() > 0.9, np.nan, path()),
        np.array([["a", "b"]] * 30),
    ],
    ids=["still", "short", "flat", "not a number", "text"],
)
def test_what_is_no_demonstration_is_refused(bad, tmp_path):
    np.savez(tmp_path / "demos.npz", bad)
    with pytest.raises(GenModelsError) as error:
        read_demonstrations([tmp_path / "demos.npz"], NAMES)
    assert error.value.code is ErrorCode.INVALID_DATA and error.value.message.endswith(".")


def test_files_that_cannot_be_read_and_bags_without_the_joints_are_refused(tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "empty").mkdir()
    other = write_bag(tmp_path / "other", path(), ("three", "four"))
    for source in (tmp_path / "missing.npz", tmp_path / "damaged.npz", tmp_path / "empty", other):
        with pytest.raises(GenModelsError) as error:
            read_demonstrations([source], NAMES)
        assert error.value.code is ErrorCode.INVALID_DATA
