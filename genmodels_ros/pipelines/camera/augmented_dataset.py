"""Training on variants that are made while it trains: from a dataset on disk, or from a live camera.

dataset = AugmentedDataset(open_images("images/", "masks/"), ImageAugmenter.from_checkpoint(), style="random", seed=0)
for batch in DataLoader(dataset, batch_size=8, num_workers=2):
    loss = criterion(model(batch["image"]), batch["labels"])

Every epoch shows other variants. The same seed shows the same again; with workers, after the same torch.manual_seed.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from genmodels_ros.data.frame_queue import FrameQueue
from genmodels_ros.data.labelled_images import SourceImage
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.augment_request import OF_THE_IMAGE, Request
from genmodels_ros.pipelines.camera.augmentation import RANDOM, ImageAugmenter


class Images(Protocol):
    """An ImageSource, or a FrameQueue that a camera fills."""

    def images(self) -> Iterator[SourceImage]: ...


class AugmentedDataset(IterableDataset):
    """Samples {"image" float32 [3, H, W] in [0, 1], "labels" int64 [H, W], "boxes" float32 [N, 4], "categories" int64
    [N], "command" float32 [2]}: of the labels those that the source has.

    Boxes are left, top, right, bottom in pixels; their number differs from image to image, so that a loader needs a
    `collate_fn` for them, as it does for images of different sizes. What cannot be read or is rejected by the gate is
    left out and counted in `skipped` and `rejected`, of this process. Workers of a loader share the images of a dataset
    among them; a FrameQueue belongs to one process, so it takes a loader with num_workers=0.
    """

    def __init__(
        self,
        source: Images,
        augmenter: ImageAugmenter,
        *,
        count: int = 1,
        style: str = RANDOM,
        strength: float = 1.0,
        reference: Path | None = None,
        lighting_only: bool = False,
        include_source: bool = False,
        shuffle_buffer: int = 0,
        seed: int = 0,
    ):
        """`count` variants an image, after the image itself with `include_source`; each sample is drawn from
        `shuffle_buffer` that wait (0: the source's order). Raises GenModelsError as Request.checked."""
        self._source, self._include_source, self._buffer = source, include_source, shuffle_buffer
        self._seed, self._epoch = seed % 2**64, 0
        self._request = Request.checked(
            augmenter, count=count, style=style, strength=strength, reference=reference, lighting_only=lighting_only
        )
        self.skipped = self.rejected = 0

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        worker = get_worker_info()
        if worker is not None and isinstance(self._source, FrameQueue):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT, "The frames of a live camera need a DataLoader with num_workers=0."
            )
        # a loader's workers start as copies: what tells their epochs apart is the loader's seed
        epoch, self._epoch = [self._seed, self._epoch, worker.seed - worker.id if worker else 0], self._epoch + 1
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        mine = (item for number, item in enumerate(self._source.images()) if number % step == first)
        samples = (sample for item in mine for sample in self._samples(item, epoch))
        return _shuffled(samples, self._buffer, np.random.default_rng([*epoch, first]))

    def _samples(self, item: SourceImage, epoch: list[int]) -> Iterator[dict[str, torch.Tensor]]:
        if item.image is None:
            self.skipped += 1
            return
        if self._include_source:
            yield as_sample(item, item.image)
        entropy = [*epoch, zlib.crc32(f"{item.split}{item.name}".encode())]
        seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
        try:
            for variant, _ in self._request.variants(item, seed):
                if variant.accepted:
                    yield as_sample(item, variant.image)
                else:
                    self.rejected += 1
        except GenModelsError as error:
            if error.code not in OF_THE_IMAGE:
                raise
            self.skipped += 1


def _shuffled(samples: Iterator, size: int, rng: np.random.Generator) -> Iterator:
    """In an order drawn from a buffer of `size` samples."""
    waiting = []
    for sample in samples:
        waiting.append(sample)
        if len(waiting) > size:
            yield waiting.pop(int(rng.integers(len(waiting))))
    while waiting:
        yield waiting.pop(int(rng.integers(len(waiting))))


def as_sample(item: SourceImage, image: np.ndarray) -> dict[str, torch.Tensor]:
    """The tensors of `image` uint8 [H, W, 3], with `item`'s labels."""
    sample = {"image": torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).float() / 255}
    if item.labels is not None:
        sample["labels"] = torch.from_numpy(item.labels.astype(np.int64))
    if item.instances:
        boxes = torch.tensor([instance.box for instance in item.instances], dtype=torch.float32)
        sample["boxes"] = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
        sample["categories"] = torch.tensor([instance.category for instance in item.instances])
    if item.command is not None:
        sample["command"] = torch.tensor(item.command, dtype=torch.float32)
    return sample
