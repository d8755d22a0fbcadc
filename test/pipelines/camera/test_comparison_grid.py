import numpy as np
import torch

from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.comparison_grid import REFUSED, comparison_grid, label_overlay, picture_grid


def test_pictures_stand_in_their_cells_whatever_their_size():
    red = np.full((20, 40, 3), (250, 0, 0), np.uint8)
    blue = np.full((7, 5, 3), (0, 0, 250), np.uint8)
    sheet = picture_grid([[red, blue], [blue, red]], ["one", "two"], cell_width=100)
    height, width = sheet.shape[:2]
    cells = sheet[30 + 25 :: 56][:2, 6 + 50 :: 106][:, :2]
    assert cells.tolist() == [[[250, 0, 0], [0, 0, 250]], [[0, 0, 250], [250, 0, 0]]]
    assert (height, width) == (30 + 2 * 56, 6 + 2 * 106)


def test_refused_pictures_are_framed():
    grey = np.full((30, 40, 3), 128, np.uint8)
    framed, plain = (picture_grid([[grey]], ["x"], refused=[[refused]]) for refused in (True, False))
    assert (framed == REFUSED).all(-1).sum() > 500 and not (plain == REFUSED).all(-1).any()


def test_labels_are_told_apart_and_the_background_stays_grey():
    image = np.full((2, 3, 3), (200, 40, 40), np.uint8)
    overlay = label_overlay(image, np.array([[0, 1, 2], [0, 1, 2]], np.int32))
    assert np.ptp(overlay[0, 0].astype(int)) == 0
    assert len({tuple(pixel) for pixel in overlay[0]}) == 3


def test_the_grid_shows_every_style_and_frames_what_the_gate_refuses():
    torch.manual_seed(0)
    config = {"styles": ["night", "fog"], "width": 16}
    augmenter = ImageAugmenter(ImageTranslationGAN.from_config(config), Card("image_translation_gan", config))
    black, grey = np.zeros((30, 40, 3), np.uint8), np.full((30, 40, 3), 128, np.uint8)
    labels = [np.ones((30, 40), np.uint8)] * 2
    sheet = comparison_grid(augmenter, [grey, black], labels=labels, cell_width=100)
    assert sheet.shape == (30 + 2 * 81, 6 + 4 * 106, 3)
    framed = (sheet == REFUSED).all(-1)
    assert framed[111:, 218:].any() and not framed[:105].any() and not framed[:, :212].any()
