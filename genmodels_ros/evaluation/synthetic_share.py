"""How many synthetic pictures training bears: a share chosen on validation frames, by a rule stated beforehand."""

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the pictures of a batch
MAX_LOSS = 0.5  # points of mean IoU on source frames


def largest_affordable(losses: dict[float, float]) -> float:
    """Share → points lost on source frames; the largest share up to which none loses more than MAX_LOSS, or else the
    smallest. More synthetic pictures cost more: a large share that seems to cost less than a smaller one is chance.
    """
    chosen = min(losses)
    for share in sorted(losses):
        if losses[share] > MAX_LOSS:
            break
        chosen = share
    return chosen
