import numpy as np
import torch

from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.device import generator
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.training.camera.image_domains import ImageDomains
from genmodels_ros.training.camera.style_encoder import (
    EncoderSettings,
    light_statistics,
    moment_loss,
    train,
    train_style_encoder,
)


def toy_model():
    """Two styles whose code's first number is brightness: dark or light beside it."""
    torch.manual_seed(0)
    model = ImageTranslationGAN(("dark", "light"), width=16)

    class Brightness:
        def __init__(self, gain):
            self.gain, self.light = gain, self

        def apply(self, image):
            return image * self.gain[:, None, None, None]

    class Toy(torch.nn.Module):
        latent = 2

        def transform(self, image, style, z):
            return Brightness(0.2 + 0.6 * style + 0.06 * z[:, 0])

        def forward(self, image, style, z, eps):
            return self.transform(image, style, z).apply(image)

    model.generator = Toy()
    return model


def test_the_codes_of_a_toy_come_back_in_order_and_its_styles_by_name():
    model, rng = toy_model(), generator(0)
    pictures = torch.randint(100, 256, (40, 3, 1, 1), generator=rng, dtype=torch.uint8).expand(-1, -1, 24, 32)
    targets = tuple((pictures * gain).to(torch.uint8) for gain in (0.2, 0.8))
    domains = ImageDomains(pictures, targets, model.styles)
    encoder, measured = train_style_encoder(
        model, domains, steps=40, batch_size=12, rng=rng, device=torch.device("cpu"), settings=EncoderSettings(width=8)
    )
    image = torch.full((1, 3, 24, 32), 0.7)
    codes = torch.stack([torch.tensor([[z, 0.0]]) for z in (-1.5, 0.0, 1.5)])
    made = torch.cat([model.generator.transform(image, torch.tensor([0]), z).apply(image) for z in codes])
    with torch.no_grad():
        logits, found = encoder(made)
    order = found[:, 0, 0]
    assert order[0] < order[1] < order[2]
    assert (logits.argmax(1) == 0).all() and set(measured) == {"styles_named", "code_error", "light_error"}


def test_a_trained_model_is_given_an_encoder_and_keeps_its_weights(tmp_path):
    config = {"styles": ["dim"], "width": 16}
    model = ImageTranslationGAN.from_config(config)
    save_checkpoint(tmp_path / "old", model, Card("image_translation_gan", config))
    rgb = np.random.default_rng(0).integers(0, 256, (6, 24, 32, 3), dtype=np.uint8)
    for name, images in (("source", rgb), ("dim", rgb // 4)):
        save_shard(tmp_path / "data" / f"{name}-000.npz", rgb=images)
    save_data_card(tmp_path / "data", {"styles": ["dim", "another"], "command": "made by hand"})
    train(
        checkpoint=tmp_path / "old", data=tmp_path / "data", out=tmp_path / "new", steps=2, batch_size=2, device="cpu"
    )
    trained, card = load_checkpoint(tmp_path / "new", "image_translation_gan")
    assert trained.style_encoder is not None and "style-encoder" in card.command
    assert card.data["style_encoder"]["data"]["command"] == "made by hand"
    for name, value in model.state_dict().items():
        assert torch.equal(trained.state_dict()[name], value)


def test_standard_normal_codes_have_the_right_moments():
    codes = torch.randn(4000, 3, generator=generator(0))
    assert moment_loss(codes) < 0.01 < moment_loss(2 * codes) and moment_loss(codes + 1) > 0.9


def test_light_statistics_see_light_and_where_it_is():
    image = torch.rand(1, 3, 24, 32, generator=generator(0))
    lamp = torch.linspace(0, 1, 32) * image
    assert (light_statistics(lamp) - light_statistics(lamp.flip(-1))).abs().max() > 0.1
    assert (light_statistics(image) - light_statistics(0.5 * image)).abs().mean() > 0.1
