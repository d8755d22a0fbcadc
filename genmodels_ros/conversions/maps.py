"""nav_msgs/OccupancyGrid → occupied cells. The way back, of a simulated map: simulated.to_occupancy_grid."""

import math

import numpy as np
from nav_msgs.msg import OccupancyGrid

from genmodels_ros.conversions.poses import to_planar
from genmodels_ros.errors import ErrorCode, GenModelsError

OCCUPIED = 50  # %: from here on
MAX_CELLS = 1_000_000  # 50 x 50 m of 0.05 m
ALIGNED = 1e-6  # rad


def to_occupied(message: OccupancyGrid) -> tuple[np.ndarray, float, tuple[float, float]]:
    """(occupied, bool [rows (y), columns (x)]; metres a cell; where the first cell's corner lies in the map's frame).

    What is unknown counts as occupied: routes keep to what somebody has seen to be free.
    Raises GenModelsError(INVALID_DATA) for a map without cells or with too many, or whose cells are not as many as it
    says, not square metres, or turned; NOT_FINITE.
    """
    info = message.info
    rows, columns = info.height, info.width
    if not 1 <= rows * columns <= MAX_CELLS or len(message.data) != rows * columns:
        raise GenModelsError(
            ErrorCode.INVALID_DATA,
            f"The map says {rows} x {columns} cells and has {len(message.data)}: 1 to {MAX_CELLS} are read; "
            "save a larger one in coarser cells.",
        )
    if not (math.isfinite(info.resolution) and info.resolution > 0):
        raise GenModelsError(ErrorCode.INVALID_DATA, f"A map's cells need a size, got {info.resolution} m.")
    x, y, yaw = to_planar(info.origin, "The map's origin")
    if abs(yaw) > ALIGNED:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"The map is turned by {yaw:.3g} rad: save it unturned.")
    cells = np.asarray(message.data, dtype=np.int8).reshape(rows, columns)
    return (cells < 0) | (cells >= OCCUPIED), float(info.resolution), (float(x), float(y))
