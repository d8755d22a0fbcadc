"""What a robot carries moves with it, is checked against everything else, and may touch what holds it."""

import coal
import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.attachment import carrying, covering
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.collision.geometry import obstacle_geometry
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Attached, Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.verification import verify
from genmodels_ros.robots.scene.placed import placed, quaternion
from genmodels_ros.robots.scene_arrays import rotation_matrices
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.robots.urdf import pose_matrix

TURNED = np.array([0.1, -0.4, 0.2, 0.0])
TURNED[3] = np.sqrt(1 - TURNED @ TURNED)
FINGERS = ("panda_leftfinger", "panda_rightfinger")
STICK = Box((0, 0, 0.3), (0.03, 0.03, 0.3), TURNED, "stick")


def held(*solids, touch=FINGERS, link="panda_hand", id="stick") -> tuple[Attached, ...]:
    return (Attached(id, link, tuple(solids), touch),)


@pytest.mark.parametrize(
    "solid",
    [STICK, Cylinder((0.0, 0.05, 0.3), 0.03, 0.2, TURNED), Sphere((0.02, 0.0, 0.3), 0.06)],
    ids=lambda solid: type(solid).__name__,
)
def test_a_thing_in_the_hand_is_an_obstacle_at_the_hand(panda, rng, solid):
    """A contact of what is carried with an obstacle is the contact of the solid, placed there, with it."""
    carried = Scene((Box((0.6, 0.1, 0.5), (0.4, 1.5, 0.3), id="post"),), held(solid))
    checker, bare = CollisionChecker(panda, carried), CollisionChecker(panda, Scene(carried.obstacles))
    q = rng.uniform(panda.limits.lower, panda.limits.upper, (300, 7))
    touching, seen = checker.collisions(q), 0
    hand = link_pose(panda.chain, torch.as_tensor(q), "panda_hand").numpy()
    for index in np.flatnonzero(~bare.collisions(q)):
        alone = _distance(placed(solid, hand[index]), carried.obstacles[0])
        own = (checker.contact(q[index]) or "").endswith("touches post")
        if abs(alone - 1e-3) > 1e-5:
            assert own == (alone < 1e-3)
        assert touching[index] == (checker.contact(q[index]) is not None), "the spheres hold all of it"
        seen += own
    assert seen > 2


def _distance(one, other) -> float:
    (a, at_a), (b, at_b) = obstacle_geometry(one), obstacle_geometry(other)
    here, there = (coal.Transform3s(at.rotation, at.translation) for at in (at_a, at_b))
    return coal.distance(a, here, b, there, coal.DistanceRequest(), coal.DistanceResult())


def test_it_may_touch_its_link_and_its_touch_links_and_nothing_else(panda):
    grasped = Box((0, 0, 0.1), (0.1, 0.1, 0.1))
    assert not CollisionChecker(panda, Scene((), held(grasped))).in_collision(panda.ready)
    contact = CollisionChecker(panda, Scene((), held(grasped, touch=FINGERS[:1]))).contact(panda.ready)
    assert "panda_rightfinger" in contact and "stick" in contact
    through_the_arm = CollisionChecker(panda, Scene((), held(Box((0, 0, -0.3), (0.05, 0.05, 0.5))))).contact(
        panda.ready
    )
    assert "stick" in through_the_arm


def test_verification_and_spheres_know_of_it(panda):
    ends = np.stack([panda.ready, panda.ready + np.eye(7)[0]])
    s = np.linspace(0, 1, 60)[:, None]
    rest = 35 * s**4 - 84 * s**5 + 70 * s**6 - 20 * s**7
    q = ends[0] + rest * (ends[1] - ends[0])
    time = 4.0 * s[:, 0]
    dq = np.gradient(q, time, axis=0)
    dq[[0, -1]] = 0
    ddq = np.gradient(dq, time, axis=0)
    ddq[[0, -1]] = 0
    trajectory = Trajectory(panda.joint_names, time, q, dq, ddq)
    tip = link_pose(panda.chain, torch.as_tensor(q[30]), "panda_hand").numpy() @ [0, 0, 0.4, 1]
    scene = Scene((Sphere(tip[:3], 0.02, "ball"),))
    assert verify(trajectory, panda, scene).valid
    verdict = verify(trajectory, panda, scene + Scene((), held(Box((0, 0, 0.25), (0.02, 0.02, 0.4)))))
    assert not verdict.valid and "stick touches ball" in verdict.message


