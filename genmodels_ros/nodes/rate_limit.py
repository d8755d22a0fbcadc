"""At most so many frames a second, however fast they come."""


class RateLimit:
    """Lets the first of each period through; `skipped` counts the others.

    The next moment follows from the last one due and not from the last frame: else a 30 Hz camera held to 20 Hz would
    give 15. Two frames are at least half a period apart.
    """

    def __init__(self):
        self._due = float("-inf")
        self.skipped = 0

    def passes(self, now: float, max_rate: float) -> bool:
        """Whether a frame at `now` s may go on; max_rate in Hz, 0: every frame may."""
        if not max_rate:
            return True
        if now < self._due:
            self.skipped += 1
            return False
        period = 1 / max_rate
        self._due = max(self._due + period, now + period / 2)
        return True
