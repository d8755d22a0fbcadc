"""When an alarm begins and when it ends, so that one fault is one alarm."""

import math

RELEASE = 10.0  # times the budget's rate, below which rarity an alarm may end


class AlarmState:
    """One alarm from its first odd row until nothing was odd for `hold` s; what comes in between belongs to it."""

    def __init__(self):
        self.alarm, self.count, self._quiet_since = False, 0, -math.inf

    def update(self, stamp: float, rate: float, budget: float, hold: float) -> bool:
        """Whether there is an alarm now. It begins at `budget` and ends above RELEASE times as much: no flutter."""
        if rate <= budget:
            self.count += not self.alarm
            self.alarm = True
        if rate <= RELEASE * budget or not 0 <= stamp - self._quiet_since:
            self._quiet_since = stamp
        if self.alarm and stamp - self._quiet_since >= hold:
            self.alarm = False
        return self.alarm
