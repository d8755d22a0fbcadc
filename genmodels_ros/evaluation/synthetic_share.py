"""How many synthetic pictures training bears: a share chosen on validation frames, by a rule stated beforehand."""

from collections.abc import Callable

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the pictures of a batch
MAX_LOSS = 0.5  # points of mean IoU on source frames


def affordable_share(loss: Callable[[float], float]) -> tuple[float, dict[float, float]]:
    """`loss(share)`: points lost on source frames, asked from the smallest share on until it exceeds MAX_LOSS.

    → the largest share before that, or the smallest of all, and what was tried. A larger share that seems to cost less
    than a smaller one is chance, and not looked for.
    """
    chosen, tried = SHARES[0], {}
    for share in SHARES:
        tried[share] = loss(share)
        if tried[share] > MAX_LOSS:
            break
        chosen = share
    return chosen, tried
