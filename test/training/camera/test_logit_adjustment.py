"""Offsets of the decision: what they set right, and that nothing but the decision changes."""

import numpy as np
import torch

from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.training.camera.logit_adjustment import adjusted, offsets


def noisy_logits(rng: torch.Generator, bias: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [20, 3, 16, 16] that tell the truth [20, 16, 16] with noise, wrong by a bias for each class."""
    truth = torch.multinomial(torch.tensor([0.7, 0.25, 0.05]), 20 * 16 * 16, replacement=True, generator=rng)
    truth = truth.view(20, 16, 16)
    told = 3.0 * torch.nn.functional.one_hot(truth, 3).permute(0, 3, 1, 2)
    return told + torch.randn(told.shape, generator=rng) + bias[:, None, None], truth


def mean_iou(named: torch.Tensor, truth: torch.Tensor) -> float:
    shared = [((named == c) & (truth == c)).sum() / ((named == c) | (truth == c)).sum() for c in range(3)]
    return float(torch.stack(shared).mean())


def test_a_bias_is_found_and_taken_away():
    rng = torch.Generator().manual_seed(0)
    biased, truth = noisy_logits(rng, torch.tensor([0.0, 0.0, 2.0]))
    found = offsets(biased, truth)
    assert found[2] - found[0] < -1.0
    fair, _ = noisy_logits(torch.Generator().manual_seed(0), torch.zeros(3))
    before, after = (mean_iou(x.argmax(1), truth) for x in (biased, biased + found[:, None, None]))
    assert after > before + 0.05 and after > mean_iou(fair.argmax(1), truth) - 0.01


def test_a_class_that_does_not_occur_is_no_nan():
    logits = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(offsets(logits, torch.zeros(2, 8, 8, dtype=torch.int64))).all()


def test_only_the_last_biases_change():
    torch.manual_seed(0)
    rng, model = np.random.default_rng(0), Segmenter(3, widths=(4, 8)).eval()
    images, labels = rng.integers(0, 256, (4, 16, 16, 3), np.uint8), rng.integers(0, 3, (4, 16, 16)).astype(np.uint8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    after = adjusted(model, images, labels).state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {"head.bias"}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
