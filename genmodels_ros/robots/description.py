"""A robot arm as data: names, limits, kinematics, collision spheres, and the description it comes from.

Everything specific to one arm stands in a YAML file (those shipped lie beside this file) and in its URDF and SRDF; no
code names a joint or a link. Torch code needs the arrays only: Pinocchio and meshes come into play in collision/. A
robot.json holds all three texts, so that a machine without the description's package can train and sample.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.kinematics import KinematicChain
from genmodels_ros.robots.packages import find_file, find_package
from genmodels_ros.robots.spheres import SphereModel
from genmodels_ros.robots.urdf import Joint, build_chain, read_disabled_pairs, read_joints, standing_positions

SHIPPED = Path(__file__).parent
WIDEST_FINGERS = 0.1  # m a finger


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
class RobotSource:
    """What a robot is made from: the settings of its YAML, URDF and SRDF texts ("" without an SRDF), and the folder
    from which relative file names start, None where there is none.
    """

    name: str
    settings: dict
    urdf: str
    srdf: str
    folder: Path | None


@dataclass(frozen=True, eq=False)
class Robot:
    """One arm with its fingers (if any) held at `finger_position`.

    standing: position of every joint that is neither commanded nor follows one that is
    collision_pairs: pairs of link names that must not touch each other
    obstacle_links: links that must not touch obstacles
    ready: [D] a comfortable configuration
    """

    source: RobotSource
    joint_names: tuple[str, ...]
    base_frame: str
    tool_frame: str
    limits: JointLimits
    chain: KinematicChain
    spheres: SphereModel
    ready: np.ndarray
    finger_joints: tuple[str, ...]
    finger_position: float
    standing: dict[str, float]
    collision_pairs: tuple[tuple[str, str], ...]
    obstacle_links: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of a shipped arm or a YAML file, without folder and suffix; "robot_description" where the URDF was given."""
        return self.source.name

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    @property
    def urdf(self) -> Path:
        """The URDF file; raises GenModelsError where it is gone or was given as text."""
        return _described_file(self.source.settings, "urdf", self.source.folder)

    @property
    def package_folder(self) -> Path:
        """The folder that holds the package of the description, or the YAML's where it names none."""
        package = self.source.settings["description"].get("package")
        return self.source.folder if package is None else find_package(package, self.source.folder).parent

    def within_limits(self, q: np.ndarray, tolerance: float = 1e-6) -> bool:
        """Whether configurations [*, D] keep the position limits."""
        return bool(np.all(q >= self.limits.lower - tolerance) and np.all(q <= self.limits.upper + tolerance))

    def with_fingers(self, position: float | None) -> "Robot":
        """The same arm with its fingers at `position` m each; None leaves them."""
        return self if position in (None, self.finger_position) else _build(self.source, float(position))

    def described_by(self, source: RobotSource) -> "Robot":
        """An arm of another description with its fingers where these are; raises GenModelsError as load_robot does."""
        return _build(source, self.finger_position)


def load_robot(name: str | Path = "panda", finger_position: float | None = None) -> Robot:
    """A shipped arm by its name, or one from a YAML or robot.json file anywhere; `finger_position` in metres a finger,
    by default as the YAML says.

    Raises GenModelsError(MODEL_UNAVAILABLE) for an unknown arm, a missing description or settings that are wrong.
    """
    return _build(_read_source(_settings_file(str(name))), finger_position)


def load_robot_from_description(
    urdf: str,
    settings: str | Path | dict,
    srdf: str = "",
    finger_position: float | None = None,
    folder: Path | None = None,
) -> Robot:
    """The arm of a robot_description (URDF text) and the settings made for it: a YAML file or its content.

    The settings' own description is not looked at. folder: from which relative mesh names start, by default the YAML's.
    Raises as load_robot does.
    """
    if not isinstance(settings, dict):
        path = Path(settings)
        folder, settings = folder or path.resolve().parent, _read_yaml(path)
    return _build(RobotSource("robot_description", settings, urdf, srdf, folder), finger_position)


def save_robot(robot: Robot, path: Path) -> None:
    """Writes a robot.json, which load_robot reads."""
    source = robot.source
    fields = {"name": source.name, "settings": source.settings, "urdf": source.urdf, "srdf": source.srdf}
    Path(path).write_text(json.dumps(fields) + "\n")


def _settings_file(name: str) -> Path:
    for path in (SHIPPED / f"{name}.yaml", Path(name).expanduser()):
        if path.suffix in (".yaml", ".yml", ".json") and path.is_file():
            return path.resolve()
    known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.yaml")))
    message = f"No robot {name!r}: name one of {known}, or a YAML file made by `genmodels robot add`."
    raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message)


