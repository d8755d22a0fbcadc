"""The camera world model on a recording: what it predicted, what copying and constant motion predict, and what came."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.image_drives import Actions
from genmodels_ros.data.recordings import Recording, bad_recording
from genmodels_ros.evaluation.image_similarity import FeatureDistance, sharpness, ssim
from genmodels_ros.evaluation.statistics import bootstrap_mean
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.image_baselines import constant_flow
from genmodels_ros.pipelines.mobile.camera_world_model import MAX_GAP, MEMORY, CameraWorldModel

HORIZONS = (1, 5, 10)  # images ahead
METHODS = ("copy last", "constant flow", "model")
BYTES = 2**28  # that each of the dump's two arrays of images may have; large images mean fewer starts


@dataclass(frozen=True)
class ImagePredictions:
    """M starts, K horizons, images of H x W at the recording's own size."""

    start_index: np.ndarray  # [M] in the recording's images
    seconds: np.ndarray  # [M, K] ahead
    images_last: np.ndarray  # [M, H, W, 3] uint8
    images_true: np.ndarray  # [M, K, H, W, 3] uint8
    images_pred: np.ndarray  # [M, K, H, W, 3] uint8
    images_std: np.ndarray  # [M, K, H, W] float16, levels of 255
    surprise: np.ndarray  # [M]
    scores: dict[str, np.ndarray]  # of each measure [M, K, len(METHODS)]
    left_out: int  # windows that were not usable, since the recording has a gap there

    def save(self, path: Path) -> None:
        """The dump of docs: one .npz. Poses and collisions are zero: images alone do not tell them."""
        count, horizons = self.seconds.shape
        poses = np.zeros((count, horizons, 3))
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file, start_index=self.start_index, horizon_steps=np.array(HORIZONS), seconds=self.seconds,
                images_last=self.images_last, images_true=self.images_true, images_pred=self.images_pred,
                images_std=self.images_std, poses_true=poses, poses_pred=poses,
                collision_prob=np.zeros((count, horizons)), surprise=self.surprise,
            )  # fmt: skip


@dataclass(frozen=True)
class _Step:
    """An image with the time and the action from it on, and its number in the recording."""

    index: int
    stamp: float
    image: np.ndarray
    action: np.ndarray


