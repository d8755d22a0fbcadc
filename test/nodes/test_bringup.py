"""Several nodes in one process, as a user starts them: names, remapping, parameter files, Ctrl-C."""

import signal
import subprocess
import sys

import pytest
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState

from genmodels_interfaces.srv import GetModelInfo
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.bringup import NODES, parse


def test_all_nodes_unless_said_otherwise():
    assert parse([]).nodes == [name for name in NODES if name != "world_description"], "simulation says the same"
    assert parse(["--nodes", "world_model,simulation"]).nodes == ["world_model", "simulation"]


@pytest.mark.parametrize("names", ["", "planner", "world_model,planner"])
def test_unknown_nodes_are_refused(names, capsys):
    with pytest.raises(SystemExit):
        parse(["--nodes", names])
    assert "trajectory_generator" in capsys.readouterr().err, "the known ones are named"


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "genmodels_ros.nodes.bringup", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_remapped_nodes_in_one_process_serve_and_end_cleanly(graph, wait_until, tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text("/**/second:\n  ros__parameters:\n    precision: bfloat16\n")
    process = start(
        "--nodes", "world_model,image_augmenter",
        "--ros-args", "-r", "image_augmenter:__node:=second", "-r", "__ns:=/cell", "--params-file", str(params),
    )  # fmt: skip
    try:
        for name in ("world_model", "second"):

            def active(name=name):
                answer = graph.call(GetState, f"/cell/{name}/get_state", timeout=60.0)
                return answer.current_state.id == State.PRIMARY_STATE_ACTIVE

            assert wait_until(active, 60.0)
        answer = graph.call(GetModelInfo, "/cell/second/get_model_info")
        assert answer.error.value == ErrorCode.SUCCESS and answer.info.precision == "bfloat16"
        process.send_signal(signal.SIGINT)
        assert process.wait(60.0) == 0
        output = process.stdout.read()
        assert "Traceback" not in output and "exception" not in output
    finally:
        process.kill()


def test_a_parameter_out_of_range_ends_the_process_with_a_sentence():
    process = start("--nodes", "world_model", "--ros-args", "-p", "speed:=-1.0")
    output, _ = process.communicate(timeout=60.0)
    assert process.returncode == 1
    assert "speed" in output and "Traceback" not in output