@lru_cache(maxsize=32)
def _read_source(path: Path) -> RobotSource:
    if path.suffix == ".json":
        return RobotSource(folder=path.parent, **_read_json(path))
    settings = _read_yaml(path)
    urdf = _described_file(settings, "urdf", path.parent).read_text()
    srdf = _described_file(settings, "srdf", path.parent).read_text() if "srdf" in settings["description"] else ""
    return RobotSource(path.stem, settings, urdf, srdf, path.parent)


def _read_json(path: Path) -> dict:
    try:
        fields = json.loads(path.read_text())
        return {key: fields[key] for key in ("name", "settings", "urdf", "srdf")}
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is no saved robot ({error}): copy it again from the checkpoint or the shards."
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message) from error


def _read_yaml(path: Path) -> dict:
    try:
        settings = yaml.safe_load(path.read_text())
        settings["description"]["urdf"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        message = f"{path} does not describe a robot ({error!r}): make one with `genmodels robot add`."
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message) from error
    return settings


def _described_file(settings: dict, kind: str, folder: Path | None) -> Path:
    """The URDF or SRDF file of the settings' description; relative names start at the package, or at the YAML."""
    description = settings["description"]
    if "package" in description:
        folder = find_package(description["package"], folder).parent
    return find_file(description[kind], folder)


@lru_cache(maxsize=32)
def _build(source: RobotSource, finger_position: float | None) -> Robot:
    settings = source.settings
    try:
        if finger_position is None:
            finger_position = float(settings.get("finger_position", 0.0))
        joint_names, fingers = tuple(settings["joints"]), tuple(settings.get("finger_joints", ()))
        spheres, ready = settings["spheres"], np.array(settings["ready"], dtype=float)
        limits = JointLimits(**{key: np.array(values, dtype=float) for key, values in settings["limits"].items()})
        base_frame, tool_frame = settings["base_frame"], settings["tool_frame"]
    except (KeyError, TypeError, ValueError) as error:
        message = f"The settings of {source.name} lack or garble {error}: compare them with a shipped YAML."
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message) from error
    if not 0 <= finger_position <= WIDEST_FINGERS:
        raise GenModelsError(
            ErrorCode.START_OUT_OF_LIMITS,
            f"finger_position must lie in [0, {WIDEST_FINGERS}] m, got {finger_position}.",
        )
    joints = read_joints(source.urdf)
    given = settings.get("standing", {}) | dict.fromkeys(fingers, finger_position)
    standing = standing_positions(joints, joint_names, given)
    chain = build_chain(joints, joint_names, base_frame, standing)
    _check(source, chain, (tool_frame, *spheres), {"ready": ready, **vars(limits)})
    pairs = _collision_pairs(joints, read_disabled_pairs(source.srdf), settings)
    obstacle_links = tuple(link for link in spheres if link not in settings.get("mounted_links", ()))
    return Robot(
        source=source,
        joint_names=joint_names,
        base_frame=base_frame,
        tool_frame=tool_frame,
        limits=limits,
        chain=chain,
        spheres=SphereModel.from_links(chain, spheres, pairs, obstacle_links),
        ready=ready,
        finger_joints=fingers,
        finger_position=finger_position,
        standing=standing,
        collision_pairs=pairs,
        obstacle_links=obstacle_links,
    )


def _check(source: RobotSource, chain: KinematicChain, links: tuple[str, ...], arrays: dict[str, np.ndarray]) -> None:
    """Refuses settings that do not fit the URDF."""
    missing = sorted(set(links) - set(chain.link_names))
    if missing:
        message = f"The settings of {source.name} name links that its URDF lacks: {', '.join(missing)}."
        raise GenModelsError(ErrorCode.UNKNOWN_FRAME, message)
    for name, values in arrays.items():
        if values.shape != (chain.num_joints,) or not np.isfinite(values).all():
            message = f"{name} of {source.name} needs {chain.num_joints} finite numbers, one a joint, got {values}."
            raise GenModelsError(ErrorCode.WRONG_LENGTH, message)
    if not (arrays["lower"] < arrays["upper"]).all():
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"Some lower limit of {source.name} is not below its upper.")


def _collision_pairs(joints: dict[str, Joint], disabled: set[frozenset[str]], settings: dict):
    """Pairs of links with spheres, less those that the SRDF, the YAML or a common joint lets touch."""
    checked, allowed = (
        {frozenset(pair) for pair in settings.get(key, ())} for key in ("checked_collisions", "allowed_collisions")
    )
    adjacent = {frozenset((joint.parent, joint.child)) for joint in joints.values()}
    free = (disabled - checked) | allowed | adjacent
    return tuple(pair for pair in combinations(settings["spheres"], 2) if frozenset(pair) not in free)
