"""Where the files of a robot description are: `package://` names, paths beside the URDF, absolute ones."""

import os
import xml.etree.ElementTree as ElementTree
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from genmodels_ros.errors import ErrorCode, GenModelsError


def find_package(name: str, near: Path | None = None) -> Path:
    """Folder of a package: in a sourced ROS installation (AMENT_PREFIX_PATH), in ROS_PACKAGE_PATH, around the folder
    `near`, or in a wheel that brings one.

    Raises GenModelsError(MODEL_UNAVAILABLE) where there is none.
    """
    for folder in _package_folders(name, near):
        if folder.is_dir():
            return folder.resolve()
    raise GenModelsError(
        ErrorCode.MODEL_UNAVAILABLE,
        f"No package {name!r} for the robot description: source the workspace that holds it, name the folder above it "
        f"in ROS_PACKAGE_PATH, or run `pip install {name}` if it comes as a wheel.",
    )


def find_file(name: str, near: Path | None = None) -> Path:
    """The file that a URDF or YAML calls `name`: package://…, file://…, absolute, or relative to the folder `near`.

    Raises GenModelsError(MODEL_UNAVAILABLE) with the place looked at where it is missing.
    """
    if name.startswith("package://"):
        package, _, rest = name.removeprefix("package://").partition("/")
        path = find_package(package, near) / rest
    else:
        path = Path(name.removeprefix("file://")).expanduser()
        path = path if path.is_absolute() else (near or Path()) / path
    if not path.is_file():
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"{name} is missing from the robot description: no file {path}."
        )
    return path


def locate_meshes(text: str, near: Path | None = None) -> str:
    """A URDF with the file names of its collision meshes made absolute, without visuals.

    Continuous joints become revolute ones, as whoever reads this has to give them one number.
    Raises GenModelsError(MODEL_UNAVAILABLE) for a mesh that is missing.
    """
    root = ElementTree.fromstring(text)
    for link in root.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    for mesh in root.iter("mesh"):
        mesh.set("filename", str(find_file(mesh.get("filename", ""), near)))
    for joint in root.findall("joint"):
        if joint.get("type") == "continuous":
            joint.set("type", "revolute")
            limit = joint.find("limit")
            limit = ElementTree.SubElement(joint, "limit", {"effort": "0", "velocity": "0"}) if limit is None else limit
            limit.attrib.update(lower="-3.141592653589793", upper="3.141592653589793")
    return ElementTree.tostring(root, encoding="unicode")


def _package_folders(name: str, near: Path | None):
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        yield Path(prefix, "share", name)
    for folder in filter(None, os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep)):
        yield from (Path(folder) if Path(folder).name == name else Path(folder, name),)
    for parent in (near, *near.parents) if near is not None else ():
        yield from (parent / name, *((parent,) if parent.name == name else ()))
    try:
        for file in files(name) or ():
            if file.name == "package.xml" and file.parts[-3:-1] == ("share", name):
                yield Path(file.locate()).parent
    except PackageNotFoundError:
        pass
