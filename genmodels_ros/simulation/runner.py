"""A world that runs by the clock on the wall, in a thread of its own."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from genmodels_ros.simulation.world import World

PATIENCE = 0.2  # s behind the wall clock after which lost time is given up, and counted
WINDOW = 5.0  # s over which the achieved factor is measured


class Schedule:
    """Says when something that happens `rate` times a second of simulated time is due; never, at rate 0."""

    def __init__(self, rate: float):
        self._period = 1.0 / rate if rate > 0 else None
        self._next = 0.0

    def due(self, now: float) -> bool:
        """Whether its moment has come; a moment missed is not made up for."""
        if self._period is None or now < self._next - 1e-9:
            return False
        self._next += self._period * max(1, int((now - self._next) / self._period + 1e-9) + 1)
        return True


class Runner:
    """Steps a world in real time (times `real_time_factor`; 0: no waiting) and calls `tick(world)` after each step.

    The world, and every picture it renders, belongs to the runner's thread: others pass work in with `submit`.
    `failed(error)` is told of an exception, which ends the run.
    """

    def __init__(self, world: World, real_time_factor: float, tick: Callable, failed: Callable):
        self.world, self._factor, self._tick, self._failed = world, real_time_factor, tick, failed
        self._requests: SimpleQueue = SimpleQueue()
        self._stopping = threading.Event()
        self._marks: deque = deque(maxlen=1000)
        self._thread = threading.Thread(target=self._run, name="simulation", daemon=True)
        self.time_given_up = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the run and waits for it, from any other thread."""
        self._stopping.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=5.0)

    def submit(self, work: Callable[[World], object]) -> Future:
        """Runs work(world) between two steps; the future holds what it returns or raises."""
        future: Future = Future()
        self._requests.put((work, future))
        return future

    @property
    def achieved_factor(self) -> float:
        """Simulated over real seconds, lately."""
        marks = list(self._marks)
        if len(marks) < 2:
            return 0.0
        (wall_0, simulated_0), (wall_1, simulated_1) = marks[0], marks[-1]
        return (simulated_1 - simulated_0) / max(wall_1 - wall_0, 1e-9)

    def _run(self) -> None:
        try:
            self._loop()
        except Exception as error:
            self._failed(error)
        finally:
            self.world.close()

    def _loop(self) -> None:
        self.world.warm_up()
        start, simulated_start = time.monotonic(), self.world.time
        while not self._stopping.is_set():
            self._serve()
            self.world.step()
            self._tick(self.world)
            now = time.monotonic()
            self._mark(now)
            if self._factor <= 0:
                continue
            ahead = start + (self.world.time - simulated_start) / self._factor - now
            if ahead > 0:
                self._stopping.wait(ahead)
            elif ahead < -PATIENCE or self.world.time < simulated_start:
                self.time_given_up += max(0.0, -ahead)
                start, simulated_start = now, self.world.time

    def _mark(self, now: float) -> None:
        simulated = self.world.time
        if self._marks and simulated < self._marks[-1][1]:
            self._marks.clear()
        while self._marks and now - self._marks[0][0] > WINDOW:
            self._marks.popleft()
        self._marks.append((now, simulated))

    def _serve(self) -> None:
        while True:
            try:
                work, future = self._requests.get_nowait()
            except Empty:
                return
            try:
                future.set_result(work(self.world))
            except Exception as error:
                future.set_exception(error)
