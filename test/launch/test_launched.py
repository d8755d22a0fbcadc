"""What launch_testing says of launch files that really run: it comes with an installed ROS 2, as launch does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="launch_testing is not on PyPI: it comes with an installed ROS 2")

LAUNCHED = Path(__file__).parent / "launched"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", sorted(LAUNCHED.glob("*.py")), ids=lambda path: path.stem)
def test_it_comes_up_answers_and_ends(path):
    command = [sys.executable, "-m", "launch_testing.launch_test", str(path)]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(os.getpid() % 100 + 1)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