@pytest.mark.parametrize("solid", [STICK, Box((0, 0, 0), (2.0, 1.0, 0.01)), Cylinder((1, 0, 0), 0.02, 1.5, TURNED)])
def test_spheres_hold_the_solid(solid, rng):
    spheres = np.array(covering(solid))
    assert len(spheres) <= 64
    if isinstance(solid, Box):
        local = rng.uniform(-0.5, 0.5, (500, 3))
        local[np.arange(500), rng.integers(0, 3, 500)] = rng.choice([-0.5, 0.5], 500)
        local = local * solid.dims
    else:
        angle = rng.uniform(0, 2 * np.pi, 500)
        local = np.stack(
            [solid.radius * np.cos(angle), solid.radius * np.sin(angle), rng.uniform(-0.5, 0.5, 500) * solid.height], 1
        )
    for point in local:
        world = placed(Sphere(point, 1.0), _pose(solid)).center
        assert (np.linalg.norm(spheres[:, :3] - world, axis=1) - spheres[:, 3]).min() < 1e-9


def _pose(solid) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation_matrices(solid.quat_xyzw), solid.center
    return pose


@pytest.mark.parametrize("pitch", [0.3, np.pi / 2, -np.pi / 2, np.pi / 2 - 1e-7])
def test_any_orientation_can_be_carried(panda, pitch, rng):
    turn = quaternion(pose_matrix((0, 0, 0), (0.4, pitch, -1.1))[:3, :3])
    corner = placed(Sphere((0.01, 0.02, 0.15), 1e-3), _pose(Box((0, 0, 0.3), (1, 1, 1), turn))).center
    stick = Box((0, 0, 0.3), (0.022, 0.042, 0.302), turn)  # the corner lies 1 mm within it
    base_from_hand = link_pose(panda.chain, torch.as_tensor(panda.ready), "panda_hand").numpy()
    spike = Scene((Sphere((base_from_hand @ [*corner, 1])[:3], 1e-4, "spike"),), held(stick))
    assert CollisionChecker(panda, spike).contact(panda.ready) == "stick touches spike"
    outside = (base_from_hand @ [*(corner + 0.05 * (corner - stick.center) / 0.15), 1])[:3]
    away = Scene((Sphere(outside, 1e-4, "spike"),), held(stick))
    assert CollisionChecker(panda, away).contact(panda.ready) is None


@pytest.mark.parametrize(
    ("things", "code"),
    [
        (held(STICK, link="elbow"), ErrorCode.UNKNOWN_FRAME),
        (held(STICK, id="panda_hand"), ErrorCode.INVALID_OBSTACLE),
        (held(STICK, id=""), ErrorCode.INVALID_OBSTACLE),
        (held(), ErrorCode.INVALID_OBSTACLE),
        (held(STICK) + held(STICK), ErrorCode.INVALID_OBSTACLE),
    ],
)
def test_what_cannot_be_carried_is_refused(panda, things, code):
    with pytest.raises(GenModelsError) as error:
        carrying(panda, things)
    assert error.value.code == code


def test_names_with_marks_of_xml_are_names(panda):
    robot = carrying(panda, held(STICK, id='a <"mug"> & lid'))
    assert 'a <"mug"> & lid' in robot.chain.link_names


def test_pairs_that_may_touch_are_not_checked_and_all_others_are(panda):
    pair = panda.collision_pairs[3]
    allowed = carrying(panda, (), (pair[::-1], ("panda_hand", "nobody")))
    assert set(panda.collision_pairs) - set(allowed.collision_pairs) == {pair}
    assert allowed.obstacle_links == panda.obstacle_links and len(allowed.spheres) == len(panda.spheres)
    with_stick = carrying(panda, held(STICK, touch=()), (("stick", "panda_leftfinger"), pair))
    assert ("panda_leftfinger", "stick") not in with_stick.collision_pairs
    assert ("panda_rightfinger", "stick") in with_stick.collision_pairs and pair not in with_stick.collision_pairs


def test_pairs_that_the_srdf_lets_touch_are_the_settings_to_decide():
    """A planner's matrix repeats the SRDF; the UR5's settings check some of its pairs all the same."""
    ur5 = load_robot("ur5")
    assert carrying(ur5, (), (("base_link", "upper_arm_link"),)) is ur5
    assert carrying(ur5, (), (("shoulder_link", "upper_arm_link"),)) is ur5, "they meet in a joint"


def test_nothing_carried_is_the_same_robot(panda):
    assert carrying(panda, ()) is panda
    things = held(STICK)
    assert carrying(panda, things) is carrying(panda, things), "made once"
