"""Online adaptation: while the robot drives, a copy of its world model learns from its last minutes.

adapter = OnlineAdapter()
adapter.start(world)     # a thread of low priority, one core at most a third of the time
adapter.status           # what it does, and what the last round came to
adapter.stop()           # within one step of training
"""

import threading
from dataclasses import dataclass, field, replace

from genmodels_ros.pipelines.mobile.drive_log import to_episodes
from genmodels_ros.pipelines.mobile.world_model import WorldModel
from genmodels_ros.training.background import Breath, Stopped, lower_priority
from genmodels_ros.training.mobile.fine_tuning import Adaptation, FineTuning, adapt

LOOK_AGAIN = 0.5  # [s]


@dataclass(frozen=True)
class AdapterSettings:
    """When to learn, and how much of a core to take."""

    fine_tuning: FineTuning = field(default_factory=FineTuning)
    least_rows: int = 900  # of the log before the first round: three minutes
    new_rows: int = 600  # between rounds
    duty: float = 0.3  # share of the time at work

    def __post_init__(self):
        if not (0 < self.duty <= 1 and self.least_rows > 0 and self.new_rows > 0):
            raise ValueError("An adapter needs 0 < duty <= 1 and at least one row.")


@dataclass(frozen=True)
class AdapterStatus:
    """state: stopped, waiting for rows, rebuilding (poses from scans), learning, or failed."""

    state: str = "stopped"
    rows: int = 0  # in the log
    rounds: int = 0
    switches: int = 0
    last: Adaptation | None = None
    message: str = ""  # of a failure


class OnlineAdapter:
    """Adapts one WorldModel at a time. All methods may be called from any thread."""

    def __init__(self, settings: AdapterSettings | None = None):
        self.settings = settings or AdapterSettings()
        self._status = AdapterStatus()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> AdapterStatus:
        """The present one; replaced as a whole."""
        return self._status

    def start(self, world: WorldModel) -> None:
        """Adapts `world` from now on; whatever was adapted before is left."""
        self.stop()
        self._stop, self._status = threading.Event(), AdapterStatus("waiting")
        self._thread = threading.Thread(target=self._run, args=(world, self._stop), name="adaptation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, unfinished rounds are thrown away; returns when it has ended."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    def _run(self, world: WorldModel, stop: threading.Event) -> None:
        lower_priority()
        try:
            self._rounds(world, stop)
        except Stopped:
            self._set(state="stopped")
        except Exception as error:  # whatever goes wrong in learning must not stop the robot's node
            self._set(state="failed", message=f"{type(error).__name__}: {error}")

    def _rounds(self, world: WorldModel, stop: threading.Event) -> None:
        breathe, due = Breath(stop, self.settings.duty), self.settings.least_rows
        while True:
            self._set(state="waiting", rows=len(world.log))
            if world.log.added < due:
                if stop.wait(LOOK_AGAIN):
                    raise Stopped
                continue
            due = world.log.added + self.settings.new_rows
            self._round(world, breathe)

    def _round(self, world: WorldModel, breathe: Breath) -> None:
        self._set(state="rebuilding")
        episodes = to_episodes(world.log.rows(), breathe)
        self._set(state="learning")
        model, result = adapt(world.model, episodes, self.settings.fine_tuning, breathe)
        breathe()
        if model is not None:
            world.adopt(model)
        self._set(
            rounds=self._status.rounds + 1,
            switches=self._status.switches + result.switched,
            last=result,
            state="waiting",
        )

    def _set(self, **changes) -> None:
        self._status = replace(self._status, **changes)