def predict_images(
    world: CameraWorldModel, recording: Recording, context: int, max_starts: int = 400, quiet: bool = False
) -> ImagePredictions:
    """Observes the images one by one and, from up to `max_starts` of them, predicts those to come, given the actions.

    context: images observed before the first prediction, anew after each gap. The images' times are given with the
    actions. Raises GenModelsError(NO_OBSERVATION) if there are too few images or they have several sizes.
    """
    world.reset()
    rows, left_out, seen, before, due = [], 0, 0, None, context - 1
    distance, stride = FeatureDistance(), None
    for window in tqdm(_windows(recording), total=recording.num_images, unit="image", disable=True if quiet else None):
        now = window[0]
        if stride is None:
            starts = min(max_starts, max(1, BYTES // (now.image.nbytes * len(HORIZONS))))
            stride = max(1, (recording.num_images - context - HORIZONS[-1]) // starts)
        if before is not None and not 0 < now.stamp - before.stamp <= MAX_GAP:
            seen = 0
        if now.index > due - max(context, MEMORY):  # older images are forgotten until then
            world.observe(now.image, now.action, now.stamp)
        seen += 1
        if now.index >= due:
            gaps = np.diff([step.stamp for step in window])
            if seen >= context and seen > 1 and (gaps > 0).all() and (gaps <= MAX_GAP).all():
                rows.append(_predict_from(world, before, window, distance))
                due = now.index + stride
            else:
                left_out += 1
        before = now
    if not rows:
        raise bad_recording(
            recording.path, f"no image with {context} before and {HORIZONS[-1]} after it without a gap."
        )
    columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    scores = {name: columns.pop(name) for name in ("SSIM", "feature distance", "error", "sharpness")}
    return ImagePredictions(**columns, scores=scores, left_out=left_out)


def _windows(recording: Recording) -> Iterator[list[_Step]]:
    """Each image with as many after it as the longest horizon, read in one pass."""
    ahead: deque[_Step] = deque()
    actions = Actions(recording)
    for index, item in enumerate(recording.images()):
        if ahead and item.image.shape != ahead[-1].image.shape:
            raise bad_recording(recording.path, "holds images of several sizes.")
        ahead.append(_Step(index, item.stamp, item.image, actions.at(item.stamp)))
        if len(ahead) > HORIZONS[-1]:
            yield list(ahead)
            ahead.popleft()


def _predict_from(world: CameraWorldModel, before: _Step, window: list[_Step], distance: FeatureDistance) -> dict:
    now, stamps = window[0], np.array([step.stamp for step in window])
    wanted = np.array(HORIZONS) - 1
    future = world.imagine([step.action for step in window[:-1]], np.diff(stamps), steps=wanted)
    onward = constant_flow(before.image, now.image, now.stamp - before.stamp, stamps[1:] - now.stamp)
    truth = [window[k].image for k in HORIZONS]
    predictions = [(now.image, onward[i], image) for i, image in zip(wanted, future.images, strict=True)]
    measures = {
        "SSIM": ssim, "feature distance": distance,
        "error": lambda a, b: float(np.abs(a.astype(float) - b).mean()),
        "sharpness": lambda image, true: sharpness(image) / max(sharpness(true), 1e-6),
    }  # fmt: skip
    scores = {
        name: np.array([[measure(image, true) for image in images] for images, true in zip(predictions, truth)])  # noqa: B905
        for name, measure in measures.items()
    }
    return scores | {
        "start_index": now.index, "seconds": future.seconds, "images_last": now.image, "images_true": np.stack(truth),
        "images_pred": future.images, "images_std": future.spread.astype(np.float16),
        "surprise": np.nan if world.surprise is None else world.surprise,
    }  # fmt: skip


def image_tables(title: str, predictions: ImagePredictions, seed: int = 0) -> list[Table]:
    """A table a measure, a row a horizon; the model's gain over each baseline with its interval, above 0 if better."""
    tables = []
    for name, unit, sign in (
        ("SSIM", "1 is best", 1), ("feature distance", "random convolutions, 0 is best", -1),
        ("error", "mean of 255 levels", -1),
    ):  # fmt: skip
        rows = []
        for k, steps in enumerate(HORIZONS):
            values = predictions.scores[name][:, k]
            row = [steps, float(np.median(predictions.seconds[:, k])), len(values), *values.mean(0).tolist()]
            for baseline in range(len(METHODS) - 1):
                gain = sign * (values[:, -1] - values[:, baseline])
                low, high = bootstrap_mean(gain, seed)
                row += [float(gain.mean()), f"{low:.3f} to {high:.3f}"]
            rows.append(tuple(row))
        columns = ["images ahead", "s (median)", "starts", *METHODS]
        for baseline in METHODS[:-1]:
            columns += [f"gain over {baseline}", f"95 % ({baseline})"]
        tables.append(Table(f"{title}: {name} ({unit})", tuple(columns), tuple(rows), _notes(predictions, name)))
    return tables


def _notes(predictions: ImagePredictions, name: str) -> tuple[str, ...]:
    if name != "error":
        return ()
    ratio = predictions.scores["sharpness"].mean(0)
    text = ", ".join(f"{steps}: {ratio[k, -1]:.2f}" for k, steps in enumerate(HORIZONS))
    notes = [f"Sharpness of the predicted images beside the true ones', by images ahead: {text}."]
    if predictions.left_out:
        notes.append(f"{predictions.left_out} images were no starts, since a gap of the recording was near.")
    return tuple(notes)


def evaluate_images(
    recording: Recording, *, context: int = 10, checkpoint: Path | None = None, device: str = "auto", seed: int = 0,
    dump: Path | None = None, max_starts: int = 400,
) -> list[Table]:  # fmt: skip
    """Prediction of a recording's images beside the baselines, and the dump if asked for.

    Raises GenModelsError: NO_OBSERVATION for a recording that cannot be used, MODEL_UNAVAILABLE.
    """
    world = CameraWorldModel.from_checkpoint(checkpoint, device=device)
    predictions = predict_images(world, recording, context, max_starts)
    if dump is not None:
        predictions.save(dump)
    return image_tables(f"Image prediction, {Path(recording.path).name}", predictions, seed)
