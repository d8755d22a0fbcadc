"""Camera images and actions in, imagined images out.

world = CameraWorldModel.from_checkpoint()
world.observe(image, action, stamp)        # uint8 [H, W, 3] RGB; throttle, left turn in [-1, 1]; s
future = world.imagine(actions)            # [T, 2]
future.images, future.spread
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.camera_world_model import ImageWorldModel
from genmodels_ros.models.camera_world_model.frame_encoder import SIZE, TIME_STEP, Motion
from genmodels_ros.models.camera_world_model.model import Anchor, Rollout, State
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.world_model.latent import Gaussian

MEMORY = 6  # images that the state is made of: as many as in training; over thousands, a recurrent state drifts
MAX_GAP = 1.0  # [s] without an image, after which the memory starts anew
MAX_STEPS, MAX_SECONDS, MAX_SAMPLES = 60, 10.0, 32
MIN_SIDE, MAX_SIDE = 16, 4096  # pixels of an image


@dataclass(frozen=True)
class ImaginedImages:
    """What the camera is expected to show, at the size of the last image."""

    stamp: float  # [s] of the image that the future starts from
    seconds: np.ndarray  # [K] after it
    images: np.ndarray  # [K, H, W, 3] uint8 RGB
    spread: np.ndarray  # [K, H, W] float32: standard deviation a pixel, in levels of 255


@dataclass(frozen=True)
class _Seen:
    """One image of the memory."""

    action: Tensor  # [1, 2] that led to it
    seconds: Tensor  # [1] since the one before
    summary: Tensor  # [1, S]
    alone: Tensor  # [1, S] as the first of a drive


@dataclass(frozen=True)
class _Memory:
    """What was seen, replaced as a whole by each image."""

    past: tuple[_Seen, ...]  # up to MEMORY images
    stamp: float
    action: Tensor  # [1, 2] in force since the last image
    image: Tensor  # [1, 3, H, W] in [0, 1]
    state: State
    anchor: Anchor
    surprise: float | None


class CameraWorldModel:
    """The camera world model with its memory of one camera. Thread-safe: one may observe while others imagine."""

    def __init__(self, model: ImageWorldModel, card: Card, *, checkpoint: Path | None = None, device: str = "auto"):
        self.device = resolve_device(device)
        self.model, self.card, self.checkpoint = model.to(self.device).eval().requires_grad_(False), card, checkpoint
        self._memory: _Memory | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_checkpoint(cls, folder: Path | str | None = None, *, device: str = "auto") -> "CameraWorldModel":
        """From `folder`, or the checkpoint that comes with the package. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        folder = shipped("track_camera_model") if folder is None else Path(folder)
        model, card = load_checkpoint(folder, "image_world_model")
        return cls(model, card, checkpoint=folder, device=device)

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def surprise(self) -> float | None:
        """How little the last image was expected: mean -log density of its values, nats; None for the first."""
        memory = self._memory
        return None if memory is None else memory.surprise

    @property
    def last_stamp(self) -> float | None:
        """Stamp of the image that futures start from, s."""
        memory = self._memory
        return None if memory is None else memory.stamp

    def reset(self) -> None:
        """Forgets everything seen."""
        with self._lock:
            self._memory = None

    @torch.inference_mode()
    def observe(self, image: np.ndarray, action, stamp: float) -> bool:
        """Takes in an image [H, W, 3] uint8 RGB and the action [2] given then; False for an image seen before.

        action: throttle and steering, to the left positive, limited to [-1, 1]. The memory starts anew when time goes
        backwards, after MAX_GAP s without an image, and when the image's size changes.
        Raises GenModelsError: INVALID_IMAGE, WRONG_LENGTH, NOT_FINITE; the memory then stays as it was.
        """
        _check_image(image)
        action = self._tensor(_checked_actions(action, (2,)))[None]
        if not np.isfinite(stamp):
            raise GenModelsError(ErrorCode.NOT_FINITE, f"The image's stamp is {stamp}: send seconds.")
        full = self._image(image)
        with self._lock:
            memory = self._memory
            if memory is not None and stamp == memory.stamp:
                return False
            if memory is not None and (not 0 < stamp - memory.stamp <= MAX_GAP or memory.image.shape != full.shape):
                memory = None
            self._memory = self._seen(memory, full, action, float(stamp))
        return True

    def _seen(self, memory: _Memory | None, full: Tensor, action: Tensor, stamp: float) -> _Memory:
        model, small = self.model, _small(full)
        none = Motion.none(small)
        if memory is None:
            past, before, seconds, motion = (), 0 * action, 0 * action[:, 0], none
        else:
            past, before, seconds = memory.past, memory.action, 0 * action[:, 0] + (stamp - memory.stamp)
            motion = Motion.measured(small, _small(memory.image), seconds)
        frame, alone = model.encoder(small, motion), model.encoder(small, none).summary
        past = (*past, _Seen(before, seconds, frame.summary, alone))[-MEMORY:]
        h, prior, posterior = self._recall(past)
        surprise = None
        if memory is not None:
            _, positions = model.move(h, prior.mean, memory.anchor, seconds)
            fields = model.decode(h, prior.mean, memory.anchor, positions, seconds)
            surprise = -float(fields.log_prob(fields.render(_small(memory.image)), small).mean())
        return _Memory(past, stamp, action, full, State(h, posterior.mean), model.anchor(frame, small), surprise)

    def _recall(self, past: tuple[_Seen, ...]) -> tuple[Tensor, Gaussian, Gaussian]:
        """Memory h, prior and posterior at the last of the images, seen one after the other."""
        first, *rest = past
        h, prior, posterior = self.model.observe(
            self.model.initial(1), 0 * first.action, 0 * first.seconds, first.alone
        )
        for seen in rest:
            state = State(h, posterior.mean)
            h, prior, posterior = self.model.observe(state, seen.action, seen.seconds, seen.summary)
        return h, prior, posterior

    @torch.inference_mode()
    def imagine(
        self, actions, time_step=TIME_STEP, *, steps=None, num_samples: int = 0, seed: int = 0
    ) -> ImaginedImages:
        """The images under `actions` [T, 2] (throttle, left turn), the first of which is given now.

        time_step: s that each lasts, a number or [T]. steps: indexes of the steps that are wanted, all if None.
        num_samples: latent futures drawn, whose differences add to the spread; the images are of the most likely one.
        Raises GenModelsError: NO_OBSERVATION before the first image; INVALID_HORIZON for no or too many steps or
        seconds; INVALID_COUNT; WRONG_LENGTH; NOT_FINITE.
        """
        memory = self._memory
        if memory is None:
            raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: the model needs an image first.")
        if not 0 <= num_samples <= MAX_SAMPLES:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"Ask for 0 to {MAX_SAMPLES} samples, got {num_samples}.")
        actions = _checked_actions(actions, (-1, 2))
        seconds = self._tensor(_checked_seconds(time_step, len(actions)))[None]
        wanted = _checked_steps(steps, len(actions))
        rollout = self._rollout(memory, actions, seconds, 0, seed)
        images, variance = self._decode(memory, rollout, wanted)
        if num_samples:
            drawn = self._rollout(memory, actions, seconds, num_samples, seed)
            small = self._decode(memory, drawn, wanted, _small(memory.image))[0]
            between = small.unflatten(0, (num_samples, -1)).var(0, correction=0).mean(1, keepdim=True)
            variance = variance + interpolate(between, images.shape[-2:], mode="bilinear")[:, 0]
        levels = (255 * images).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
        return ImaginedImages(
            memory.stamp, rollout.age[0, wanted].cpu().numpy().astype(float), levels.cpu().numpy(),
            (255 * variance.sqrt()).cpu().numpy(),
        )  # fmt: skip

    def _rollout(self, memory: _Memory, actions: np.ndarray, seconds: Tensor, num_samples: int, seed: int) -> Rollout:
        """The most likely future if num_samples is 0."""
        count = max(1, num_samples)
        repeated = [values.expand(count, *values.shape[1:]) for values in (self._tensor(actions)[None], seconds)]
        rng = generator(seed, self.device)
        return self.model.imagine(
            memory.state.repeat(count), memory.anchor.repeat(count), *repeated, rng, sample=num_samples > 0
        )

    def _decode(
        self, memory: _Memory, rollout: Rollout, wanted: Tensor, image: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Images [S * K, 3, H, W] and variances [S * K, H, W] of some steps, from `image` or the last one seen."""
        image = memory.image if image is None else image
        pick = lambda values: values[:, wanted].flatten(0, 1)  # noqa: E731
        positions = pick(rollout.positions)
        fields = self.model.decode(
            pick(rollout.h), pick(rollout.z), memory.anchor.repeat(len(positions)), positions, pick(rollout.age)
        )
        images = fields.render(image.expand(len(positions), -1, -1, -1), mode="bicubic")
        return images, fields.std(*image.shape[-2:]).square()

    def _image(self, image: np.ndarray) -> Tensor:
        values = torch.from_numpy(np.ascontiguousarray(image)).to(self.device)
        return values.permute(2, 0, 1)[None].float() / 255

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self.device)


def _small(image: Tensor) -> Tensor:
    """The image at the size that the networks see."""
    return adaptive_avg_pool2d(image, SIZE) if image.shape[-2] >= SIZE[0] else interpolate(image, SIZE, mode="bilinear")


def _check_image(image) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise GenModelsError(ErrorCode.INVALID_IMAGE, "The image must be an array [H, W, 3] of uint8, RGB.")
    if not MIN_SIDE <= min(image.shape[:2]) <= max(image.shape[:2]) <= MAX_SIDE:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE,
            f"The image has {image.shape[0]} x {image.shape[1]} pixels: send {MIN_SIDE} to {MAX_SIDE} a side.",
        )


def _checked_actions(actions, shape: tuple[int, ...]) -> np.ndarray:
    try:
        actions = np.asarray(actions, dtype=float)
    except (TypeError, ValueError) as error:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, "Actions are pairs of numbers: throttle, left turn.") from error
    if actions.ndim != len(shape) or actions.shape[-1] != 2:
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH, f"Actions are pairs (throttle, left turn); got shape {actions.shape}."
        )
    if not 1 <= len(actions) <= MAX_STEPS:
        raise GenModelsError(ErrorCode.INVALID_HORIZON, f"Send 1 to {MAX_STEPS} actions, got {len(actions)}.")
    if not np.isfinite(actions).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "An action is not a finite number.")
    return actions.clip(-1, 1)


def _checked_seconds(time_step, steps: int) -> np.ndarray:
    try:
        seconds = np.broadcast_to(np.asarray(time_step, dtype=float), (steps,))
    except (TypeError, ValueError) as error:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, "time_step is a number, or one for each action.") from error
    if not np.isfinite(seconds).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "A time step is not a finite number.")
    if seconds.min() <= 0 or seconds.max() > MAX_GAP or seconds.sum() > MAX_SECONDS:
        raise GenModelsError(
            ErrorCode.INVALID_HORIZON, f"Time steps are above 0 and up to {MAX_GAP} s, {MAX_SECONDS} s in all."
        )
    return seconds


def _checked_steps(steps, count: int) -> Tensor:
    wanted = torch.arange(count) if steps is None else torch.as_tensor(np.asarray(steps, dtype=int)).reshape(-1)
    if not len(wanted) or int(wanted.min()) < 0 or int(wanted.max()) >= count:
        raise GenModelsError(ErrorCode.INVALID_HORIZON, f"Steps are indexes from 0 to {count - 1}.")
    return wanted
