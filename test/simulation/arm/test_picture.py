import numpy as np

from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.picture import draw_arm_motions
from genmodels_ros.simulation.scenes import ArmCell, demo_arm_scene

READY = load_robot().ready


def changed(first, second, by: int = 20) -> np.ndarray:
    return np.abs(first.astype(int) - second).max(axis=2) > by


def test_arm_picture_shows_the_arm_at_its_end_and_lines_of_candidates():
    cell = ArmCell(demo_arm_scene())
    s = np.linspace(0, 1, 20)[:, None]
    left, right = READY + s * np.eye(7)[0], READY - s * np.eye(7)[0]
    one = draw_arm_motions(cell, [[left]], num_ghosts=1, size=(320, 180))
    other = draw_arm_motions(cell, [[right]], num_ghosts=1, size=(320, 180))
    both = draw_arm_motions(cell, [[left, right]], num_ghosts=1, size=(320, 180))
    assert one.shape == (180, 320, 3) and one.dtype == np.uint8
    assert changed(one, other).sum() > 400
    assert 10 < changed(one, both, by=8).sum() < changed(one, other, by=8).sum()
