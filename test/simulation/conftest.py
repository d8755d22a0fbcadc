"""A real Gazebo server, where there is one: `gz` (Harmonic and later) or `ign` (Fortress), by its own command line."""

import codecs
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable

import pytest

from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.gazebo.world import build_sdf, write_world

TOKEN = re.compile(r'([\w.]+)\s*(?::\s*("(?:[^"\\]|\\.)*"|[^\s{}]+))?\s*(\{)?|(\})')


def _command() -> tuple[str, str, str] | None:
    """(program, subcommand of the simulator, package of its messages); None without a simulator."""
    for program, simulator, package in (("gz", "sim", "gz.msgs"), ("ign", "gazebo", "ignition.msgs")):
        if shutil.which(program):
            asked = subprocess.run([program, simulator, "--versions"], capture_output=True, text=True)
            if asked.returncode == 0 and re.match(r"\d+\.\d+", asked.stdout.strip()):
                return program, simulator, package
    return None


def parse(text: str) -> dict[str, list]:
    """A message in protobuf's text format: every field a list of numbers, bytes, words or messages."""
    root: dict[str, list] = {}
    stack = [root]
    for name, value, opened, closed in TOKEN.findall(text):
        if closed:
            stack.pop()
        elif opened:
            stack[-1].setdefault(name, []).append({})
            stack.append(stack[-1][name][-1])
        else:
            stack[-1].setdefault(name, []).append(_value(value))
    return root


def _value(text: str):
    if text.startswith('"'):
        return codecs.escape_decode(text[1:-1].encode())[0]
    try:
        return float(text)
    except ValueError:
        return text


class Gazebo:
    """A server that runs a world without a window; log() is what it has said so far."""

    def __init__(self, world, folder, *options: str):
        self.program, self.simulator, self.package = _command()
        partition = uuid.uuid4().hex
        self._environment = os.environ | {"GZ_PARTITION": partition, "IGN_PARTITION": partition}
        self._log, self._listeners = folder / "gazebo.log", []
        line = [self.simulator, "-s", "-r", "-v", "3", "--headless-rendering", *options, str(world)]
        with self._log.open("w") as log:
            self.process = self._start(line, log)

    def _start(self, arguments: list[str], output) -> subprocess.Popen:
        settings = {"stdout": output, "stderr": subprocess.STDOUT, "env": self._environment}
        return subprocess.Popen([self.program, *arguments], start_new_session=True, **settings)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        for process in (*self._listeners, self.process):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @staticmethod
    def stamp_of(message: dict) -> float:
        """Simulated s of a message's header; of transforms the first one's."""
        message = message if "header" in message else message["pose"][0]
        stamp = message["header"][0]["stamp"][0] if "stamp" in message["header"][0] else {}
        return stamp.get("sec", [0])[0] + 1e-9 * stamp.get("nsec", [0])[0]

    def topics(self) -> set[str]:
        return set(self._ask("topic", "-l").split())

    def kinds(self, topic: str) -> set[str]:
        """The types of messages that are published there, without their package."""
        return set(re.findall(r"\.msgs\.(\w+)", self._ask("topic", "-i", "-t", topic)))

    def wait_for(self, topic: str, timeout: float = 60.0) -> None:
        until = time.monotonic() + timeout
        while topic not in self.topics():
            assert time.monotonic() < until and self.process.poll() is None, f"no {topic}:\n{self.log()[-2000:]}"

    def listen(self, topic: str, count: int = 1) -> list[dict]:
        """The next `count` messages of a topic."""
        texts = self._ask("topic", "-e", "-t", topic, "-n", str(count)).split("\n\n")
        return [parse(text) for text in texts if text.strip()][:count]  # a fast topic may print some more

    def keep(self, topic: str) -> None:
        """Listens to a topic until the end: a camera that nobody listened to catches up with a burst of frames."""
        self._listeners.append(self._start(["topic", "-e", "-t", topic], subprocess.DEVNULL))

    def say(self, topic: str, kind: str, text: str, arrived: Callable[[], bool]) -> None:
        """Publishes a message of the kind, as protobuf text, until it has arrived: a command speaks once and leaves."""
        for _ in range(10):
            self._ask("topic", "-t", topic, "-m", f"{self.package}.{kind}", "-p", text)
            if arrived():
                return
        raise AssertionError(f"nobody heard {topic}")

    def _ask(self, *words: str) -> str:
        settings = {"capture_output": True, "text": True, "env": self._environment, "timeout": 100}
        return subprocess.run([self.program, *words], **settings).stdout


@pytest.fixture(scope="module")
def gazebo(tmp_path_factory):
    """gazebo(world, *options) → a running Gazebo, stopped at the end; skips where no Gazebo is installed."""
    if _command() is None:
        pytest.skip("no Gazebo: neither `gz sim` nor `ign gazebo` is installed")
    servers = []

    def run(world, *options: str) -> Gazebo:
        servers.append(Gazebo(world, tmp_path_factory.mktemp("gazebo"), *options))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def running(gazebo, tmp_path_factory):
    """The world `both` with its arm, running; every sensor is listened to."""
    described = describe_world("both")
    path = tmp_path_factory.mktemp("worlds") / "both.sdf"
    write_world(build_sdf(described, "both"), described, path)
    server = gazebo(path)
    server.wait_for("/overview_camera/depth_image")
    cameras = ("", "/label_image", "/wrist_camera", "/overview_camera")
    for topic in (*(f"{camera}/camera_info" for camera in cameras), "/scan", "/imu"):
        server.keep(topic)
    server.listen("/clock", 1500)  # 3 s
    return server
