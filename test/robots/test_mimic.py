"""A joint that follows another is a fixed multiple of it, everywhere, and never commanded."""

import numpy as np
import pinocchio as pin
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot_from_description
from genmodels_ros.robots.kinematics import forward, jacobian, link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.optimisation import optimise
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import verify

BOX = '<collision><origin xyz="{0}"/><geometry><box size="{1}"/></geometry></collision>'
LIMIT = '<limit lower="-2" upper="2" velocity="1" effort="1"/>'


def link(name, origin, size):
    return f'<link name="{name}">{BOX.format(origin, size)}</link>'


def joint(name, kind, parent, child, origin, axis, mimic=""):
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/><origin xyz="{origin}"/>'
        f'<axis xyz="{axis}"/>{LIMIT}{mimic}</joint>'
    )


# As in a palletiser: whatever the elbow does, the hand keeps its angle to the upper arm. And two fingers.
URDF = "".join(
    (
        '<robot name="parallel">',
        link("base", "0 0 0", "0.1 0.1 0.1"),
        link("upper", "0.2 0 0", "0.3 0.04 0.04"),
        link("lower", "0.2 0 0", "0.3 0.04 0.04"),
        link("hand", "0.05 0 0", "0.08 0.04 0.04"),
        link("left", "0 0.02 0", "0.05 0.01 0.02"),
        link("right", "0 -0.02 0", "0.05 0.01 0.02"),
        joint("shoulder", "revolute", "base", "upper", "0 0 0.2", "0 1 0"),
        joint("elbow", "revolute", "upper", "lower", "0.4 0 0", "0 1 0"),
        joint(
            "wrist",
            "revolute",
            "lower",
            "hand",
            "0.4 0 0",
            "0 1 0",
            '<mimic joint="elbow" multiplier="-1" offset="0.2"/>',
        ),
        joint("finger", "prismatic", "hand", "left", "0.12 0 0", "0 1 0"),
        joint("follower", "prismatic", "hand", "right", "0.12 0 0", "0 -1 0", '<mimic joint="finger"/>'),
        "</robot>",
    )
)
SETTINGS = {
    "base_frame": "base",
    "tool_frame": "hand",
    "joints": ["shoulder", "elbow"],
    "finger_joints": ["finger"],
    "finger_position": 0.03,
    "ready": [0.0, 0.5],
    "limits": {
        key: [value] * 2
        for key, value in dict(lower=-2.0, upper=2.0, velocity=1.0, acceleration=5.0, jerk=50.0).items()
    },
    "mounted_links": ["base"],
    "spheres": {
        "base": [[0, 0, 0, 0.09]],
        **{name: [[x, 0, 0, 0.06] for x in (0.1, 0.2, 0.3)] for name in ("upper", "lower")},
        "hand": [[0.05, 0, 0, 0.05]],
        "left": [[0, 0.02, 0, 0.03]],
        "right": [[0, -0.02, 0, 0.03]],
    },
}


@pytest.fixture(scope="module")
def robot():
    return load_robot_from_description(URDF, SETTINGS)


def test_followers_are_not_commanded(robot):
    assert robot.num_joints == 2 and robot.chain.num_joints == 2 and len(robot.chain.parents) == 3
    assert robot.standing == {"finger": 0.03, "follower": 0.03}
    with pytest.raises(GenModelsError) as error:
        load_robot_from_description(URDF, SETTINGS | {"joints": ["shoulder", "elbow", "wrist"]})
    assert error.value.code == ErrorCode.UNKNOWN_JOINT and "wrist follows elbow" in error.value.message


def test_kinematics_agree_with_pinocchio(robot, rng):
    model = pin.buildModelFromXML(URDF)
    data, q = model.createData(), rng.uniform(-2, 2, (10, 2))
    ours = forward(robot.chain, torch.as_tensor(q)).numpy()
    for row, poses in zip(q, ours, strict=True):
        values = {"shoulder": row[0], "elbow": row[1], "wrist": 0.2 - row[1], "finger": 0.03, "follower": 0.03}
        pin.framesForwardKinematics(model, data, np.array([values[name] for name in list(model.names)[1:]]))
        theirs = [data.oMf[model.getFrameId(name)].homogeneous for name in robot.chain.link_names]
        np.testing.assert_allclose(poses, theirs, atol=1e-12)


def test_the_jacobian_counts_followers_for_their_leaders(robot, rng):
    q, step = torch.as_tensor(rng.uniform(-2, 2, (5, 2))), 1e-6
    pose, columns = jacobian(robot.chain, q, "hand")
    for index in range(2):
        moved = q.clone()
        moved[:, index] += step
        change = link_pose(robot.chain, moved, "hand")
        np.testing.assert_allclose(columns[:, :3, index], (change[:, :3, 3] - pose[:, :3, 3]) / step, atol=1e-5)
    np.testing.assert_allclose(columns[:, 3:, 1], 0, atol=1e-12)  # the wrist undoes the elbow's turn


def test_collisions_are_where_the_followers_really_are(robot):
    """At q = 0 the wrist stands at its offset, 0.2 rad down, and the right finger 0.05 m to the right of the hand."""
    tip = np.array([0.8 + 0.12 * np.cos(0.2), -0.05, 0.2 - 0.12 * np.sin(0.2)])
    assert CollisionChecker(robot, Scene((Sphere(tip, 0.004, "pea"),))).contact(np.zeros(2)) == "right touches pea"
    straight = np.array([0.92, -0.05, 0.2])
    assert CollisionChecker(robot, Scene((Sphere(straight, 0.004),))).contact(np.zeros(2)) is None
    wide = robot.with_fingers(0.06)
    assert CollisionChecker(wide, Scene((Sphere(tip, 0.004),))).contact(np.zeros(2)) is None


def test_paths_are_led_around_obstacles_and_verified(robot):
    start, goal = np.array([-0.6, 0.3]), np.array([0.6, 0.3])
    line = straight_line(start, goal, 16)
    clear, blocked = Scene((Sphere((0.0, 0.0, 1.5), 0.1),)), Scene((Sphere((0.93, 0.0, 0.15), 0.05, "post"),))
    assert verify(timed(line, robot), robot, clear).valid
    verdict = verify(timed(line, robot), robot, blocked)
    assert verdict.code == ErrorCode.TRAJECTORY_IN_COLLISION and "post" in verdict.message
    paths, clearance = optimise(np.array([straight_line(start, goal, 16), _detour(start, goal)]), robot, blocked)
    best = paths[clearance.argmax()]
    assert verify(timed(best, robot), robot, blocked).valid


def timed(path, robot):
    return time_parameterise(path, robot.limits, joint_names=robot.joint_names)


def _detour(start, goal):
    path = straight_line(start, goal, 16)
    path[2:-2, 1] += 1.2 * np.sin(np.linspace(0, np.pi, 12))
    return path
