"""When to stop translating better: pictures of frames kept out of training, beside the targets."""

import copy

import torch
from torch import Tensor, nn

from genmodels_ros.models.image_features import image_features
from genmodels_ros.training.camera.cell_pattern import cell_pattern
from genmodels_ros.training.camera.image_domains import ImageDomains


def feature_distance(first: Tensor, second: Tensor) -> float:
    """Fréchet distance of two samples' features [N, F] and [M, F] as if independent and Gaussian, in deviations of the
    second, a mean over the features: 0 for equal means and deviations."""
    scale = second.std(dim=0).clamp(min=1e-6)
    means = (first.mean(dim=0) - second.mean(dim=0)) / scale
    return float((means.square() + (first.std(dim=0) / scale - 1).square()).mean())


class TranslationWatch:
    """Distance of translated held-out frames to each style's targets, over that of the frames themselves: `latest`; and
    how much more than those they show the network's cells: `pattern`."""

    FRAMES = 64
    TARGETS = 256

    def __init__(self, held_out: ImageDomains, seed: int = 0):
        self.source, self.labels = held_out.source[: self.FRAMES], held_out.labels
        self.seed = seed
        self.targets = [image_features(target[:: max(1, len(target) // self.TARGETS)]) for target in held_out.targets]
        untouched = image_features(self.source)
        self.latest, self.pattern = float("nan"), 0.0
        self.reference = [feature_distance(untouched, target) for target in self.targets]

    @torch.no_grad()
    def measure(self, generator: nn.Module) -> float:
        """Mean over the styles: 1 for a generator that does nothing, 0 for one that cannot be told from the targets.

        The same codes every time, whatever the training drew.
        """
        rng = torch.Generator().manual_seed(self.seed)
        source = self.source.float() / 255
        labels = None if self.labels is None else self.labels[: self.FRAMES]
        shares, patterns = [], []
        for style, (target, reference) in enumerate(zip(self.targets, self.reference, strict=True)):
            index = torch.full((len(source),), style, device=source.device)
            z, eps = (
                torch.randn(shape, generator=rng).to(source.device)
                for shape in ((len(source), generator.latent), source.shape)
            )
            made = generator(source, index, z, eps, labels).clamp(0, 1)
            shares.append(feature_distance(image_features(made), target) / reference)
            if generator.cell > 1:
                patterns.append(cell_pattern(made, generator.cell) - cell_pattern(source, generator.cell))
        self.pattern = max(patterns, default=0.0)
        self.latest = sum(shares) / len(shares)
        return self.latest


class Best(nn.Module):
    """The best network so far, and since how many looks it has been; a module, so that a state of training holds it."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("distance", torch.tensor(float("inf")))
        self.register_buffer("looks_since", torch.tensor(0))

    def look(self, network: nn.Module, distance: float) -> None:
        self.looks_since += 1
        if distance < float(self.distance):
            self.distance.fill_(distance)
            self.looks_since.zero_()
            self.network.load_state_dict(network.state_dict())
