"""Rendered frames with labels and depth, and the same frames as other domains show them."""

from dataclasses import dataclass, replace

import numpy as np

from genmodels_ros.simulation.camera.styles import render_style


@dataclass(frozen=True)
class LabelledFrames:
    """rgb uint8 [N, H, W, 3], labels uint8 [N, H, W], depth float32 [N, H, W] in m; scene by scene."""

    rgb: np.ndarray
    labels: np.ndarray
    depth: np.ndarray
    frames_a_scene: int = 12

    @classmethod
    def render(cls, count: int, seed: int) -> "LabelledFrames":
        """From scenes of their own for every seed, varied as the augmenter's training frames are."""
        from genmodels_ros.simulation.camera.frames import FRAMES_A_PLAN, camera_frames
        from genmodels_ros.simulation.camera.shards import vary

        rng = np.random.default_rng(seed)
        frames = [vary(*frame, rng) for frame in camera_frames(count=count, seed=seed)]
        return cls(*(np.stack(column) for column in zip(*frames, strict=True)), FRAMES_A_PLAN)

    def __getitem__(self, frames: slice) -> "LabelledFrames":
        """Some of them; a slice that keeps scenes whole."""
        return replace(self, rgb=self.rgb[frames], labels=self.labels[frames], depth=self.depth[frames])

    def in_domain(self, name: str) -> "LabelledFrames":
        """As a camera sees them under a style of simulation/camera/styles.py; "source" leaves them as they are."""
        if name == "source":
            return self
        rng = np.random.default_rng([len(self.rgb), *name.encode()])
        pictures = [render_style(name, rgb, depth, rng) for rgb, depth in zip(self.rgb, self.depth, strict=True)]
        return replace(self, rgb=np.stack(pictures))

    def in_domains(self, names: tuple[str, ...]) -> dict[str, "LabelledFrames"]:
        return {name: self.in_domain(name) for name in names}


def mirrored(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Each image and its labels mirrored left to right with probability 1/2."""
    flip = rng.random(len(images)) < 0.5
    images, labels = images.copy(), labels.copy()
    images[flip], labels[flip] = images[flip, :, ::-1], labels[flip, :, ::-1]
    return images, labels
