"""`genmodels ik` from a shell's point of view."""

import json

from genmodels_ros.cli import main

POSE = ["ik", "--pose", "0.4", "0.1", "0.5", "1", "0", "0", "0"]


def test_solutions_are_printed_as_a_table_or_json(capsys):
    assert main([*POSE, "--count", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all(len(line.split()) == 7 for line in lines)
    assert main([*POSE, "--count", "3", "--json", "--self-collision"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["solutions"]) == 3 and answer["joint_names"][0] == "panda_joint1"


def test_a_bad_pose_is_one_line_and_exit_2(capsys):
    for pose in (("9", "0", "0", "0", "0", "0", "1"), ("0.4", "0", "0.5", "0", "0", "0", "0"), ("nan", *"000001")):
        assert main(["ik", "--pose", *pose]) == 2
        error = capsys.readouterr().err
        assert error.startswith("genmodels: ") and error.count("\n") == 1
