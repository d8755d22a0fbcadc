"""What a trained augmenter's card says about it: measured on frames kept out of training."""

from pathlib import Path

import numpy as np

from genmodels_ros.data.image_shards import load_shards
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.quality_gate import judge
from genmodels_ros.simulation.camera.styles import render_style
from genmodels_ros.training.camera.image_domains import ImageDomains

MAX_FRAMES = 64  # of a user's, measured


def kept_edges(augmenter: ImageAugmenter, held_out: ImageDomains, *, seed: int = 0) -> dict[str, float]:
    """edge_agreement and rejected, as below, of a user's own frames."""
    images = held_out.source[:MAX_FRAMES].permute(0, 2, 3, 1).cpu().numpy()
    labels = [None] * len(images) if held_out.labels is None else held_out.labels[:MAX_FRAMES].cpu().numpy()
    made = [
        augmenter.augment(image, style=style, seed=seed + i, labels=mask)
        for style in augmenter.styles
        for i, (image, mask) in enumerate(zip(images, labels, strict=True))
    ]
    return {
        "heldout_frames": len(images),
        "edge_agreement": round(float(np.mean([one.quality for one in made])), 4),
        "rejected": round(float(np.mean([not one.accepted for one in made])), 4),
    }


def held_out_metrics(augmenter: ImageAugmenter, data: Path, *, seed: int = 0) -> dict[str, float]:
    """Shares in [0, 1], every style on every held-out frame.

    edge_agreement, rejected: of the model's pictures. gate_false_reject: of pictures rendered by physics from the same
    frame, whose labels hold. gate_true_reject: of pictures rendered from another frame, whose labels do not.
    """
    frames = load_shards(data, "heldout")
    rgb, depth = frames["rgb"], frames["depth"].astype(np.float32)
    rng, other = np.random.default_rng(seed), np.roll(np.arange(len(rgb)), len(rgb) // 2)

    def refused(source: np.ndarray, style: str, shown: int) -> bool:
        picture = render_style(style, rgb[shown], depth[shown], rng)
        return not judge(source, picture, augmenter.min_agreement).accepted

    cases = [(index, style) for index in range(len(rgb)) for style in augmenter.styles]
    made = [augmenter.augment(rgb[i], style=style, seed=seed + i) for i, style in cases]
    metrics = {
        "edge_agreement": np.mean([variant.quality for variant in made]),
        "rejected": np.mean([not variant.accepted for variant in made]),
        "gate_false_reject": np.mean([refused(rgb[i], style, i) for i, style in cases]),
        "gate_true_reject": np.mean([refused(rgb[i], style, other[i]) for i, style in cases]),
    }
    return {
        "heldout_frames": len(rgb),
        "min_edge_agreement": augmenter.min_agreement,
        **{name: round(float(value), 4) for name, value in metrics.items()},
    }
