"""What the simulation publishes: one function a sensor, and what is said once.

Frames: map, odom (equal to map at the start), base_link, base_scan, camera_optical_frame; the arm's own base frame.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from nav_msgs.msg import OccupancyGrid, Odometry
from sensor_msgs.msg import CameraInfo, Image, Imu, JointState, LaserScan

from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.conversions.images import from_labels, from_rgb
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.sensors import to_imu, to_laser_scan, to_odometry
from genmodels_ros.conversions.simulated import to_camera_info, to_occupancy_grid
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.trajectories import to_joint_state
from genmodels_ros.conversions.transforms import TRANSFORMS, to_transforms
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED, SENSOR
from genmodels_ros.nodes.simulation.cameras import publish_rgbd, rgbd_topics
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.loose_obstacles import has_moved
from genmodels_ros.simulation.runner import Schedule
from genmodels_ros.simulation.scenes import WorldDescription, of_base
from genmodels_ros.simulation.world import World

MAP_RESOLUTION = 0.05  # m
ROBOTS = Parameter("robots", [""], "Names of the mobile bases, before all their topics; one without", load_time=True)
OBSTACLE_RATE = 10.0  # Hz of looking whether a loose obstacle has moved


def add_sensors(node: ManagedNode, world: World) -> list[tuple[Schedule, Callable]]:
    """(when, publish(world, stamp)) of every sensor that the world has.

    The first, one for each base, are what others refer their stamps to (odometry, or joint states): after stamps jumped
    they go ahead.
    """
    sensors = []

    def add(rate: str, publish: Callable, *topics: tuple) -> None:
        if node.value(f"rates.{rate}") > 0:
            publishers = [node.add_publisher(*topic) for topic in topics]
            sensors.append((Schedule(node.value(f"rates.{rate}")), partial(publish, *publishers)))

    for base in world.bases:
        add("odometry", partial(_publish_odometry, base), (Odometry, of_base(base, "odom")))
    for base in world.bases:
        if TRANSFORMS is not None:
            add("odometry", partial(_publish_transform, base), (TRANSFORMS, of_base(base, "tf")))
        add("scan", partial(_publish_scan, base), (LaserScan, of_base(base, "scan"), SENSOR))
        if world.description.imu is not None:
            add("imu", partial(_publish_imu, base), (Imu, of_base(base, "imu"), SENSOR))
    if world.arm is not None:
        add("joint_states", _publish_joints, (JointState, "joint_states"))
    for base in world.bases if world.description.camera is not None else ():
        topics = ((Image, "image_raw"), (Image, "label_image"), (CameraInfo, "camera_info"))
        topics = ((kind, of_base(base, topic), SENSOR) for kind, topic in topics)
        add("camera", partial(_publish_camera, base), *topics)
    for camera in world.description.arm_cell.cameras if world.description.arm_cell else ():
        add("arm_cameras", partial(publish_rgbd, camera), *rgbd_topics(camera.name))
    return sensors


def add_latched(node: ManagedNode, description: WorldDescription) -> list:
    """(publisher, message) of what is said at the start: the arm's obstacles first, the map."""
    latched = []
    if description.arm_cell is not None:
        base_frame = load_robot(description.arm_cell.robot).base_frame
        message = to_obstacle_array(description.arm_cell.scene, header(base_frame, 0.0))
        latched.append((node.add_publisher(ObstacleArray, "obstacles", LATCHED), message))
    if description.floor is not None:
        grid = description.occupancy(MAP_RESOLUTION)
        message = to_occupancy_grid(grid.occupied, grid.resolution, grid.origin, header("map", 0.0))
        maps = [node.add_publisher(OccupancyGrid, of_base(base, "map"), LATCHED) for base in description.bases]
        latched += [(publisher, message) for publisher in maps]
    return latched


def watch_obstacles(publisher, description: WorldDescription) -> tuple[Schedule, Callable]:
    """Says `obstacles` again, on its publisher, whenever something loose has moved: an entry of add_sensors' list."""
    said, base_frame = description.arm_cell.scene, load_robot(description.arm_cell.robot).base_frame

    def publish(world: World, stamp: float):
        nonlocal said
        scene = world.obstacles()
        if has_moved(said, scene):
            said = scene
            publisher.publish(to_obstacle_array(scene, header(base_frame, stamp)))

    return Schedule(OBSTACLE_RATE), publish


def _publish_joints(publisher, world: World, stamp: float):
    arm, fingers = world.arm, world.arm.robot.finger_joints
    still = np.zeros(len(fingers))
    message = to_joint_state(
        (*arm.robot.joint_names, *fingers),
        np.append(arm.positions, still + arm.robot.finger_position),
        np.append(arm.velocities, still),
        header("", stamp),
    )
    message.effort = np.append(arm.efforts, still).tolist()
    publisher.publish(message)


def _publish_odometry(base: str, publisher, world: World, stamp: float):
    odometry = world.bases[base].odometry()
    publisher.publish(to_odometry(odometry.pose, odometry.twist, header("odom", stamp)))


def _publish_transform(base: str, publisher, world: World, stamp: float):
    publisher.publish(to_transforms(world.bases[base].odometry().pose, header("odom", stamp), "base_link"))


def _publish_scan(base: str, publisher, world: World, stamp: float):
    lidar = world.description.lidar
    message = to_laser_scan(
        world.scan(base),
        header("base_scan", stamp),
        angle_min=lidar.angle_min,
        angle_increment=lidar.angle_increment,
        range_min=lidar.range_min,
        range_max=lidar.range_max,
        scan_time=1.0 / lidar.rate,
    )
    publisher.publish(message)


def _publish_imu(base: str, publisher, world: World, stamp: float):
    imu = world.description.imu
    deviations = imu.acceleration_noise, imu.angular_velocity_noise
    publisher.publish(to_imu(*world.imu(base), deviations, header("imu_link", stamp)))


def _publish_camera(base: str, image, labels, info, world: World, stamp: float):
    camera, head = world.description.camera, header("camera_optical_frame", stamp)
    image.publish(from_rgb(world.camera(base), head))
    labels.publish(from_labels(world.labels(base), head))
    info.publish(to_camera_info(camera.width, camera.height, camera.focal_length, head))
