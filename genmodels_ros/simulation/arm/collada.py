"""The triangles of a COLLADA file (https://www.khronos.org/collada/), for the looks of a robot's links."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SPACE = {"c": "http://www.collada.org/2005/11/COLLADASchema"}
GREY = (0.8, 0.8, 0.8)


@dataclass(frozen=True)
class Part:
    """Triangles of one colour: vertices [N, 3] m in the link's frame, faces [M, 3] indices, color rgb."""

    vertices: np.ndarray
    faces: np.ndarray
    color: tuple[float, float, float]


def read_parts(path: Path) -> list[Part]:
    """Every <triangles> of every geometry that the scene places, once a material."""
    root = ElementTree.parse(path).getroot()
    colors, parts = _material_colors(root), []
    for node, transform in _nodes(root.find("c:library_visual_scenes/c:visual_scene", SPACE), np.eye(4)):
        for instance in node.findall("c:instance_geometry", SPACE):
            geometry = _by_id(root, "c:library_geometries/c:geometry", instance.get("url"))
            bound = {m.get("symbol"): m.get("target") for m in instance.iter(f"{{{SPACE['c']}}}instance_material")}
            for triangles in geometry.findall("c:mesh/c:triangles", SPACE):
                color = colors.get(bound.get(triangles.get("material"), ""), GREY)
                parts.append(_part(geometry, triangles, transform, color))
    return parts


def _nodes(parent, transform):
    for node in parent.findall("c:node", SPACE):
        here = transform
        for matrix in node.findall("c:matrix", SPACE):
            here = here @ np.array(matrix.text.split(), float).reshape(4, 4)
        yield node, here
        yield from _nodes(node, here)


def _part(geometry, triangles, transform, color) -> Part:
    offsets = {i.get("semantic"): (int(i.get("offset")), i.get("source")) for i in triangles.findall("c:input", SPACE)}
    width = 1 + max(offset for offset, _ in offsets.values())
    offset, source = offsets["VERTEX"]
    indices = np.array(triangles.find("c:p", SPACE).text.split(), int).reshape(-1, width)[:, offset]
    position = _by_id(geometry, "c:mesh/c:vertices", source).find("c:input[@semantic='POSITION']", SPACE).get("source")
    numbers = _by_id(geometry, "c:mesh/c:source", position).find("c:float_array", SPACE).text.split()
    vertices = np.array(numbers, float).reshape(-1, 3) @ transform[:3, :3].T + transform[:3, 3]
    used, faces = np.unique(indices, return_inverse=True)
    return Part(vertices[used], faces.reshape(-1, 3), color)


def _material_colors(root) -> dict[str, tuple]:
    colors = {}
    for material in root.findall("c:library_materials/c:material", SPACE):
        effect = _by_id(root, "c:library_effects/c:effect", material.find("c:instance_effect", SPACE).get("url"))
        diffuse = effect.find(".//c:diffuse/c:color", SPACE)
        if diffuse is not None:
            colors[f"#{material.get('id')}"] = tuple(float(v) for v in diffuse.text.split()[:3])
    return colors


def _by_id(root, path: str, url: str):
    return next(element for element in root.findall(path, SPACE) if element.get("id") == url.lstrip("#"))
