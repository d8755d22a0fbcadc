import numpy as np
import pytest
import torch

from genmodels_ros.data.image_shards import save_shard
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.training.camera.distillation import imitation_loss, train


def teacher(folder, **config):
    """A small translator that paints something."""
    torch.manual_seed(0)
    config = {"styles": ["a"], "width": 16, **config}
    model = ImageTranslationGAN.from_config(config)
    if "network" in config:
        torch.nn.init.constant_(model.generator.texture.exit.bias, 0.4)
    save_checkpoint(folder, model, Card("image_translation_gan", config, data={"width": 32, "height": 24}))
    return folder


@pytest.fixture
def pictures(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (60, 24, 32, 3), dtype=np.uint8)
    save_shard(tmp_path / "pictures" / "source-000.npz", rgb=rgb)
    return tmp_path / "pictures"


def test_the_student_comes_near_to_its_teacher(pictures, tmp_path):
    made = teacher(tmp_path / "teacher", network="translator", size="teacher")
    card = train(teacher=made, data=pictures, out=tmp_path / "student", steps=25, batch_size=2, device="cpu")
    assert card.metrics["agreement_psnr"] > card.metrics["bilateral_psnr"] + 3
    assert card.metrics["speed_up"] > 1
    model, card = load_checkpoint(tmp_path / "student", "image_translation_gan")
    assert model.generator.texture.size.blocks == 3 and card.config["size"] == "student"


def test_what_needs_no_student_is_refused(pictures, tmp_path):
    with pytest.raises(GenModelsError, match="only a translator has a student"):
        train(teacher=teacher(tmp_path / "teacher"), data=pictures, out=tmp_path / "student", steps=1)


def test_a_blurred_copy_costs_more_than_its_mean_error():
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert imitation_loss(image, image, 1.0) == 0
    shifted = image + 0.1  # the same differences
    assert imitation_loss(shifted, image, 1.0) == pytest.approx(0.1, abs=1e-5)
