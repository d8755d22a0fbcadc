"""The description's sensors as SDF sensors; topics are those of the simulation node, without its namespace but with
the base's name.

The camera's info comes on `camera_info`, as Gazebo puts it beside the image's topic.
"""

from xml.etree.ElementTree import Element

from genmodels_ros.simulation.arm.cameras import RgbdCamera
from genmodels_ros.simulation.gazebo.sdf import add, add_all, add_pose
from genmodels_ros.simulation.scenes import Camera, Imu, Lidar, of_base

NEAR, FAR = 0.02, 30.0  # m, of what the base's camera sees
VISIBLE = 0x3FFFFFFF  # everything: Gazebo keeps the two highest bits to itself and warns of the default, all bits


def add_lidar(link: Element, lidar: Lidar, base: str = "") -> None:
    """The fan of the description on the topic `scan`, in `base_scan` over the link's origin."""
    topic = of_base(base, "scan")
    sensor = _sensor(link, "lidar", "gpu_lidar", topic, lidar.rate, "base_scan", (0, 0, lidar.height))
    last = lidar.angle_min + (lidar.num_beams - 1) * lidar.angle_increment
    horizontal = {"samples": lidar.num_beams, "resolution": 1, "min_angle": lidar.angle_min, "max_angle": last}
    vertical = {"samples": 1, "resolution": 1, "min_angle": 0, "max_angle": 0}
    settings = add(sensor, "lidar")
    add_all(
        settings,
        scan={"horizontal": horizontal, "vertical": vertical},
        range={"min": lidar.range_min, "max": lidar.range_max},
    )
    if lidar.noise:
        add_all(settings, noise={"type": "gaussian", "mean": 0, "stddev": lidar.noise})


def add_camera(link: Element, camera: Camera, base: str = "") -> None:
    """The picture on `image_raw` and, from the same place, what each pixel shows on `label_image/labels_map`."""
    for name, kind, topic in (("camera", "camera", "image_raw"), ("labels", "segmentation", "label_image")):
        topic = of_base(base, topic)
        sensor = _sensor(link, name, kind, topic, camera.rate, "camera_optical_frame", camera.position)
        settings = add(sensor, "camera")
        if kind == "segmentation":
            add(settings, "segmentation_type", "semantic")
        _add_lens(settings, camera, NEAR, FAR)
        add(settings, "visibility_mask", str(VISIBLE))


def add_rgbd_camera(link: Element, camera: RgbdCamera) -> None:
    """`<name>/image`, `<name>/depth_image`, `<name>/points` and `<name>/camera_info`."""
    frame = f"{camera.name}_optical_frame"
    sensor = _sensor(link, camera.name, "rgbd_camera", camera.name, camera.rate, frame, camera.position, camera.rpy)
    settings = add(sensor, "camera")
    _add_lens(settings, camera, camera.near, FAR)
    add_all(settings, depth_camera={"clip": {"near": camera.near, "far": camera.far}})


def add_imu(link: Element, imu: Imu, base: str = "") -> None:
    """Acceleration and angular velocity on `imu`."""
    sensor = _sensor(link, "imu", "imu", of_base(base, "imu"), imu.rate, "imu_link", imu.position)
    settings = add(sensor, "imu")
    for tag, deviation in (
        ("angular_velocity", imu.angular_velocity_noise),
        ("linear_acceleration", imu.acceleration_noise),
    ):
        axes = add(settings, tag)
        for axis in "xyz":
            add_all(add(add(axes, axis), "noise", type="gaussian"), mean=0, stddev=deviation)


def _sensor(link, name: str, kind: str, topic: str, rate: float, frame: str, position, rpy=(0, 0, 0)) -> Element:
    sensor = add(link, "sensor", name=name, type=kind)
    add_pose(sensor, position, rpy)
    add_all(sensor, topic=topic, update_rate=rate, always_on=True, visualize=False, gz_frame_id=frame)
    return sensor


def _add_lens(settings: Element, camera: Camera | RgbdCamera, near: float, far: float) -> None:
    image = {"width": camera.width, "height": camera.height}
    if settings.find("segmentation_type") is None:
        image["format"] = "R8G8B8"
    add_all(settings, horizontal_fov=camera.horizontal_fov, image=image, clip={"near": near, "far": far})
