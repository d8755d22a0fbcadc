"""The worlds in a real Gazebo server (`make gazebo`): they load, and speak on the right topics, in time and in frames.

Skipped where no Gazebo is installed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import genmodels_ros
from genmodels_ros.simulation.catalogue import WORLDS, describe_world
from genmodels_ros.simulation.floor.plan import plan_from_segments
from genmodels_ros.simulation.gazebo.world import STEP, build_sdf, write_world

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
COMPLAINTS = ("[Err]", "[Wrn]", "Error", "Failed to load", "Could not find a plugin")
# People are whole figures that glide: Gazebo draws them and remarks on it. A second server's profiler has no port left.
HARMLESS = ("Mesh skeleton in", "Remotery")
RATES = {
    "/scan": 10, "/imu": 50, "/odom": 50, "/tf": 50, "/image_raw": 10, "/camera_info": 10,
    "/label_image/labels_map": 10, "/wrist_camera/image": 10, "/overview_camera/depth_image": 10,
}  # fmt: skip
FRAMES = {
    "/scan": "base_scan", "/imu": "imu_link", "/image_raw": "camera_optical_frame",
    "/label_image/labels_map": "camera_optical_frame", "/overview_camera/image": "overview_camera_optical_frame",
}  # fmt: skip
pytestmark = pytest.mark.timeout(600)


def complaints(log: str) -> list[str]:
    lines = [line for line in log.splitlines() if any(word in line for word in COMPLAINTS)]
    return [line for line in lines if not any(word in line for word in HARMLESS)]


@pytest.mark.parametrize("arm", [False, True])
@pytest.mark.parametrize("name", WORLDS)
def test_every_world_loads_and_steps_without_a_complaint(name, arm, gazebo, tmp_path):
    if arm and name == "floor":
        pytest.skip("no arm there")
    path = ROOT / "worlds" / f"{name}.sdf"
    if arm:
        path, description = tmp_path / f"{name}.sdf", describe_world(name)
        write_world(build_sdf(description, name), description, path)
    server = gazebo(path, "--iterations", "50")
    assert server.process.wait(120) == 0 and "World [" in server.log()
    assert not complaints(server.log())


def frame_of(message: dict) -> str:
    pairs = {pair["key"][0]: pair["value"][0] for pair in message["header"][0]["data"]}
    return pairs[b"frame_id"].decode()


def test_what_is_bridged_is_there_with_its_type(running):
    bridges = (ROOT / "config" / "gazebo").glob("bridge_*.yaml")
    entries = [entry for path in bridges for entry in yaml.safe_load(path.read_text())]
    told = {e["gz_topic_name"]: e["gz_type_name"].split(".")[-1] for e in entries if e["direction"] == "GZ_TO_ROS"}
    assert len(told) > 15 and told.keys() <= running.topics()
    assert {topic: running.kinds(topic) for topic in told} == {topic: {kind} for topic, kind in told.items()}


@pytest.mark.parametrize("topic", RATES)
def test_sensors_speak_at_their_rates(topic, running):
    stamps = np.array([running.stamp_of(message) for message in running.listen(topic, 8)])
    assert np.median(np.diff(stamps)) == pytest.approx(1 / RATES[topic], abs=0.003)


def test_joint_states_come_at_their_rate_or_with_every_step(running):
    """Gazebo's publisher has an update_rate since gz-sim 8.14; earlier ones publish every step."""
    period = np.median(np.diff([running.stamp_of(message) for message in running.listen("/joint_states", 8)]))
    assert period == pytest.approx(0.01, abs=1e-4) or period == pytest.approx(STEP, abs=1e-4)


@pytest.mark.parametrize("topic", FRAMES)
def test_frames_are_those_of_the_simulation_node(topic, running):
    assert frame_of(running.listen(topic)[0]) == FRAMES[topic]


def test_several_bases_see_each_other_and_move_by_their_own_commands(gazebo, tmp_path):
    room = plan_from_segments([(0, 0, 6, 0), (6, 0, 6, 4), (6, 4, 0, 4), (0, 4, 0, 0)])
    description = replace(describe_world("floor", camera=False, bases=("left", "right")), floor=room)
    starts, path = [(1.5, 2.0, 0.0), (4.5, 2.0, np.pi)], tmp_path / "two.sdf"
    write_world(build_sdf(description, "two", starts), description, path)
    server = gazebo(path)
    server.wait_for("/right/odom")
    for name in description.bases:
        scan = server.listen(f"/{name}/scan")[0]["ranges"]
        ahead = scan[len(scan) // 2 - 1 : len(scan) // 2 + 2]
        # the collar, or the deck a centimetre below the beam, which Gazebo's rendered scan may take for it
        assert 3.0 - description.base.radius - 0.03 < np.mean(ahead) < 3.0 - description.base.collar.dims[0] / 2 + 0.03
        assert min(scan) > 1.2, "nothing of its own"
    at = lambda name: server.listen(f"/{name}/odom")[0]["pose"][0]["position"][0]["x"][0]  # noqa: E731
    server.say("/right/cmd_vel", "Twist", "linear: {x: 0.3}", lambda: at("right") < 4.4)
    assert at("left") == pytest.approx(1.5, abs=0.01)
    assert not complaints(server.log())
