"""The settings of an arm, found from its URDF (and SRDF): joints, frames, limits, spheres, pairs that may touch.

What the description does not say is chosen, and each choice is said in a note, for the user to judge.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.geometry import link_pieces, load_geometry
from genmodels_ros.robots.description import Robot, load_robot_from_description
from genmodels_ros.robots.kinematics import jacobian
from genmodels_ros.robots.setup.arm_joints import arm_joints, tool_link
from genmodels_ros.robots.setup.self_contacts import SelfContacts, free_range
from genmodels_ros.robots.setup.sphere_fitting import fit_within
from genmodels_ros.robots.spheres import sphere_centers
from genmodels_ros.robots.urdf import Joint, build_chain, read_disabled_pairs, read_joints, standing_positions

ALWAYS = 0.95  # of random configurations in contact: a pair that touches by construction
UP_TO_SPEED, UP_TO_ACCELERATION = 0.5, 0.1  # s, where neither acceleration nor jerk limits are known
SLOW = 1.0  # rad/s or m/s, where no velocity limit is known


@dataclass(frozen=True)
class Choices:
    """What the user may say about an arm; None and () leave it to be found."""

    tool_frame: str | None = None
    base_frame: str | None = None
    joints: tuple[str, ...] = ()
    slack: float = 0.025  # m that spheres may stick out of a convex piece of a link
    most_spheres: int = 10  # a piece


@dataclass
class Findings:
    """Settings as a YAML file holds them, the slack of each link's spheres [m], and notes for the user."""

    settings: dict
    slack: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_settings(
    urdf: str,
    srdf: str = "",
    folder=None,
    choices: Choices = Choices(),
    seed: int = 0,
    progress: Callable[[str], None] = lambda stage: None,
) -> Findings:
    """All settings but the description's place, for a URDF and SRDF text; relative meshes start at `folder`.

    Raises GenModelsError where the description has no arm, lacks a mesh, or does not hold what was chosen.
    """
    rng, joints = np.random.default_rng(seed), read_joints(urdf)
    progress("joints")
    names = choices.joints or arm_joints(joints, choices.tool_frame, choices.base_frame)
    unknown = [name for name in names if name not in joints]
    if unknown or not names:
        moving = ", ".join(name for name, joint in joints.items() if joint.moves)
        message = f"The URDF has no joint {', '.join(unknown) or 'that moves'}: its moving joints are {moving}."
        raise GenModelsError(ErrorCode.UNKNOWN_JOINT, message)
    base = choices.base_frame or joints[names[0]].parent
    tool = choices.tool_frame or tool_link(joints, names[-1])
    found = Findings({"base_frame": base, "tool_frame": tool, "joints": list(names)})
    _add_grippers(found, joints, names, base)
    _add_limits(found, [joints[name] for name in names])
    progress("spheres")
    _add_spheres(found, urdf, folder, choices, rng, progress)
    progress("pairs of links that may touch")
    found.settings |= {"allowed_collisions": [], "checked_collisions": []}
    found.settings["ready"] = [(a + b) / 2 for a, b in zip(*_range(found), strict=True)]
    found.settings["mounted_links"] = _still_links(_robot(found, urdf, srdf, folder))
    contacts = SelfContacts(urdf, folder, _robot(found, urdf, srdf, folder), rng)
    _add_allowed(found, contacts, read_disabled_pairs(srdf), bool(srdf))
    progress("limits that the arm itself does not block")
    free = _narrow(found, contacts, _robot(found, urdf, srdf, folder))
    found.settings["ready"] = _comfortable(_robot(found, urdf, srdf, folder), contacts.q[free])
    return found


def _add_grippers(found: Findings, joints: dict[str, Joint], names: tuple[str, ...], base: str) -> None:
    """Sliding fingers stand open; any other joint that is not the arm's at 0, or as near as its limits allow."""
    positions, chain = standing_positions(joints, names, {}), build_chain(joints, names, base, {})
    left = [joints[name] for name in positions if joints[name].mimic is None and joints[name].child in chain.link_names]
    fingers = [joint for joint in left if joint.kind == "prismatic" and 0 < joint.upper <= 0.1]
    if fingers:
        found.settings["finger_joints"] = [joint.name for joint in fingers]
        found.settings["finger_position"] = min(joint.upper for joint in fingers)
    others = {joint.name: float(np.clip(0.0, joint.lower, joint.upper)) for joint in left if joint not in fingers}
    if others:
        found.settings["standing"] = others
        listed = ", ".join(f"{name} at {value:g}" for name, value in others.items())
        found.notes.append(f"not commanded, held still: {listed} (change `standing` if they are elsewhere)")


def _add_limits(found: Findings, joints: list[Joint]) -> None:
    lower, upper = np.array([joint.lower for joint in joints]), np.array([joint.upper for joint in joints])
    turning = np.array([joint.kind != "prismatic" for joint in joints])
    wide = turning & (upper - lower > 2 * np.pi + 1e-3)
    lower, upper = np.where(wide, -np.pi, lower), np.where(wide, np.pi, upper)
    velocity = np.array([joint.velocity for joint in joints])
    unknown = ~(np.isfinite(velocity) & (velocity > 0))
    velocity = np.where(unknown, SLOW, velocity)
    if wide.any():
        names = ", ".join(joint.name for joint, is_wide in zip(joints, wide, strict=True) if is_wide)
        found.notes.append(f"more than one turn in the URDF, planned for ±π: {names}")
    if unknown.any():
        found.notes.append(f"no velocity limit in the URDF for {unknown.sum()} joints: {SLOW} rad/s taken")
    found.notes.append(
        f"a URDF has no acceleration and jerk limits: full speed in {UP_TO_SPEED} s and full acceleration in "
        f"{UP_TO_ACCELERATION} s taken (write the vendor's into `limits`)"
    )
    acceleration = velocity / UP_TO_SPEED
    values = (lower, upper, velocity, acceleration, acceleration / UP_TO_ACCELERATION)
    keys = ("lower", "upper", "velocity", "acceleration", "jerk")
    found.settings["limits"] = {key: value.tolist() for key, value in zip(keys, values, strict=True)}


