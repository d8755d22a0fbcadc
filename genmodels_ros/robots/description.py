"""A robot arm as data: names, limits, kinematics, collision spheres, and where its description files are.

Everything specific to one arm stands in `<name>.yaml` beside this file, next to its URDF and SRDF; no other code names
a joint or a link. Torch code needs the arrays only: Pinocchio and meshes come into play in collision.py.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.kinematics import KinematicChain
from genmodels_ros.robots.spheres import SphereModel
from genmodels_ros.robots.urdf import Joint, build_chain, read_disabled_pairs, read_joints


@dataclass(frozen=True)
class JointLimits:
    """Each [D]: rad, rad/s, rad/s², rad/s³ (metres for prismatic joints); velocity, acceleration, jerk are
    magnitudes.
    """

    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray


@dataclass(frozen=True, eq=False)
class Robot:
    """One arm with its fingers (if any) held at `finger_position`.

    collision_pairs: pairs of link names that must not touch each other
    obstacle_links: links that must not touch obstacles
    ready: [D] a comfortable configuration
    """

    name: str
    joint_names: tuple[str, ...]
    base_frame: str
    tool_frame: str
    limits: JointLimits
    chain: KinematicChain
    spheres: SphereModel
    ready: np.ndarray
    finger_joints: tuple[str, ...]
    finger_position: float
    collision_pairs: tuple[tuple[str, str], ...]
    obstacle_links: tuple[str, ...]
    urdf: Path
    package_folder: Path

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    def within_limits(self, q: np.ndarray, tolerance: float = 1e-6) -> bool:
        """Whether configurations [*, D] keep the position limits."""
        return bool(np.all(q >= self.limits.lower - tolerance) and np.all(q <= self.limits.upper + tolerance))


@lru_cache(maxsize=8)
def load_robot(name: str = "panda", finger_position: float | None = None) -> Robot:
    """The arm of `<name>.yaml`; `finger_position` in metres a finger, by default as the YAML says.

    Raises GenModelsError(MODEL_UNAVAILABLE) for an unknown arm or a missing description package.
    """
    settings = _read_settings(name)
    if finger_position is None:
        finger_position = settings.get("finger_position", 0.0)
    if not 0 <= finger_position <= 0.1:
        raise GenModelsError(
            ErrorCode.START_OUT_OF_LIMITS, f"finger_position must lie in [0, 0.1] m, got {finger_position}."
        )
    folder = _share_folder(settings["description"]["package"])
    urdf, srdf = (_existing(folder / settings["description"][kind]) for kind in ("urdf", "srdf"))
    joints, joint_names = read_joints(urdf.read_text()), tuple(settings["joints"])
    fingers = tuple(settings.get("finger_joints", ()))
    chain = build_chain(joints, joint_names, settings["base_frame"], dict.fromkeys(fingers, float(finger_position)))
    spheres = settings["spheres"]
    pairs = _collision_pairs(joints, read_disabled_pairs(srdf.read_text()), settings)
    obstacle_links = tuple(link for link in spheres if link not in settings["mounted_links"])
    return Robot(
        name=name,
        joint_names=joint_names,
        base_frame=settings["base_frame"],
        tool_frame=settings["tool_frame"],
        limits=JointLimits(**{key: np.array(values, dtype=float) for key, values in settings["limits"].items()}),
        chain=chain,
        spheres=SphereModel.from_links(chain, spheres, pairs, obstacle_links),
        ready=np.array(settings["ready"], dtype=float),
        finger_joints=fingers,
        finger_position=float(finger_position),
        collision_pairs=pairs,
        obstacle_links=obstacle_links,
        urdf=urdf,
        package_folder=folder,
    )


def _collision_pairs(joints: dict[str, Joint], disabled: set[frozenset[str]], settings: dict):
    """Pairs of links with spheres, less those that the SRDF, the YAML or a common joint lets touch."""
    checked, allowed = (
        {frozenset(pair) for pair in settings.get(key, ())} for key in ("checked_collisions", "allowed_collisions")
    )
    adjacent = {frozenset((joint.parent, joint.child)) for joint in joints.values()}
    free = (disabled - checked) | allowed | adjacent
    return tuple(pair for pair in combinations(settings["spheres"], 2) if frozenset(pair) not in free)


def _read_settings(name: str) -> dict:
    paths = {path.stem: path for path in Path(__file__).parent.glob("*.yaml")}
    if name not in paths:
        known = ", ".join(sorted(paths))
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"No robot {name!r}: known robots are {known}.")
    return yaml.safe_load(paths[name].read_text())


def _share_folder(package: str) -> Path:
    """The folder that `package://` URIs are relative to: of the installed wheel, or of a ROS installation."""
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        if prefix and Path(prefix, "share", package, "package.xml").is_file():
            return Path(prefix, "share").resolve()
    try:
        manifest = next(file for file in files(package) or () if file.name == "package.xml" and "share" in file.parts)
    except (PackageNotFoundError, StopIteration) as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"Robot descriptions are missing: run `pip install {package}`."
        ) from error
    return Path(manifest.locate()).resolve().parents[1]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"{path.name} is missing from its package: reinstall it.")
    return path
