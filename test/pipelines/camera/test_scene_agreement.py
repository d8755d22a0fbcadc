import numpy as np
import pytest
import torch
from torch import nn

from genmodels_ros.pipelines.camera.scene_agreement import SceneCheck, areas

FLOOR, THING = 0, 1


class RedIsAThing(nn.Module):
    """A segmenter without weights: what is red is a thing, surely; half the image's resolution."""

    def forward(self, image):
        small = nn.functional.avg_pool2d(image, 2)
        red = 12 * (small[:, 0] - small[:, 2])
        return torch.stack([-red, red], dim=1)


@pytest.fixture
def scene():
    return SceneCheck(RedIsAThing(), (THING,))


def picture(*places):
    """Blue [48, 64] with a red square of 12 pixels at each (row, column)."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[..., 2] = 255
    for row, column in places:
        image[row : row + 12, column : column + 12] = (255, 0, 0)
    return image


def test_the_same_picture_agrees_with_itself(scene):
    seen = scene.compare(picture((4, 4), (30, 40)), picture((4, 4), (30, 40)))
    assert (seen.objects, seen.lost, seen.invented) == (2, 0, 0) and seen.agreement == 1 and seen.familiarity > 0.99


def test_a_lost_and_an_invented_object_are_counted(scene):
    seen = scene.compare(picture((4, 4), (30, 40)), picture((4, 4), (30, 8)))
    assert (seen.objects, seen.lost, seen.invented) == (2, 1, 1) and seen.agreement < 0.97


def test_labels_stand_for_the_source_where_they_name_the_same_classes(scene):
    labels = np.zeros((48, 64), np.uint8)
    labels[4:16, 4:16] = labels[30:42, 40:52] = THING
    seen = scene.compare(picture((4, 4)), picture((4, 4)), labels)
    assert (seen.objects, seen.lost) == (2, 1)


def test_labels_of_other_classes_are_not_believed(scene):
    seen = scene.compare(picture((4, 4)), picture((4, 4)), np.full((48, 64), 77, np.int32))
    assert (seen.objects, seen.lost, seen.invented) == (1, 0, 0) and seen.agreement == 1


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (700, 900)])
def test_any_size_can_be_compared(scene, size):
    image = np.full((*size, 3), 90, np.uint8)
    assert scene.compare(image, image).lost == 0


def test_specks_are_no_objects():
    mask = np.zeros((40, 40), bool)
    mask[0, 0] = mask[20:30, 20:30] = True
    assert len(areas(mask)) == 1
