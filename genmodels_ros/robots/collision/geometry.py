"""Collision geometry for Pinocchio and coal: convex links of a robot, and obstacles.

Meshes are replaced by their convex hulls. Those of the Panda are convex within 1 mm; a hull is solid, so that an
obstacle inside a link is found, which a surface of triangles misses, and coal checks hulls twice as fast. MuJoCo takes
hulls too.
"""

from pathlib import Path

import coal
import numpy as np
import pinocchio as pin

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle
from genmodels_ros.robots.packages import locate_meshes

SIDES = 16  # of the prism around a cylinder


def load_geometry(urdf: str, folder: Path | None = None) -> tuple[pin.Model, pin.GeometryModel]:
    """The model of every joint in a URDF (its text) and its collision geometry, meshes as convex hulls.

    Relative mesh names start at `folder`, and packages are looked for around it. Raises
    GenModelsError(MODEL_UNAVAILABLE) for a mesh that is missing.
    """
    text = locate_meshes(urdf, folder)
    model = pin.buildModelFromXML(text)
    geometry = pin.buildGeomFromUrdfString(model, text, pin.GeometryType.COLLISION)
    for item in geometry.geometryObjects:
        if isinstance(item.geometry, coal.BVHModelBase):
            item.geometry.buildConvexHull(True, "Qt")
            item.geometry = item.geometry.convex
    return model, geometry


def link_pieces(model: pin.Model, geometry: pin.GeometryModel) -> dict[str, list[np.ndarray]]:
    """Corners [N, 3] of each convex piece of each link, in the link's frame, m: the hull of a piece's corners holds
    it.
    """
    pieces: dict[str, list[np.ndarray]] = {}
    for item in geometry.geometryObjects:
        frame = model.frames[item.parentFrame]
        placement = frame.placement.actInv(item.placement)
        corners = _corners(item.geometry) @ placement.rotation.T + placement.translation
        pieces.setdefault(frame.name, []).append(corners)
    return pieces


def link_points(model: pin.Model, geometry: pin.GeometryModel) -> dict[str, np.ndarray]:
    """Corners [N, 3] of all pieces of each link, in the link's frame, m; their hull holds the whole link."""
    return {link: np.concatenate(pieces) for link, pieces in link_pieces(model, geometry).items()}


def hull_faces(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners [M, 3] of the convex hull of points [N, 3], and its triangles [F, 3] as numbers of corners.

    Raises ValueError where the points span no volume.
    """
    cloud = coal.StdVec_Vec3s()
    cloud.extend(list(points))
    try:
        hull = coal.Convex.convexHull(cloud, True, "Qt")
    except RuntimeError as error:
        raise ValueError("the points span no volume") from error
    triangles = [[triangle[k] for k in range(3)] for triangle in map(hull.polygons, range(hull.num_polygons))]
    return np.array(hull.points()), np.array(triangles)


def farthest_from(corners: np.ndarray, points: np.ndarray) -> float:
    """How far the farthest of points [N, 3] is from the hull of corners [M, 3], m; 0 where all lie inside."""
    cloud = coal.StdVec_Vec3s()
    cloud.extend(list(corners))
    hull, point, result = coal.Convex.convexHull(cloud, True, "Qt"), coal.Sphere(0.0), coal.DistanceResult()
    here, request, farthest = coal.Transform3s(), coal.DistanceRequest(), 0.0
    for place in points:
        result.clear()
        farthest = max(farthest, coal.distance(hull, here, point, coal.Transform3s(np.eye(3), place), request, result))
    return farthest


def unit_vectors(count: int) -> np.ndarray:
    """[count, 3] spread evenly: a Fibonacci lattice (González, 2010)."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, np.pi * (1 + np.sqrt(5)) * k
    return np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)


def obstacle_geometry(obstacle: Obstacle) -> tuple[coal.ShapeBase, pin.SE3]:
    """coal's solid and its placement in the base frame."""
    placement = pin.SE3(pin.Quaternion(np.array(getattr(obstacle, "quat_xyzw", (0.0, 0.0, 0.0, 1.0)))), obstacle.center)
    if isinstance(obstacle, Box):
        return coal.Box(*obstacle.dims), placement
    if isinstance(obstacle, Cylinder):
        return coal.Cylinder(obstacle.radius, obstacle.height), placement
    return coal.Sphere(obstacle.radius), placement


def _corners(shape) -> np.ndarray:
    """Points whose hull holds the shape and is little larger."""
    if isinstance(shape, coal.Box):
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
        return signs * np.asarray(shape.halfSide)
    if isinstance(shape, coal.Cylinder):
        angle = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
        ring = shape.radius / np.cos(np.pi / SIDES) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return np.concatenate(
            [np.column_stack([ring, np.full(SIDES, z)]) for z in (-shape.halfLength, shape.halfLength)]
        )
    if isinstance(shape, coal.Sphere):
        return shape.radius * _ball()
    if isinstance(shape, coal.ConvexBase):
        return np.array(shape.points())
    raise GenModelsError(
        ErrorCode.MODEL_UNAVAILABLE,
        f"A link has a {type(shape).__name__} as collision geometry: give it boxes, cylinders, spheres or meshes.",
    )


def _ball() -> np.ndarray:
    """Corners [M, 3] of a polyhedron around the unit ball."""
    corners, triangles = hull_faces(unit_vectors(120))
    first, second, third = corners[triangles].transpose(1, 0, 2)
    normals = np.cross(second - first, third - first)
    return corners / np.abs((normals * first).sum(axis=1) / np.linalg.norm(normals, axis=1)).min()
