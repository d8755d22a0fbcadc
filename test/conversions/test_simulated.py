import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from genmodels_ros.conversions.simulated import from_contacts, to_camera_info, to_contacts, to_occupancy_grid
from genmodels_ros.conversions.stamps import header


def test_camera_info_projects_as_the_pinhole_does():
    info = to_camera_info(320, 240, 228.5, header("camera_optical_frame", 1.5))
    point = np.array([0.4, -0.2, 2.0])
    u, v, w = np.reshape(info.p, (3, 4)) @ [*point, 1.0]
    assert (u / w, v / w) == pytest.approx((160 + 228.5 * 0.2, 120 - 228.5 * 0.1))
    np.testing.assert_array_equal(np.reshape(info.k, (3, 3)), np.reshape(info.p, (3, 4))[:, :3])
    assert (info.width, info.height, info.header.stamp.sec) == (320, 240, 1)


def test_map_keeps_rows_as_y_and_columns_as_x():
    occupied = np.zeros((3, 5), bool)
    occupied[1, 4] = True
    grid = to_occupancy_grid(occupied, 0.1, (-1.0, 2.0), header("map", 0.0))
    assert (grid.info.height, grid.info.width) == (3, 5)
    assert [i for i, value in enumerate(grid.data) if value == 100] == [1 * 5 + 4]
    assert (grid.info.origin.position.x, grid.info.origin.position.y, grid.info.origin.orientation.w) == (-1, 2, 1)


def test_contacts_are_counted_by_robot_and_named():
    message = to_contacts({"arm": {"panda_hand – shelf": 2, "panda_link5 – post": 1}, "base": {}})
    assert from_contacts(message) == {"arm": 3, "base": 0} and message.level == DiagnosticStatus.WARN
    assert ("arm: panda_hand – shelf", "2") in [(value.key, value.value) for value in message.values]
    assert to_contacts({"base": {}}).level == DiagnosticStatus.OK
