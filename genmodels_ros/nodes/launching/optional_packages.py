"""Packages that a launch file can use and that need not be there: whether they are, and how to get them."""

from ament_index_python.packages import get_package_prefix

DISTRIBUTION = "jazzy"
# Where a Debian package is not called as the ROS package is, or brings several.
FROM = {
    "gz_ros2_control": "gz-ros2-control",
    "controller_manager": "controller-manager",
    "joint_trajectory_controller": "ros2-controllers",
    "joint_state_broadcaster": "ros2-controllers",
    "moveit_ros_move_group": "moveit",
    "moveit_configs_utils": "moveit",
    "moveit_resources_panda_moveit_config": "moveit-resources",
}


def missing(packages) -> list[str]:
    """Those that no sourced workspace has."""
    return [package for package in packages if not _is_installed(package)]


def _is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except (LookupError, OSError):  # not found; or nothing is sourced at all
        return False
    return True


def install_line(purpose: str, packages) -> str:
    """One line: what cannot be had without `packages`, and the command that brings them."""
    wanted = sorted({f"ros-{DISTRIBUTION}-{FROM.get(name, name.replace('_', '-'))}" for name in packages})
    verb = "is" if len(packages) == 1 else "are"
    return f"{purpose} needs {', '.join(packages)}, which {verb} not installed: sudo apt install {' '.join(wanted)}"
