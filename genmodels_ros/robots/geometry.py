"""Collision geometry for Pinocchio and coal: convex links of a robot, and obstacles.

Meshes are replaced by their convex hulls. Those of the Panda are convex within 1 mm; a hull is solid, so that an
obstacle inside a link is found, which a surface of triangles misses, and coal checks hulls twice as fast. MuJoCo takes
hulls too.
"""

from pathlib import Path

import coal
import numpy as np
import pinocchio as pin

from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle


def load_geometry(urdf: Path | str, package_folder: Path | str) -> tuple[pin.Model, pin.GeometryModel]:
    """The model of every joint in a URDF and its collision geometry, meshes as convex hulls."""
    model = pin.buildModelFromUrdf(str(urdf))
    geometry = pin.buildGeomFromUrdf(model, str(urdf), pin.GeometryType.COLLISION, package_dirs=[str(package_folder)])
    for item in geometry.geometryObjects:
        if isinstance(item.geometry, coal.BVHModelBase):
            item.geometry.buildConvexHull(True, "Qt")
            item.geometry = item.geometry.convex
    return model, geometry


def link_points(model: pin.Model, geometry: pin.GeometryModel) -> dict[str, np.ndarray]:
    """Corners [N, 3] of each link's convex geometry, in the link's frame, m; their hull holds the whole link."""
    points: dict[str, list[np.ndarray]] = {}
    for item in geometry.geometryObjects:
        frame = model.frames[item.parentFrame]
        placement = frame.placement.actInv(item.placement)
        corners = _corners(item.geometry) @ placement.rotation.T + placement.translation
        points.setdefault(frame.name, []).append(corners)
    return {link: np.concatenate(parts) for link, parts in points.items()}


def hull_points(points: np.ndarray) -> np.ndarray:
    """Those of points [N, 3] that are corners of their convex hull; all of them where they span no volume."""
    cloud = coal.StdVec_Vec3s()
    cloud.extend(list(points))
    try:
        return np.array(coal.Convex.convexHull(cloud, False, "Qt").points())
    except (RuntimeError, ValueError):
        return points


def obstacle_geometry(obstacle: Obstacle) -> tuple[coal.ShapeBase, pin.SE3]:
    """coal's solid and its placement in the base frame."""
    placement = pin.SE3(pin.Quaternion(np.array(getattr(obstacle, "quat_xyzw", (0.0, 0.0, 0.0, 1.0)))), obstacle.center)
    if isinstance(obstacle, Box):
        return coal.Box(*obstacle.dims), placement
    if isinstance(obstacle, Cylinder):
        return coal.Cylinder(obstacle.radius, obstacle.height), placement
    return coal.Sphere(obstacle.radius), placement


def _corners(shape) -> np.ndarray:
    if isinstance(shape, coal.Box):
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
        return signs * np.asarray(shape.halfSide)
    if isinstance(shape, coal.ConvexBase):
        return np.array(shape.points())
    raise ValueError(f"cannot enclose a {type(shape).__name__}: give boxes or meshes as collision geometry")
