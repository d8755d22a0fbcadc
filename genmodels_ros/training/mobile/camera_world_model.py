"""Trains the camera world model on drives.

The first CONTEXT frames of a window are observed, which gives the ELBO; from one of them the prior alone imagines
HORIZON steps (latent overshooting, Hafner et al. 2019):

    loss = - E_q[log p(x_t | h_t, z_t, x_{t-1})] + beta KL(q || p)       the ELBO, observed frames
           - log p(x_{t+k} | imagined, x_t)                              future images, with structure and texture
           + |flow imagined - flow measured|                             of each step, where the measured one is good
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from genmodels_ros.data.image_drives import ImageDrive, load_drives
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.camera_world_model.frame_encoder import MOTION_UNIT, Frame, Motion
from genmodels_ros.models.camera_world_model.model import Anchor, ImageWorldModel, Rollout, State
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.world_model.latent import Gaussian, balanced_kl
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)
from genmodels_ros.training.mobile.camera_windows import STORED, CameraWindows, Window
from genmodels_ros.training.mobile.image_losses import image_losses, ssim

CONTEXT, HORIZON = 6, 10
DECODED = 3  # of the horizon's images a batch, at random
BETA, BALANCE, FREE_NATS = 30.0, 0.8, 2.0
LEARNING_RATE = 1e-3
SAVE_EVERY = 200
WEIGHTS = {
    "likelihood": 0.2, "coarse": 2.0, "structure": 0.5, "texture": 4.0, "motion": 0.5, "kl": BETA
}  # fmt: skip


@dataclass(frozen=True)
class Observed:
    """What observing a window gives, a row a frame: [B, T, ...]."""

    h: Tensor
    z: Tensor
    prior: Gaussian
    posterior: Gaussian
    frames: Frame  # rows flattened: [B * T, ...]

    def state(self, row: int) -> State:
        return State(self.h[:, row], self.z[:, row])

    def anchor(self, model: ImageWorldModel, window: Window, row: int) -> Anchor:
        """The anchor of one row."""
        batch = len(self.h)
        frame = self.frames.map(lambda values: values.unflatten(0, (batch, -1))[:, row])
        return model.anchor(frame, window.images[:, row])


def observe_window(
    model: ImageWorldModel, window: Window, rng: torch.Generator | None, sample: bool = True
) -> Observed:
    """Runs the posterior over all frames; with sample=False z is its mean."""
    batch, length = window.images.shape[:2]
    first = lambda values: torch.cat([torch.zeros_like(values[:, :1]), values], dim=1)  # noqa: E731
    actions, seconds = first(window.actions), first(window.seconds)
    flow, unexplained = first(window.flow).flatten(0, 1), first(window.unexplained).flatten(0, 1)
    frames = model.encoder(window.images.flatten(0, 1), Motion.of_flow(flow, unexplained, seconds.flatten()))
    state, hs, zs, priors, posteriors = model.initial(batch), [], [], [], []
    for row, summary in enumerate(frames.summary.unflatten(0, (batch, length)).unbind(1)):
        h, prior, posterior = model.observe(state, actions[:, row], seconds[:, row], summary)
        state = State(h, posterior.sample(rng) if sample else posterior.mean)
        hs.append(h), zs.append(state.z), priors.append(prior), posteriors.append(posterior)
    return Observed(torch.stack(hs, 1), torch.stack(zs, 1), _stack(priors), _stack(posteriors), frames)


def _stack(steps: list[Gaussian]) -> Gaussian:
    return Gaussian(torch.stack([step.mean for step in steps], 1), torch.stack([step.std for step in steps], 1))


def losses(model: ImageWorldModel, window: Window, rng: torch.Generator) -> dict[str, Tensor]:
    """The terms of the loss, each a mean over the batch; those of images over observed and imagined ones alike."""
    context = window.part(slice(0, CONTEXT))
    noise = generator(int(torch.randint(2**31, (), generator=rng)), window.images.device)
    observed = observe_window(model, context, noise)
    start = int(torch.randint(1, CONTEXT, (1,), generator=rng))
    anchor, future = observed.anchor(model, context, start), window.part(slice(start, start + HORIZON + 1))
    rollout = model.imagine(observed.state(start), anchor, future.actions, future.seconds, noise)
    near, far = _decoded_next(model, context, observed, rng), _decoded(model, future, rollout, anchor, rng)
    terms = {name: 0.25 * value + 0.75 * far[name] for name, value in near.items()}
    terms["motion"] = _motion_error(rollout.flow, future)
    kl = balanced_kl(observed.posterior, observed.prior, balance=BALANCE, free_nats=FREE_NATS)
    terms["kl"] = kl[:, 1:].mean() / window.images[0, 0].numel()
    return terms


def _motion_error(flow: Tensor, future: Window) -> Tensor:
    """Distance of each step's flow from the measured one, counted less where that leaves differences of brightness."""
    trust = torch.exp(-20 * future.unexplained)
    error = (flow - future.flow).abs().clamp(max=1.0) / MOTION_UNIT
    return (trust * error).mean()


def _decoded(
    model: ImageWorldModel, future: Window, rollout: Rollout, anchor: Anchor, rng: torch.Generator
) -> dict[str, Tensor]:
    """Losses of some imagined images."""
    steps = torch.randperm(HORIZON, generator=rng)[:DECODED]
    pick = lambda values: values[:, steps].flatten(0, 1)  # noqa: E731
    h, z, positions, age = (pick(values) for values in (rollout.h, rollout.z, rollout.positions, rollout.age))
    fields = model.decode(h, z, anchor.repeat(DECODED), positions, age)
    image = future.images[:, 1 + steps].flatten(0, 1)
    predicted = fields.render(future.images[:, 0].repeat_interleave(DECODED, 0))
    return image_losses(predicted, image, fields.log_prob(predicted, image))


