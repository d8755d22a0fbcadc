import numpy as np
import pytest
import torch
from torch import nn

from genmodels_ros.errors import GenModelsError
from genmodels_ros.pipelines.camera.gate_calibration import GateCalibration
from genmodels_ros.pipelines.camera.quality_gate import QualityGate, judge
from genmodels_ros.pipelines.camera.scene_agreement import SceneCheck


def room(seed=0, height=96, width=128):
    """Rectangles on a wall: edges that a robot's labels would follow."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 150, np.uint8)
    for _ in range(6):
        top, left = rng.integers(0, height - 20), rng.integers(0, width - 20)
        image[top : top + rng.integers(10, 40), left : left + rng.integers(10, 40)] = rng.integers(20, 240, 3)
    return image


def test_an_unchanged_image_keeps_all_its_edges():
    assert judge(room(), room()).quality == 1


@pytest.mark.parametrize("gain, offset", [(0.3, 0), (0.4, 120), (1.5, -60)])
def test_light_and_contrast_cost_nothing(gain, offset):
    source = room()
    verdict = judge(source, np.clip(source * gain + offset, 0, 255).astype(np.uint8))
    assert verdict.accepted and verdict.quality > 0.85


def test_contrast_that_nobody_can_see_is_refused():
    assert not judge(room(), np.rint(room() * 0.012 + 100).astype(np.uint8)).accepted


def test_another_scene_is_refused_with_a_reason():
    verdict = judge(room(1), room(2))
    assert not verdict.accepted and "edges" in verdict.reason


def test_edges_drowned_in_noise_are_refused():
    noise = np.random.default_rng(0).normal(0, 90, (96, 128, 3))
    assert not judge(room(), np.clip(room() * 0.2 + 60 + noise, 0, 255).astype(np.uint8)).accepted


def test_moderate_sensor_noise_is_accepted_at_camera_size():
    source = np.kron(room(), np.ones((4, 4, 1), np.uint8))
    noise = np.random.default_rng(0).normal(0, 25, source.shape)
    assert judge(source, np.clip(source * 0.5 + noise, 0, 255).astype(np.uint8)).accepted


@pytest.mark.parametrize("value, word", [(0, "black"), (255, "white"), (128, "edges")])
def test_an_empty_result_is_refused(value, word):
    verdict = judge(room(), np.full((96, 128, 3), value, np.uint8))
    assert not verdict.accepted and word in verdict.reason


def test_a_black_source_has_nothing_to_label():
    verdict = judge(np.zeros((9, 9, 3), np.uint8), room(0, 40, 40)[:9, :9])
    assert not verdict.accepted and "source" in verdict.reason


def test_a_bare_wall_has_no_edge_to_lose():
    wall = np.full((40, 40, 3), 140, np.uint8)
    assert judge(wall, wall // 2).accepted


def test_more_fog_means_less_quality():
    source = room().astype(float)
    noise = np.random.default_rng(0).normal(0, 1.5, source.shape)
    qualities = [
        judge(room(), np.clip(source * (1 - fog) + 200 * fog + noise, 0, 255).astype(np.uint8)).quality
        for fog in (0.0, 0.9, 0.99)
    ]
    assert qualities[0] >= qualities[1] > qualities[2]


class RedIsAThing(nn.Module):
    """A segmenter without weights, sure of what is red and of what is blue, of nothing else."""

    def forward(self, image):
        small = nn.functional.avg_pool2d(image, 2)
        red = 12 * (small[:, 0] - small[:, 2])
        return torch.stack([-red, red], dim=1)


LIMITS = GateCalibration(
    (1,), min_familiarity=0.8, min_scene=0.5, max_lost_area=0.01, max_new_sureness=0.6, max_unrealism=1.5
)


def blue_room(*places):
    """Blue, with a red square at each (row, column): edges enough around one more to pass the structure's check."""
    image = np.zeros((96, 128, 3), np.uint8)
    image[..., 2] = 250
    for row, column in ((8, 8), (8, 60), (60, 8), *places):
        image[row : row + 20, column : column + 20] = (250, 0, 0)
    return image


@pytest.mark.parametrize(
    "result, words",
    [(blue_room((60, 90)), "the source does not"), (blue_room()[:, ::-1].copy(), "source"), (blue_room(), "")],
    ids=["one more", "elsewhere", "the same"],
)
def test_an_object_that_comes_is_refused(result, words):
    gate = QualityGate(min_agreement=0.0, scene=SceneCheck(RedIsAThing(), (1,)), limits=LIMITS)
    verdict = gate.judge(blue_room(), result)
    assert verdict.accepted == (not words) and words in verdict.reason
    assert {"edges", "scene", "objects", "new_sureness", "familiarity"} <= set(verdict.scores)


def test_an_object_that_goes_is_refused():
    gate = QualityGate(min_agreement=0.0, scene=SceneCheck(RedIsAThing(), (1,)), limits=LIMITS)
    assert "no longer" in gate.judge(blue_room((60, 90)), blue_room()).reason


def test_where_the_segmenter_is_not_at_home_structure_alone_counts():
    grey, other = room(0), room(1)
    gate = QualityGate(min_agreement=0.0, scene=SceneCheck(RedIsAThing(), (1,)), limits=LIMITS)
    verdict = gate.judge(grey, other)
    assert verdict.accepted and verdict.scores["familiarity"] < 0.8


def test_structure_mode_asks_nobody_and_an_unknown_mode_is_named():
    gate = QualityGate.from_checkpoint(mode="structure")
    assert gate.judge(blue_room(), blue_room()).scores == {"edges": 1.0}
    with pytest.raises(GenModelsError, match="structure, full"):
        QualityGate.from_checkpoint(mode="strict")


def test_the_shipped_gate_passes_a_faithful_picture_and_finds_black():
    gate = QualityGate.from_checkpoint()
    assert gate.judge(room(), room()).accepted
    assert not gate.judge(room(), np.zeros_like(room()), style="night").accepted
