"""Messages that only a simulation has to make: camera parameters, a map, contacts."""

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from nav_msgs.msg import OccupancyGrid
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

OCCUPIED = 100  # nav_msgs/OccupancyGrid: probability in percent


def to_camera_info(width: int, height: int, focal_length: float, header: Header) -> CameraInfo:
    """A pinhole without distortion; focal_length in pixels, the principal point in the middle."""
    f, cx, cy = float(focal_length), width / 2, height / 2
    return CameraInfo(
        header=header,
        width=width,
        height=height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0],
        r=np.eye(3).ravel().tolist(),
        p=[f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def to_occupancy_grid(occupied: np.ndarray, resolution: float, origin, header: Header) -> OccupancyGrid:
    """The map of occupied cells, bool [rows (y), columns (x)]; origin (x, y) of the first cell's corner, m."""
    message = OccupancyGrid(header=header)
    message.info.map_load_time = header.stamp
    message.info.resolution = float(resolution)
    message.info.height, message.info.width = occupied.shape
    message.info.origin.position.x, message.info.origin.position.y = map(float, origin)
    message.info.origin.orientation.w = 1.0
    message.data = (occupied.astype(np.int8) * OCCUPIED).ravel().tolist()
    return message


def to_contacts(contacts: dict[str, dict[str, int]]) -> DiagnosticStatus:
    """Contacts begun so far: for each robot ("arm", "base") a total, and one value for each pair or obstacle."""
    values = []
    for robot, counts in contacts.items():
        values.append(KeyValue(key=robot, value=str(sum(counts.values()))))
        values += [KeyValue(key=f"{robot}: {name}", value=str(count)) for name, count in sorted(counts.items())]
    total = sum(sum(counts.values()) for counts in contacts.values())
    level = DiagnosticStatus.WARN if total else DiagnosticStatus.OK
    return DiagnosticStatus(level=level, name="contacts", message=f"{total} contacts", values=values)


def from_contacts(message: DiagnosticStatus) -> dict[str, int]:
    """Total contacts of each robot."""
    return {item.key: int(item.value) for item in message.values if ":" not in item.key}
