"""The demo's other processes: the simulation in one, the models in another, as on a robot."""

import signal
import subprocess
import sys
from pathlib import Path


class Processes:
    """Child processes with a log file each; stopped in reverse order when the block ends."""

    def __init__(self, log_folder: Path):
        self._log_folder = log_folder
        self._children: dict[str, subprocess.Popen] = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in reversed(list(self._children)):
            self.stop(name)

    def start(self, name: str, module: str, *arguments: str) -> int:
        """Runs `python -m module arguments…`, its output in `<name>.log`; the id of its process."""
        log = open(self._log_folder / f"{name}.log", "w")
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        log.close()
        self._children[name] = child
        return child.pid

    def stop(self, name: str):
        """Interrupts a child as Ctrl-C would, and kills it if it does not end; no error if it has ended."""
        child = self._children.pop(name, None)
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        try:
            child.wait(10.0)
        except subprocess.TimeoutExpired:
            child.kill()
