"""MuJoCo's compiled model and the SDF world of one description: the same places, sizes, masses, limits and sensors.

The SDF is read back without the code that wrote it.
"""

import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pytest

from genmodels_ros.robots.urdf import pose_matrix
from genmodels_ros.simulation.catalogue import DEMO_START, describe_world
from genmodels_ros.simulation.gazebo.world import build_sdf
from genmodels_ros.simulation.geoms import ARM
from genmodels_ros.simulation.world import World


def floats(text: str) -> np.ndarray:
    return np.array([float(value) for value in text.split()])


def own_pose(element) -> np.ndarray:
    """[4, 4] of an element's <pose>, in whatever frame it is given."""
    pose = element.find("pose")
    if pose is None:
        return np.eye(4)
    values = floats(pose.text)
    if pose.get("rotation_format") == "quat_xyzw":
        x, y, z, w = values[3:]
        matrix = np.eye(4)
        matrix[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        matrix[:3, 3] = values[:3]
        return matrix
    return pose_matrix(values[:3], values[3:])


def frame_in_model(model, name: str) -> np.ndarray:
    """[4, 4] of a link, joint or frame of a model, all joints at zero."""
    (element,) = (e for tag in ("link", "joint", "frame") for e in model.findall(tag) if e.get("name") == name)
    pose = element.find("pose")
    around = element.get("attached_to") or (pose.get("relative_to") if pose is not None else None)
    return (frame_in_model(model, around) if around else np.eye(4)) @ own_pose(element)


def in_world(world, model, link, part=None) -> np.ndarray:
    """[4, 4] of a link of a model, or of a part of the link."""
    pose = place_of(model, world) @ frame_in_model(model, link.get("name"))
    return pose if part is None else pose @ own_pose(part)


def place_of(model, world) -> np.ndarray:
    """[4, 4] of a model in the world, which may be told from another model."""
    around = model.find("pose").get("relative_to")
    return (place_of(model_of(world, around), world) if around else np.eye(4)) @ own_pose(model)


def shape_and_size(geometry) -> tuple[str, np.ndarray]:
    """MuJoCo's name for the shape and its half extents, as geom_size has them (3 values)."""
    (shape,) = geometry
    if shape.tag == "box":
        return "BOX", floats(shape.findtext("size")) / 2
    if shape.tag == "sphere":
        return "ELLIPSOID", np.full(3, float(shape.findtext("radius")))
    if shape.tag == "ellipsoid":
        return "ELLIPSOID", floats(shape.findtext("radii"))
    return shape.tag.upper(), np.array([float(shape.findtext("radius")), float(shape.findtext("length")) / 2, 0.0])


@pytest.fixture(scope="module")
def both():
    """(description, SDF world with the arm, MuJoCo world with the base at the same place and the arm at zero)."""
    description = describe_world("both")
    world = World(description, base_pose=DEMO_START)
    world.arm.place(np.zeros(world.arm.robot.num_joints))
    mujoco.mj_forward(world.model, world.data)
    return description, build_sdf(description, "both").find("world"), world


def model_of(world, name: str):
    return world.find(f"model[@name='{name}']")


def mujoco_pose(world: World, kind: str, name: str) -> np.ndarray:
    view, pose = getattr(world.data, kind)(name), np.eye(4)
    pose[:3, :3], pose[:3, 3] = view.xmat.reshape(3, 3), view.xpos
    return pose


def test_what_collides_is_what_collides_in_mujoco(both):
    _, sdf, world = both
    found = set()
    for model in sdf.findall("model"):
        for link in model.findall("link"):
            for collision in link.findall("collision"):
                name = collision.get("name")
                if model.get("name") == "panda" or name == "floor" or "castor" in name or "wheel" in name:
                    continue
                geom = world.model.geom(name)
                shape, size = shape_and_size(collision.find("geometry"))
                assert geom.type[0] == getattr(mujoco.mjtGeom, f"mjGEOM_{shape}"), name
                np.testing.assert_allclose(size, geom.size, atol=1e-6, err_msg=name)
                np.testing.assert_allclose(
                    in_world(sdf, model, link, collision), mujoco_pose(world, "geom", name), atol=3e-6, err_msg=name
                )
                found.add(name)
    names = [world.model.geom(index).name for index in range(world.model.ngeom)]
    people = {n for n in names if n.startswith("person")}
    solid = {n for n, g in zip(names, range(world.model.ngeom), strict=True) if world.model.geom_contype[g]}
    assert found == {n for n in solid - people if not n.startswith(ARM) and n != "floor"}
    assert len(people) > 3 and len(sdf.findall("actor")) == 3


def test_what_is_loose_weighs_the_same_and_the_rest_is_fixed(both):
    description, sdf, world = both
    moved = [
        m for m in sdf.findall("model") if m.findtext("static") != "true" and m.get("name") not in ("panda", "base")
    ]
    assert [m.get("name").split("_")[-1] for m in moved] == list(description.arm_cell.masses)
    for model in moved:
        body = world.model.body(model.get("name"))
        assert float(model.findtext("link/inertial/mass")) == body.mass[0] and body.jntnum[0] == 1
        moments = [float(model.findtext(f"link/inertial/inertia/{name}")) for name in ("ixx", "iyy", "izz")]
        assert sorted(moments) == pytest.approx(sorted(body.inertia), abs=2e-6)


def test_ground_covers_the_same_rectangle(both):
    _, sdf, world = both
    model, geom = model_of(sdf, "floor"), world.model.geom("floor")
    size = floats(model.findtext("link/collision/geometry/plane/size"))
    np.testing.assert_allclose(size / 2, geom.size[:2])
    np.testing.assert_allclose(own_pose(model)[:3, 3], geom.pos)


def test_base_weighs_the_same_and_keeps_the_limits(both):
    description, sdf, world = both
    model, base = model_of(sdf, "base"), description.base
    assert sum(float(m.text) for m in model.iter("mass")) == pytest.approx(world.model.body("base_link").mass[0])
    (drive,) = (p for p in model.findall("plugin") if p.get("name").endswith("DiffDrive"))
    for quantity, limit in (
        ("linear_velocity", base.max_speed),
        ("angular_velocity", base.max_turn_rate),
        ("linear_acceleration", base.max_acceleration),
        ("angular_acceleration", base.max_turn_acceleration),
    ):
        assert float(drive.findtext(f"max_{quantity}")) == limit == -float(drive.findtext(f"min_{quantity}"))
    left, right = (frame_in_model(model, f"{side}_wheel")[:3, 3] for side in ("left", "right"))
    assert left[1] - right[1] == pytest.approx(float(drive.findtext("wheel_separation")))
    radius = float(model.findtext("link[@name='left_wheel']/collision/geometry/cylinder/radius"))
    assert left[2] == right[2] == radius == float(drive.findtext("wheel_radius")), "wheels stand on the floor"
    assert np.hypot(radius, left[1] + description.base.wheel_width / 2) < base.radius, "wheels stay within the hull"


def test_arm_has_the_same_links_masses_and_joints(both):
    _, sdf, world = both
    model, robot = model_of(sdf, "panda"), world.arm.robot
    for link in model.findall("link"):
        name = link.get("name")
        body, pose = world.model.body(ARM + name), in_world(sdf, model, link)
        if "finger" in name:  # fixed open in MuJoCo, held open here
            axis = floats(model.find(f"joint[child='{name}']").findtext("axis/xyz"))
            pose[:3, 3] += robot.finger_position * pose[:3, :3] @ axis
        np.testing.assert_allclose(pose, mujoco_pose(world, "body", ARM + name), atol=2e-6, err_msg=name)
        assert float(link.findtext("inertial/mass")) == pytest.approx(body.mass[0]), name
        np.testing.assert_allclose(own_pose(link.find("inertial"))[:3, 3], body.ipos, atol=1e-6, err_msg=name)
    for name in robot.joint_names:
        limit, joint = model.find(f"joint[@name='{name}']/axis/limit"), world.model.joint(ARM + name)
        np.testing.assert_allclose([float(limit.findtext(k)) for k in ("lower", "upper")], joint.range, atol=1e-6)
        assert float(limit.findtext("effort")) == world.model.actuator(ARM + name).ctrlrange[1]
    mine = [world.model.body(ARM + link.get("name")).mass[0] for link in model.findall("link")]
    others = {world.model.body(index).name for index in range(world.model.nbody)} - {"arm_cell"}
    weightless = others - {ARM + link.get("name") for link in model.findall("link")}
    assert all(world.model.body(n).mass[0] < 1e-6 for n in weightless if n.startswith(ARM)), "nothing is left out"
    assert sum(float(mass.text) for mass in model.iter("mass")) == pytest.approx(sum(mine))


def test_arm_keeps_the_urdfs_inertia(both):
    """MuJoCo's reader diagonalises and balances them, so they are held against the URDF."""
    _, sdf, world = both
    urdf = ElementTree.fromstring(world.arm.robot.source.urdf)
    for link in model_of(sdf, "panda").findall("link"):
        source = urdf.find(f"link[@name='{link.get('name')}']/inertial/inertia")
        for moment, value in source.attrib.items():
            assert float(link.findtext(f"inertial/inertia/{moment}")) == pytest.approx(float(value), rel=1e-6)


def test_cameras_look_the_same_way(both):
    description, sdf, world = both
    places = {"camera": ("base", "base_link"), "wrist_camera": ("panda", "panda_hand")}
    places["overview_camera"] = ("arm_cell", "arm_cell")
    sizes = {camera.name: camera for camera in description.arm_cell.cameras} | {"camera": description.camera}
    for name, (model_name, link_name) in places.items():
        model = model_of(sdf, model_name)
        link = model.find(f"link[@name='{link_name}']")
        sensor = link.find(f"sensor[@name='{name}']")
        pose = in_world(sdf, model, link, sensor)
        index = world.model.camera(name).id
        seen = world.data.cam_xmat[index].reshape(3, 3)
        np.testing.assert_allclose(world.data.cam_xpos[index], pose[:3, 3], atol=3e-6, err_msg=name)
        np.testing.assert_allclose(np.stack([-seen[:, 2], -seen[:, 0], seen[:, 1]], 1), pose[:3, :3], atol=3e-6)
        width, height = (int(sensor.findtext(f"camera/image/{k}")) for k in ("width", "height"))
        assert (width, height) == (sizes[name].width, sizes[name].height)
        across = float(sensor.findtext("camera/horizontal_fov"))
        fovy = 2 * np.degrees(np.arctan(np.tan(across / 2) * height / width))
        assert world.model.cam_fovy[index] == pytest.approx(fovy, abs=1e-3), name


def test_sensors_have_the_descriptions_rates_ranges_and_noise(both):
    description, sdf, world = both
    sensors = {sensor.get("name"): sensor for sensor in model_of(sdf, "base").iter("sensor")}
    lidar, fan = description.lidar, sensors["lidar"].find("lidar/scan/horizontal")
    low, high = (float(fan.findtext(f"{end}_angle")) for end in ("min", "max"))
    beams = int(fan.findtext("samples"))
    assert len(world.scan()) == beams == 360
    np.testing.assert_allclose(
        np.linspace(low, high, beams), lidar.angle_min + lidar.angle_increment * np.arange(beams), atol=2e-6
    )
    assert float(sensors["lidar"].findtext("lidar/range/min")) == lidar.range_min
    assert float(sensors["lidar"].findtext("lidar/range/max")) == lidar.range_max
    assert float(sensors["lidar"].findtext("lidar/noise/stddev")) == lidar.noise
    assert own_pose(sensors["lidar"])[2, 3] == lidar.height
    for name, rate in (("lidar", lidar.rate), ("camera", description.camera.rate), ("imu", description.imu.rate)):
        assert float(sensors[name].findtext("update_rate")) == rate
    np.testing.assert_allclose(own_pose(sensors["imu"])[:3, 3], world.model.site("imu_link").pos)
    deviations = {float(e.text) for e in sensors["imu"].find("imu/linear_acceleration").iter("stddev")}
    assert deviations == {description.imu.acceleration_noise}
    frames = {name: sensor.findtext("gz_frame_id") for name, sensor in sensors.items()}
    assert frames == {
        "lidar": "base_scan", "camera": "camera_optical_frame", "labels": "camera_optical_frame", "imu": "imu_link",
    }  # fmt: skip
