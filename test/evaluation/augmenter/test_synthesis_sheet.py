import numpy as np
import torch

from genmodels_ros.evaluation.augmenter import synthesis_sheet
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.pipelines.camera.comparison_grid import GAP, HEADER


def test_frames_stand_left_of_what_was_made(tmp_path, monkeypatch):
    def render(count, seed):
        rng = np.random.default_rng(seed)
        rgb = np.repeat(rng.integers(60, 200, (count, 1, 1, 3)), 16 * 24, axis=1).reshape(count, 16, 24, 3)
        return LabelledFrames(rgb.astype(np.uint8), np.ones((count, 16, 24), np.uint8), None)

    monkeypatch.setattr(synthesis_sheet.LabelledFrames, "render", render)
    torch.manual_seed(0)
    config = {"height": 16, "width": 24, "labels": [0, 1], "latent": 8, "channels": [16, 16]}
    model = ImageSynthesisGAN.from_config(config)
    torch.nn.init.zeros_(model.generator.paint.weight)
    model.generator.paint.bias.data[:] = torch.tensor([1.0, -1, -1, 9, 0])  # all red, all of the first class
    save_checkpoint(tmp_path, model, Card("image_synthesis_gan", config))
    picture, cell = synthesis_sheet.sheet(tmp_path), synthesis_sheet.CELL
    middles = [picture[HEADER + cell // 3, GAP + column * (cell + GAP) + cell // 2] for column in range(9)]
    assert [middle.tolist() == [255, 0, 0] for middle in middles] == [False] * 4 + [True, False] * 2 + [False]
    assert np.array_equal(middles[0], render(1, synthesis_sheet.FRAME_SEED).rgb[0, 0, 0])
