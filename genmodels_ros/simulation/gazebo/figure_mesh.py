"""The figure of somebody who walks, as a Wavefront OBJ with its materials: Gazebo's actors need a mesh for a skin.

Up to the hips the figure wears what the simulation's lidar sees of it: the upright cylinder of the Walker.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from genmodels_ros.simulation.floor.decor import walker_parts
from genmodels_ros.simulation.floor.plan import Walker
from genmodels_ros.simulation.gazebo.sdf import linear
from genmodels_ros.simulation.solids import Solid

HIPS = 0.5  # of a person's height
SIDES, RINGS = 24, 6  # of the cylinder that is ranged; a figure's other parts are coarser
COARSE = 10

Mesh = tuple[np.ndarray, list[tuple[int, ...]]]  # vertices [N, 3] m, faces as indices of them, counter-clockwise


def walker_obj(walker: Walker, number: int, name: str) -> tuple[str, str]:
    """(OBJ, MTL) texts of walker `number` of a floor, in its own frame (x ahead, z = 0 on the floor); files `name`.

    Faces have normals, and materials a roughness (Pr): without them Gazebo draws everybody in plain white.
    """
    colors: dict[tuple, str] = {}
    lines, first, first_normal = [f"mtllib {name}.mtl"], 1, 1
    for solid, sides in [(_skirt(walker), SIDES), *((part, COARSE) for part in _upper_parts(walker, number))]:
        vertices, faces = tessellate(solid, sides)
        color = tuple(round(c, 3) for c in solid.color)
        lines.append(f"usemtl {colors.setdefault(color, f'color_{len(colors)}')}")
        lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in vertices]
        lines += [f"vn {x:.3f} {y:.3f} {z:.3f}" for x, y, z in (_normal(vertices, face) for face in faces)]
        for number_of, face in enumerate(faces, first_normal):
            lines.append("f " + " ".join(f"{first + index}//{number_of}" for index in face))
        first, first_normal = first + len(vertices), first_normal + len(faces)
    materials = [f"newmtl {name}\nKa {_rgb(color)}\nKd {_rgb(color)}\nPr 0.9\nd 1" for color, name in colors.items()]
    return "\n".join(lines) + "\n", "\n\n".join(materials) + "\n"


def tessellate(solid: Solid, sides: int) -> Mesh:
    """A solid's surface in triangles and quadrilaterals, placed."""
    profiles = {"cylinder": _cylinder_profile, "sphere": _sphere_profile, "capsule": _capsule_profile}
    vertices, faces = _box(solid) if solid.shape == "box" else _turned(profiles[solid.shape](solid), sides, solid.dims)
    c, s = math.cos(solid.yaw), math.sin(solid.yaw)
    return vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + np.array(solid.center), faces


def _normal(vertices: np.ndarray, face: tuple[int, ...]) -> np.ndarray:
    """[3] outwards, of length 1."""
    a, b, c = vertices[list(face[:3])]
    across = np.cross(b - a, c - a)
    return across / np.linalg.norm(across)


def _skirt(walker: Walker) -> Solid:
    height = HIPS * walker.height if walker.kind == "person" else walker.height
    return Solid(
        "cylinder", (0, 0, height / 2), (2 * walker.radius, 2 * walker.radius, height), color=walker.color
    )  # fmt: skip


def _upper_parts(walker: Walker, number: int) -> Iterator[Solid]:
    for part in walker_parts(walker, number):
        tall = part.dims[2] + (part.dims[1] if part.shape == "capsule" else 0)
        if walker.kind == "person" and part.center[2] + tall / 2 > HIPS * walker.height:
            yield replace(part, material="plain")


def _cylinder_profile(solid: Solid) -> list[tuple[float, float]]:
    half = solid.dims[2] / 2
    return [(1.0, -half), (1.0, half)]


def _sphere_profile(solid: Solid) -> list[tuple[float, float]]:
    angles = np.linspace(-math.pi / 2, math.pi / 2, RINGS + 1)[1:-1]
    return [(math.cos(a), solid.dims[2] / 2 * math.sin(a)) for a in angles]


def _capsule_profile(solid: Solid) -> list[tuple[float, float]]:
    radius, half = solid.dims[0] / 2, solid.dims[2] / 2
    angles = np.linspace(-math.pi / 2, math.pi / 2, RINGS + 2)[1:-1]
    return [(math.cos(a), math.copysign(half, a) + radius * math.sin(a)) for a in angles]


def _turned(profile, sides: int, dims) -> Mesh:
    """Rings of (share of the radius, z) upwards, closed by a cap at either end."""
    angles = 2 * math.pi * np.arange(sides) / sides
    ring = np.stack([dims[0] / 2 * np.cos(angles), dims[1] / 2 * np.sin(angles)], axis=1)
    vertices = np.concatenate([np.column_stack([r * ring, np.full(sides, z)]) for r, z in profile])
    faces: list[tuple[int, ...]] = [tuple(range(sides))[::-1], tuple(range(len(vertices) - sides, len(vertices)))]
    for low in range(0, len(vertices) - sides, sides):
        for k in range(sides):
            after = (k + 1) % sides
            faces.append((low + k, low + after, low + sides + after, low + sides + k))
    return vertices, faces


def _box(solid: Solid) -> Mesh:
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * solid.dims
    return corners, [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def _rgb(color) -> str:
    return " ".join(f"{channel:.4g}" for channel in linear(color))