def _decoded_next(
    model: ImageWorldModel, window: Window, observed: Observed, rng: torch.Generator
) -> dict[str, Tensor]:
    """Losses of an image from the one before, by the posterior: the ELBO's first term."""
    row = int(torch.randint(1, window.images.shape[1], (1,), generator=rng))
    anchor, state, seconds = observed.anchor(model, window, row - 1), observed.state(row), window.seconds[:, row - 1]
    positions = model.move(state.h, state.z, anchor, seconds)[1]
    fields = model.decode(state.h, state.z, anchor, positions, seconds)
    predicted = fields.render(window.images[:, row - 1])
    return image_losses(predicted, window.images[:, row], fields.log_prob(predicted, window.images[:, row]))


@torch.no_grad()
def validate(model: ImageWorldModel, windows: CameraWindows, count: int = 128, seed: int = 0) -> dict[str, float]:
    """On windows as recorded: SSIM and mean absolute error (of 1) at 1, 5 and 10 frames, beside the last image's."""
    if not len(windows):
        return {}
    rows = torch.randperm(len(windows), generator=generator(seed))[:count].sort().values.numpy()
    sums: dict[str, list[float]] = {}
    for part in range(0, len(rows), 32):
        window = windows.window(rows[part : part + 32]).to(next(model.parameters()).device)
        for name, value in _window_metrics(model, window).items():
            sums.setdefault(name, []).append(value * len(window.images) / len(rows))
    return {name: sum(values) for name, values in sums.items()}


def _window_metrics(model: ImageWorldModel, window: Window) -> dict[str, float]:
    start = CONTEXT - 1
    context = window.part(slice(0, CONTEXT))
    observed = observe_window(model, context, None, sample=False)
    anchor, last = observed.anchor(model, context, start), window.images[:, start]
    rollout = model.imagine(
        observed.state(start), anchor, window.actions[:, start:], window.seconds[:, start:], sample=False
    )
    metrics = {}
    for k in (1, 5, 10):
        i = k - 1
        fields = model.decode(rollout.h[:, i], rollout.z[:, i], anchor, rollout.positions[:, i], rollout.age[:, i])
        predicted, image = fields.render(last), window.images[:, start + k]
        metrics |= {f"ssim_{k}": float(ssim(predicted, image)), f"copy_ssim_{k}": float(ssim(last, image))}
        metrics[f"error_{k}"] = float((predicted - image).abs().mean())
        metrics[f"copy_error_{k}"] = float((last - image).abs().mean())
    return metrics


def hold_back(drives: list[ImageDrive], share: float = 0.1) -> tuple[list[ImageDrive], list[ImageDrive]]:
    """Training drives, and the last `share` of each recording's frames to validate on: the same place, later."""
    training, validation = [], []
    for name in dict.fromkeys(drive.name for drive in drives):
        own = [drive for drive in drives if drive.name == name]
        left = round(share * sum(len(drive.images) for drive in own))
        for drive in reversed(own):
            cut = max(0, len(drive.images) - left)
            left -= len(drive.images) - cut
            training.append(_part(drive, slice(0, cut)))
            validation.append(_part(drive, slice(cut, None)))
    keep = lambda parts: [drive for drive in parts if len(drive.images)]  # noqa: E731
    return keep(training), keep(validation)


def _part(drive: ImageDrive, rows: slice) -> ImageDrive:
    return ImageDrive(drive.name, drive.images[rows], drive.stamps[rows], drive.actions[rows], drive.index[rows])


def train(
    *, data: Path, out: Path, steps: int, batch_size: int = 12, seed: int = 0, device: str = "cpu", resume: bool = False
) -> Card:
    """Trains on the tubs in `data`, writes the averaged weights and their card to `out`; returns the card.

    Every SAVE_EVERY steps the state and the checkpoint so far are written. The card's metrics are of the last tenth of
    each tub, which is not trained on but shows the same place: for a place never seen use `genmodels evaluate`.
    """
    target = resolve_device(device)
    torch.manual_seed(seed)
    rng = generator(seed)
    drives = load_drives(data, STORED)
    training, validation = hold_back(drives)
    windows = CameraWindows(training, CONTEXT + HORIZON)
    held_out = CameraWindows(validation, CONTEXT + HORIZON)
    model = ImageWorldModel().to(target)
    average = ExponentialMovingAverage(model)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=1e-4)
    state = TrainingState(
        out, modules={"model": model, "average": average.average}, optimizers={"adam": optimizer}, rng=rng
    )
    first = state.load() if resume else 0
    card_data = {name: sum(len(d.images) for d in training if d.name == name) for name in {d.name: 0 for d in drives}}

    def write(step: int) -> Card:
        card = Card(
            model="image_world_model",
            config=model.config,
            data={"frames_trained_on": card_data},
            command=f"genmodels train camera-world-model --data {Path(data).name} --out {Path(out).name} "
            f"--steps {steps} --batch-size {batch_size} --seed {seed}",
            seed=seed,
            steps=step,
            metrics=validate(average.average, held_out),
        )
        return save_checkpoint(out, average.average, card)

    card = None
    for step in progress(first, steps, "camera world model"):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, LEARNING_RATE))
        terms = losses(model, windows.sample(batch_size, rng).to(target), rng)
        loss = sum(WEIGHTS[name] * value for name, value in terms.items())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
        average.update(model, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state.save(step + 1)
            card = write(step + 1)
            shown = {name: float(value.detach()) for name, value in terms.items()} | card.metrics
            report = {name: round(value, 4) for name, value in shown.items()}
            print(json.dumps({"step": step + 1} | report), flush=True)
    return card or write(first)
