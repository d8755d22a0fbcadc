"""What went wrong in training, and what to do: one sentence a problem with its remedy, from what a run left behind.

    instability      the held-out loss got worse again by much, or jumps about as much as it ever fell
    overfitting      held-out rows cost more than training rows; training stopped early
    collapse         samples reach few of the real rows
    copies           samples that are training rows (memorisation.py)

What a family sees itself comes with the history: dead latents of a VAE, what training/collapse_watch.py saw of a GAN.
"""

from itertools import pairwise
from statistics import median

from genmodels_ros.evaluation.distribution.memorisation import Memorisation
from genmodels_ros.training.fitting import History

ROSE = 0.5  # of the fall from the first to the least loss
JUMPS = 0.5  # of that fall, from look to look in the later half
GAP = 0.25  # nat a dimension
COLLAPSED = 0.5  # of the coverage that real rows reach


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


def collapse_report(coverage: float, attainable: float) -> list[str]:
    """Coverage (sample_quality.py) by samples and by as many real rows."""
    if coverage >= COLLAPSED * attainable:
        return []
    return [
        f"Collapse: samples reach {coverage / attainable:.0%} of what real rows reach: more steps; a GAN: raise its "
        "gamma; a VAE: lower beta; or a family with an exact likelihood."
    ]


def memorisation_report(found: Memorisation) -> list[str]:
    if not found.copies:
        return []
    return [
        f"Copies: samples lie at {found.ratio:.2f} of the distance to training rows that they keep to others "
        f"(p = {found.p_value:.3f}): more data, a smaller model, or fewer steps."
    ]
