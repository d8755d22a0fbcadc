"""What the augmenter is trained on: shards made in simulation, or a user's own pictures of source and targets."""

from dataclasses import dataclass
from pathlib import Path

import torch

from genmodels_ros.data.image_shards import load_data_card, load_shards
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.training.camera.image_domains import ImageDomains
from genmodels_ros.training.camera.own_pictures import MIN_SOURCES, MIN_TARGETS, read_pictures

HELD_OUT_SHARE = 0.1  # of a user's source pictures
MAX_LABEL_VALUES = 32  # more are instances, whose numbers mean nothing
SIMULATED_SOURCES = 1024  # frames made when there is no source


@dataclass(frozen=True)
class AugmenterData:
    """Domains to train on and to look at; the data card; the command so far; the labels' values, None without labels.

    rendered: the folder of shards whose held-out frames have depth, so that physics can render a style of them.
    """

    train: ImageDomains
    held_out: ImageDomains
    card: dict
    command: str
    label_values: tuple[int, ...] | None = None
    rendered: Path | None = None


def load_data(
    data: Path | None,
    source: Path | None,
    target: tuple[Path, ...],
    style: tuple[str, ...],
    labels: Path | None,
    *,
    width: int,
    out: Path,
    device: torch.device,
    seed: int = 0,
) -> AugmenterData:
    """See `train`. Raises GenModelsError(INVALID_IMAGE): no data, no name for a style, too few pictures."""
    if data is not None and not target:
        return _from_shards(Path(data), device)
    if not target or len(target) != len(style) or len(set(style)) != len(style):
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE,
            f"Each --target needs a --style of its own name; got {len(target)} and {len(set(style))}. "
            "Without targets, --data names shards of 'genmodels data augmenter'.",
        )
    return _own(source or data or _simulated(out, seed), target, style, labels, width, device, given=source is not None)


def _from_shards(folder: Path, device: torch.device) -> AugmenterData:
    train = ImageDomains.from_shards(folder, device)
    frames = torch.from_numpy(load_shards(folder, "heldout")["rgb"]).permute(0, 3, 1, 2).contiguous().to(device)
    return AugmenterData(
        train,
        ImageDomains(frames, train.targets, train.styles),
        load_data_card(folder),
        "genmodels train augmenter --data DATA",
        rendered=folder,
    )


def _own(source: Path, target, style, labels: Path | None, width: int, device, *, given: bool) -> AugmenterData:
    sources = read_pictures(source, minimum=MIN_SOURCES, width=width, labels=labels)
    height = sources.rgb.shape[-2]
    targets = [read_pictures(path, minimum=MIN_TARGETS, width=width, height=height) for path in target]
    shuffled = torch.randperm(len(sources.rgb), generator=torch.Generator().manual_seed(0))
    masks = None if sources.labels is None else sources.labels[shuffled].to(device)
    domains = ImageDomains(
        sources.rgb[shuffled].to(device), tuple(one.rgb.to(device) for one in targets), tuple(style), masks
    )
    train, held_out = domains.split(max(8, round(HELD_OUT_SHARE * len(sources.rgb))))
    frames = {"source": len(sources.rgb), **{name: len(one.rgb) for name, one in zip(style, targets, strict=True)}}
    named = "".join(f" --target {name.upper()} --style {name}" for name in style)
    return AugmenterData(
        train,
        held_out,
        {"frames": frames, "height": height, "width": width, "styles": list(style), "simulated_source": not given},
        "genmodels train augmenter"
        + (" --source SOURCE" if given else "")
        + named
        + ("" if masks is None else " --labels LABELS"),
        label_values=None if masks is None else _label_values(masks),
    )


def _label_values(labels: torch.Tensor) -> tuple[int, ...]:
    values = tuple(int(value) for value in labels.unique())
    return values if len(values) <= MAX_LABEL_VALUES else ()


def _simulated(out: Path, seed: int) -> Path:
    """Frames of the project's own robot, made in `out`/source unless they are there."""
    from genmodels_ros.simulation.camera.shards import SHARD, Job, make_shard

    folder = out / "source"
    for number in range(SIMULATED_SOURCES // SHARD):
        path = folder / f"source-{number:03d}.npz"
        if not path.exists():
            make_shard(Job(path, "source", SHARD, 1_000_003 * seed + number))
    return folder
