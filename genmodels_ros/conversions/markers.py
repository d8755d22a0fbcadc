"""What RViz shows: candidates and samples as lines where the tool goes, obstacles as solids."""

import colorsys

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from genmodels_ros.conversions.poses import to_pose
from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Box, Cylinder, Obstacle, Scene, Sphere

BEST_HUE, WORST_HUE = 0.40, 0.0  # green to red
WIDTH = {0: 0.012}  # m, the best; others are thinner
OTHER_WIDTH = 0.005
OBSTACLE = ColorRGBA(r=0.6, g=0.6, b=0.65, a=0.7)
PERCEIVED = ColorRGBA(r=0.3, g=0.5, b=0.9, a=0.5)
SAMPLE = ColorRGBA(r=0.5, g=0.3, b=0.8, a=0.6)


def to_markers(tool_paths: list[np.ndarray], header: Header, namespace: str = "candidates") -> MarkerArray:
    """One line strip for each tool path [T, 3] m, best first; markers shown before are deleted."""
    clear = Marker(header=header, ns=namespace, action=Marker.DELETEALL)
    lines = [_line(path, rank, len(tool_paths), header, namespace) for rank, path in enumerate(tool_paths)]
    return MarkerArray(markers=[clear, *lines])


def to_sample_markers(tool_paths: np.ndarray, header: Header, namespace: str = "denoising") -> MarkerArray:
    """One thin line for each tool path [S, T, 3] m of samples that have no rank yet; markers before are deleted."""
    clear = Marker(header=header, ns=namespace, action=Marker.DELETEALL)
    lines = [_line_of(path, index, OTHER_WIDTH / 2, SAMPLE, header, namespace) for index, path in enumerate(tool_paths)]
    return MarkerArray(markers=[clear, *lines])


def to_obstacle_markers(described: Scene, perceived: Scene, header: Header) -> MarkerArray:
    """One solid an obstacle, in namespaces "described" and "perceived"; markers before are deleted."""
    solids = [_solid(solid, i, OBSTACLE, header, "described") for i, solid in enumerate(described.obstacles)]
    solids += [_solid(solid, i, PERCEIVED, header, "perceived") for i, solid in enumerate(perceived.obstacles)]
    return MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL), *solids])


def _solid(obstacle: Obstacle, index: int, colour: ColorRGBA, header: Header, namespace: str) -> Marker:
    kind, sizes = {
        Box: lambda: (Marker.CUBE, obstacle.dims),
        Sphere: lambda: (Marker.SPHERE, [2 * obstacle.radius] * 3),
        Cylinder: lambda: (Marker.CYLINDER, [2 * obstacle.radius, 2 * obstacle.radius, obstacle.height]),
    }[type(obstacle)]()
    marker = Marker(header=header, ns=namespace, id=index, type=kind, action=Marker.ADD, color=colour)
    marker.pose = to_pose(obstacle.center, getattr(obstacle, "quat_xyzw", IDENTITY_XYZW))
    marker.scale.x, marker.scale.y, marker.scale.z = (float(size) for size in sizes)
    return marker


def _line(path: np.ndarray, rank: int, count: int, header: Header, namespace: str) -> Marker:
    return _line_of(path, rank, WIDTH.get(rank, OTHER_WIDTH), rank_colour(rank, count), header, namespace)


def _line_of(path: np.ndarray, index: int, width: float, colour: ColorRGBA, header: Header, namespace: str) -> Marker:
    marker = Marker(header=header, ns=namespace, id=index, type=Marker.LINE_STRIP, action=Marker.ADD, color=colour)
    marker.pose.orientation.w = 1.0
    marker.scale.x = width
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in np.asarray(path, dtype=float).tolist()]
    return marker


def rank_colour(rank: int, count: int) -> ColorRGBA:
    """Green for the best of `count`, over yellow to red for the last, which is also the most transparent."""
    share = rank / max(count - 1, 1)
    red, green, blue = colorsys.hsv_to_rgb(BEST_HUE + share * (WORST_HUE - BEST_HUE), 0.9, 0.9)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0 - 0.6 * share)
