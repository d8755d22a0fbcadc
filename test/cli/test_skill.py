"""`genmodels skill` from a shell's point of view."""

import json

import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.pipelines.arm.skills import tool_positions
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.skill_demonstrations import make_task

ROBOT = load_robot("panda")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("skill")
    task = make_task(ROBOT, 3)
    np.savez(folder / "joints.npz", *task.demonstrations)
    np.savez(folder / "tools.npz", *(tool_positions(ROBOT, path) for path in task.demonstrations))
    assert main(["skill", "learn", str(folder / "joints.npz"), "--out", str(folder / "skill.npz")]) == 0
    return folder, task


def test_a_skill_is_learnt_and_played_through_a_point(learnt, capsys):
    folder, task = learnt
    out = folder / "trajectory.json"
    via = ",".join(map(str, task.via))
    assert main(["skill", "play", str(folder / "skill.npz"), f"--via={via}", "--out", str(out)]) == 0
    assert "verified" in capsys.readouterr().out
    trajectory = json.loads(out.read_text())
    assert trajectory["joint_names"] == list(ROBOT.joint_names)
    tool = tool_positions(ROBOT, np.array(trajectory["positions"]))
    assert np.linalg.norm(tool - task.via, axis=1).min() < 0.01


def test_tool_positions_are_learnt_too(learnt, capsys):
    folder, _ = learnt
    assert main(["skill", "learn", str(folder / "tools.npz"), "--out", str(folder / "tools_skill.npz")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("5 demonstrations") and len(lines) == 13


@pytest.mark.parametrize(
    "arguments",
    [["--via=0.5:9,9,9"], ["--via=0.5:0.1"], ["--via-joints=0.5:0,0"], ["--start=0,0"], ["--speed=3"]],
)
def test_what_cannot_be_played_is_one_line_and_exit_2(learnt, arguments, capsys, tmp_path):
    out = tmp_path / "none.json"
    assert main(["skill", "play", str(learnt[0] / "skill.npz"), *arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("genmodels: ") and error.count("\n") == 1 and not out.exists()


def test_a_file_that_is_no_skill_is_one_line_and_exit_2(learnt, capsys, tmp_path):
    folder, _ = learnt
    for skill in (folder / "joints.npz", folder / "missing.npz"):
        assert main(["skill", "play", str(skill), "--out", str(tmp_path / "none.json")]) == 2
        assert capsys.readouterr().err.startswith("genmodels: ")
