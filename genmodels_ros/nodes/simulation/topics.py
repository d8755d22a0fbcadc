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
from genmodels_ros.nodes.qos import LATCHED, SENSOR
from genmodels_ros.nodes.simulation.cameras import publish_rgbd, rgbd_topics
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.loose_obstacles import has_moved
from genmodels_ros.simulation.runner import Schedule
from genmodels_ros.simulation.scenes import WorldDescription
from genmodels_ros.simulation.world import World

MAP_RESOLUTION = 0.05  # m
OBSTACLE_RATE = 10.0  # Hz of looking whether a loose obstacle has moved


def add_sensors(node: ManagedNode, world: World) -> list[tuple[Schedule, Callable]]:
    """(when, publish(world, stamp)) of every sensor that the world has.

    The first is what others refer their stamps to (odometry, or joint states): after stamps jumped it goes ahead.
    """
    sensors = []

    def add(rate: str, publish: Callable, *topics: tuple) -> None:
        if node.value(f"rates.{rate}") > 0:
            publishers = [node.add_publisher(*topic) for topic in topics]
            sensors.append((Schedule(node.value(f"rates.{rate}")), partial(publish, *publishers)))

    if world.base is not None:
        add("odometry", _publish_odometry, (Odometry, "odom"))
        if TRANSFORMS is not None:
            add("odometry", _publish_transform, (TRANSFORMS, "tf"))
        add("scan", _publish_scan, (LaserScan, "scan", SENSOR))
        if world.description.imu is not None:
            add("imu", _publish_imu, (Imu, "imu", SENSOR))
    if world.arm is not None:
        add("joint_states", _publish_joints, (JointState, "joint_states"))
    if world.description.camera is not None:
        topics = ((Image, "image_raw"), (Image, "label_image"), (CameraInfo, "camera_info"))
        add("camera", _publish_camera, *((*topic, SENSOR) for topic in topics))
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
        latched.append((node.add_publisher(OccupancyGrid, "map", LATCHED), message))
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


def _publish_odometry(publisher, world: World, stamp: float):
    odometry = world.base.odometry()
    publisher.publish(to_odometry(odometry.pose, odometry.twist, header("odom", stamp)))


def _publish_transform(publisher, world: World, stamp: float):
    publisher.publish(to_transforms(world.base.odometry().pose, header("odom", stamp), "base_link"))


def _publish_scan(publisher, world: World, stamp: float):
    lidar = world.description.lidar
    message = to_laser_scan(
        world.scan(),
        header("base_scan", stamp),
        angle_min=lidar.angle_min,
        angle_increment=lidar.angle_increment,
        range_min=lidar.range_min,
        range_max=lidar.range_max,
        scan_time=1.0 / lidar.rate,
    )
    publisher.publish(message)


def _publish_imu(publisher, world: World, stamp: float):
    imu = world.description.imu
    deviations = imu.acceleration_noise, imu.angular_velocity_noise
    publisher.publish(to_imu(*world.imu(), deviations, header("imu_link", stamp)))


def _publish_camera(image, labels, info, world: World, stamp: float):
    camera, head = world.description.camera, header("camera_optical_frame", stamp)
    image.publish(from_rgb(world.camera(), head))
    labels.publish(from_labels(world.labels(), head))
    info.publish(to_camera_info(camera.width, camera.height, camera.focal_length, head))
