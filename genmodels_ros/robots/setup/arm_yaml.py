"""Findings about an arm as the YAML file that load_robot reads, with the reasons beside the numbers."""

import json

from genmodels_ros.robots.setup.arm_settings import Findings

ROUNDING = 1e-4  # m added to each radius, as the printed digits are rounded


def to_yaml(findings: Findings, description: dict[str, str]) -> str:
    """The YAML text; description: where the URDF (and SRDF) are, as in the shipped files."""
    settings = findings.settings
    lines = [f"# {note}" for note in findings.notes]
    lines += ["description:", *(f"  {key}: {json.dumps(value)}" for key, value in description.items())]
    for key in ("base_frame", "tool_frame", "joints", "finger_joints", "finger_position", "standing", "ready"):
        if key in settings:
            lines.append(f"{key}: {_flow(settings[key])}")
    lines.append("limits:  # rad, rad/s, rad/s², rad/s³ (m for sliding joints)")
    lines += [f"  {key}: {_flow(values)}" for key, values in settings["limits"].items()]
    lines.append("# Pairs of links, beside those of the SRDF and neighbours, that are not checked against each other.")
    lines.append(f"allowed_collisions: {_flow(settings['allowed_collisions'])}")
    lines.append("# Pairs that are checked although the SRDF says otherwise.")
    lines.append(f"checked_collisions: {_flow(settings['checked_collisions'])}")
    lines.append("# Links that stand still and so touch what they are mounted on: not checked against obstacles.")
    lines.append(f"mounted_links: {_flow(settings['mounted_links'])}")
    lines.append("spheres:  # x, y, z, radius in m, in the link's frame; they enclose the link's collision geometry")
    for link, spheres in settings["spheres"].items():
        slack = f"  # slack {1000 * findings.slack[link]:.0f} mm" if link in findings.slack else ""
        lines.append(f"  {json.dumps(link)}:{slack}")
        for x, y, z, radius in spheres:
            lines.append(f"    - [{x:.4f}, {y:.4f}, {z:.4f}, {radius + ROUNDING:.4f}]")
    return "\n".join(lines) + "\n"


def describe(findings: Findings) -> str:
    """What was found, for people: the chain, limits, spheres with their slack, and the notes."""
    settings, limits = findings.settings, findings.settings["limits"]
    lines = [f"base {settings['base_frame']}, tool {settings['tool_frame']}, {len(settings['joints'])} joints:"]
    width = max(map(len, settings["joints"]))
    for name, lower, upper, velocity in zip(
        settings["joints"], limits["lower"], limits["upper"], limits["velocity"], strict=True
    ):
        lines.append(f"  {name:{width}}  {lower:6.2f} … {upper:5.2f}   at most {velocity:.2f} a second")
    count = sum(map(len, settings["spheres"].values()))
    lines.append(f"{count} collision spheres enclose its links; they stick out by at most:")
    width = max(map(len, settings["spheres"]))
    for link, spheres in settings["spheres"].items():
        lines.append(f"  {link:{width}}  {1000 * findings.slack[link]:3.0f} mm with {len(spheres)}")
    return "\n".join([*lines, "notes:", *(f"  - {note}" for note in findings.notes)])


def _flow(value) -> str:
    """YAML on one line; JSON is YAML."""
    return json.dumps(_rounded(value))


def _rounded(value):
    if isinstance(value, float):
        return round(value, 6)
    return [_rounded(item) for item in value] if isinstance(value, list) else value