def _add_spheres(found: Findings, urdf: str, folder, choices: Choices, rng, progress) -> None:
    settings, joints = found.settings, read_joints(urdf)
    chain = build_chain(joints, tuple(settings["joints"]), settings["base_frame"], {})
    spheres = {}
    for link, pieces in link_pieces(*load_geometry(urdf, folder)).items():
        if link not in chain.link_names:
            continue
        progress(f"spheres of {link}")
        fits = [fit_within(piece, choices.slack, rng, choices.most_spheres) for piece in pieces]
        spheres[link] = np.concatenate([rows for rows, _ in fits]).tolist()
        found.slack[link] = max(slack for _, slack in fits)
    if not spheres:
        message = f"No link below {settings['base_frame']} has collision geometry: a URDF with <collision> is needed."
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message)
    bare = [link for link in chain.link_names if link not in spheres and link not in (settings["tool_frame"],)]
    moved = [link for link in bare if chain.link_bodies[chain.link(link)] > 0]
    if moved:
        found.notes.append(f"without collision geometry, so never checked: {', '.join(moved)}")
    settings["spheres"] = spheres


def _still_links(robot: Robot) -> list[str]:
    chain = robot.chain
    return [link for link in robot.source.settings["spheres"] if chain.link_bodies[chain.link(link)] == 0]


def _add_allowed(found: Findings, contacts: SelfContacts, disabled: set[frozenset[str]], has_srdf: bool) -> None:
    always, let_touch = [], []
    for pair, share in zip(contacts.pairs, contacts.touching.mean(axis=0), strict=True):
        if share >= ALWAYS and frozenset(pair) not in disabled:
            always.append(list(pair))
        elif 0.001 < share < ALWAYS and frozenset(pair) in disabled:
            let_touch.append(f"{pair[0]} and {pair[1]} ({100 * share:.1f} %)")
    found.settings["allowed_collisions"] = always
    if not has_srdf:
        found.notes.append("no SRDF: pairs that share a joint or touch in 95 % of random configurations may touch")
    if always:
        found.notes.append("may touch, as they always do: " + ", ".join(" and ".join(pair) for pair in always))
    if let_touch:
        found.notes.append(
            "not checked, as the SRDF says so, though their hulls do meet at times: "
            + ", ".join(let_touch)
            + " (add them to `checked_collisions` if the real links can meet)"
        )


def _narrow(found: Findings, contacts: SelfContacts, robot: Robot) -> np.ndarray:
    """Cuts each joint's range where the arm itself blocks the way; the configurations [N] then in range and free."""
    limits, colliding = found.settings["limits"], contacts.colliding(robot)
    usable = ~colliding
    for index, name in enumerate(robot.joint_names):
        q, whole = contacts.q[:, index], (limits["lower"][index], limits["upper"][index])
        lower, upper = free_range(q, colliding, *whole)
        if (lower, upper) == whole:
            continue
        limits["lower"][index], limits["upper"][index] = lower, upper
        usable &= (q >= lower) & (q <= upper)
        found.notes.append(f"{name} narrowed to {lower:.2f} … {upper:.2f}: elsewhere the arm meets itself")
    if not usable.any():
        message = (
            "Every random configuration of this arm meets itself: look at its collision geometry, or give an SRDF with "
            "the pairs of links that may touch."
        )
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message)
    return usable


def _comfortable(robot: Robot, free: np.ndarray) -> list[float]:
    """Of the free configurations [N, D] near the middle of the limits, above the base if any are, the one that moves
    its tool best in all directions (Yoshikawa's manipulability, 1985).
    """
    middle, half = (robot.limits.upper + robot.limits.lower) / 2, (robot.limits.upper - robot.limits.lower) / 2
    q = torch.as_tensor(free)
    lowest = sphere_centers(robot.chain, robot.spheres, q)[..., 2] - robot.spheres.tensor("radii", q)
    above = lowest[:, robot.spheres.bodies > 1].amin(dim=-1).numpy() > 0
    free = free[above] if above.any() else free
    near = free[np.argsort((((free - middle) / half) ** 2).sum(axis=1))[: max(1, len(free) // 10)]]
    columns = jacobian(robot.chain, torch.as_tensor(near), robot.tool_frame)[1]
    values = torch.linalg.svdvals(columns)[:, : min(6, robot.num_joints)].prod(dim=-1)
    return near[int(values.argmax())].round(3).tolist()


def _range(found: Findings) -> tuple[list[float], list[float]]:
    return found.settings["limits"]["lower"], found.settings["limits"]["upper"]


def _robot(found: Findings, urdf: str, srdf: str, folder) -> Robot:
    return load_robot_from_description(urdf, dict(found.settings), srdf, folder=folder)
