"""Trajectory candidates as lines in RViz: where the tool goes, coloured by rank."""

import colorsys

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

BEST_HUE, WORST_HUE = 0.40, 0.0  # green to red
WIDTH = {0: 0.012}  # m, the best; others are thinner
OTHER_WIDTH = 0.005


def to_markers(tool_paths: list[np.ndarray], header: Header, namespace: str = "candidates") -> MarkerArray:
    """One line strip for each tool path [T, 3] m, best first; markers shown before are deleted."""
    clear = Marker(header=header, ns=namespace, action=Marker.DELETEALL)
    lines = [_line(path, rank, len(tool_paths), header, namespace) for rank, path in enumerate(tool_paths)]
    return MarkerArray(markers=[clear, *lines])


def _line(path: np.ndarray, rank: int, count: int, header: Header, namespace: str) -> Marker:
    marker = Marker(header=header, ns=namespace, id=rank, type=Marker.LINE_STRIP, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.scale.x = WIDTH.get(rank, OTHER_WIDTH)
    marker.color = rank_colour(rank, count)
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in np.asarray(path, dtype=float).tolist()]
    return marker


def rank_colour(rank: int, count: int) -> ColorRGBA:
    """Green for the best of `count`, over yellow to red for the last, which is also the most transparent."""
    share = rank / max(count - 1, 1)
    red, green, blue = colorsys.hsv_to_rgb(BEST_HUE + share * (WORST_HUE - BEST_HUE), 0.9, 0.9)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0 - 0.6 * share)
