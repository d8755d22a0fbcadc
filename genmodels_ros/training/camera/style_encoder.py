"""Trains the style encoder of a finished generator: after it a picture can be named instead of a style.

own pictures x' = G(x, s, z)   cross-entropy of s and squared error of z (latent regression, Zhu et al. 2017)
pictures y of the style s      cross-entropy of s; codes E(y) with the moments of N(0, I), which z is drawn from;
                               G(x, s, E(y)) has the light of y, whatever x shows
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels_ros.data.image_shards import load_data_card
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN, StyleEncoder
from genmodels_ros.training.camera.image_domains import Batch, ImageDomains
from genmodels_ros.training.loop import cosine_learning_rate, progress, set_learning_rate

REDUCTION = 4  # of the pictures that light is compared in


@dataclass(frozen=True)
class EncoderSettings:
    """Weights of the terms above, beside the cross-entropies'."""

    code: float = 1.0
    moments: float = 0.1
    light: float = 10.0
    rate: float = 1e-3
    width: int = 16


def light_statistics(images: Tensor) -> Tensor:
    """What light does to a picture whatever it shows, [B, F]: mean colours of 2x3 cells, contrast of each channel."""
    return torch.cat([F.adaptive_avg_pool2d(images, (2, 3)).flatten(1), images.std(dim=(2, 3))], dim=1)


def moment_loss(codes: Tensor) -> Tensor:
    """Squared deviation of a batch's mean from 0 and of its variance from 1; codes [B, latent]."""
    return codes.mean(dim=0).square().mean() + (codes.var(dim=0) - 1).square().mean()


def encoder_loss(
    encoder: StyleEncoder,
    network: nn.Module,
    batch: Batch,
    settings: EncoderSettings,
    rng: torch.Generator,
) -> tuple[Tensor, dict[str, float]]:
    """(loss, measured) of one batch; `network` is frozen."""
    source, style, target = batch.source, batch.style, batch.target
    z, eps = (torch.randn(s, generator=rng).to(source.device) for s in ((len(source), network.latent), source.shape))
    with torch.no_grad():
        made = network(source, style, z, eps).clamp(0, 1)
    logits, codes = encoder(torch.cat([made, target]))
    own, seen = codes[torch.arange(len(codes)), style.repeat(2)].chunk(2)
    naming = F.cross_entropy(logits, style.repeat(2))
    regression = F.mse_loss(own, z)
    small_source, small_target = (F.avg_pool2d(x, REDUCTION) for x in (source, target))
    relit = network.transform(source, style, seen).light.apply(small_source).clamp(0, 1)
    light = F.l1_loss(light_statistics(relit), light_statistics(small_target))
    loss = naming + settings.code * regression + settings.moments * moment_loss(seen) + settings.light * light
    right = (logits.detach().argmax(1)[len(style) :] == style).float().mean()
    return loss, {
        "styles_named": float(right),
        "code_error": float(regression.detach()),
        "light_error": float(light.detach()),
    }


def train_style_encoder(
    model: ImageTranslationGAN,
    domains: ImageDomains,
    *,
    steps: int,
    batch_size: int,
    rng: torch.Generator,
    device: torch.device,
    settings: EncoderSettings = EncoderSettings(),
) -> tuple[StyleEncoder, dict[str, float]]:
    """The encoder of `model`'s generator, which stays as it is, and running means of what `encoder_loss` measured."""
    network = model.generator.to(device).eval().requires_grad_(False)
    encoder = StyleEncoder(len(model.styles), latent=network.latent, width=settings.width).to(device)
    optimizer = torch.optim.Adam(encoder.parameters(), settings.rate)
    means: dict[str, float] = {}
    for step in progress(0, steps, "style encoder"):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, settings.rate, warmup=50))
        loss, measured = encoder_loss(encoder, network, domains.batch(batch_size, rng), settings, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        means = {name: 0.98 * means.get(name, value) + 0.02 * value for name, value in measured.items()}
    return encoder.eval(), {name: round(value, 4) for name, value in means.items()}


def train(
    *, checkpoint: Path, data: Path, out: Path, steps: int, batch_size: int = 24, seed: int = 0, device: str = "auto",
    settings: EncoderSettings = EncoderSettings(),
) -> Card:  # fmt: skip
    """Gives the model in `checkpoint` an encoder trained on the shards in `data`, and writes both to `out`.

    Raises GenModelsError: MODEL_UNAVAILABLE; INVALID_IMAGE if the shards lack one of its styles.
    """
    place, rng = resolve_device(device), generator(seed)
    torch.manual_seed(seed)  # initial weights
    model, card = load_checkpoint(Path(checkpoint), "image_translation_gan")
    domains = ImageDomains.from_shards(Path(data), place, styles=model.styles)
    encoder, measured = train_style_encoder(
        model, domains, steps=steps, batch_size=batch_size, rng=rng, device=place, settings=settings
    )
    model.style_encoder = encoder
    card = replace(
        card,
        config={**card.config, "style_encoder_width": settings.width},
        metrics={**card.metrics, **{f"encoder_{name}": value for name, value in measured.items()}},
        data={**card.data, "style_encoder": {"settings": asdict(settings), "data": load_data_card(Path(data))}},
        command=f"{card.command}, then genmodels train style-encoder --checkpoint OUT --data DATA --out OUT "
        f"--steps {steps} --batch-size {batch_size} --seed {seed}",
    )
    return save_checkpoint(out, model, card)
