"""What went wrong in training, and what to do: one sentence a problem with its remedy, from what a run left behind.

    instability      the held-out loss got worse again by much, or jumps about as much as it ever fell
    overfitting      held-out rows cost more than training rows; training stopped early
    collapse         samples lie among real rows and reach few of them; a poor fit: they do not lie there
    copies           samples that are training rows (memorisation.py)

What a family sees itself comes with the history: dead latents of a VAE, what training/collapse_watch.py saw of a GAN.
"""

from itertools import pairwise
from statistics import median

from genmodels_ros.evaluation.distribution.memorisation import Memorisation
from genmodels_ros.evaluation.distribution.sample_quality import SampleQuality
from genmodels_ros.training.fitting import History

ROSE = 0.5  # of the fall from the first to the least loss
JUMPS = 0.5  # of that fall, from look to look in the later half
GAP = 0.25  # nat a dimension
HALF = 0.5  # of what real rows reach


def history_report(history: History) -> list[str]:
    """The run's own warnings, and what its held-out losses tell; fewer than four looks tell nothing."""
    found, losses = list(history.warnings), history.losses
    if len(losses) < 4:
        return found
    fall = losses[0] - min(losses)
    if fall <= 0:
        return [*found, "Nothing was learnt after the first look: lower --learning-rate, or give it more --steps."]
    later = losses[len(losses) // 2 :]
    if losses[-1] - min(losses) > ROSE * fall:
        found.append(
            f"The held-out loss rose again after step {history.best_step} (that step's weights are kept): "
            "give it more data, a smaller model, or lower --learning-rate."
        )
    elif median(abs(b - a) for a, b in pairwise(later)) > JUMPS * fall:
        found.append("The held-out loss jumps as much as it fell: lower --learning-rate, or raise --batch-size.")
    return found


def gap_report(training_loss: float, held_out_loss: float, dimension: int) -> list[str]:
    """Losses [nat a row] of the fitted model on rows of both kinds."""
    gap = (held_out_loss - training_loss) / dimension
    if gap <= GAP:
        return []
    return [f"Overfitting: held-out rows cost {gap:.2f} nat a dimension more: more data, a smaller model, fewer steps."]


def collapse_report(made: SampleQuality, real: SampleQuality) -> list[str]:
    """Samples, and as many real rows. Few reached by many that lie well is a collapse; otherwise the fit is poor.

    Recall counts, too: where dimensions are many, samples near the middle of the data cover balls all around them.
    """
    reached = min(made.coverage / real.coverage, made.recall / real.recall)
    lie_well = made.precision / real.precision
    if reached >= HALF:
        return []
    if lie_well > 2 * reached:
        return [
            f"Collapse: samples reach {reached:.0%} of what real rows reach, and lie well: give it more steps, raise a "
            "GAN's gamma, or take a family with a likelihood."
        ]
    return [
        f"Poor fit: {lie_well:.0%} as many samples as real rows lie among the data: give it more steps, a larger "
        "model, or take another family."
    ]


def memorisation_report(found: Memorisation) -> list[str]:
    if not found.copies:
        return []
    return [
        f"Copies: samples lie at {found.ratio:.2f} of the distance to training rows that they keep to others "
        f"(p = {found.p_value:.3f}): more data, a smaller model, or fewer steps."
    ]
