"""ament_python packaging: colcon builds it, and `pip install .` gives the same modules and commands without ROS."""

import re
from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "genmodels_ros"
NODES = (  # modules below nodes/, each with the executable of its last name
    "bringup",
    "simulation.simulation",
    "simulation.world_description",
    "arm.trajectory_generator",
    "mobile.world_model",
    "mobile.local_planner",
    "camera.image_augmenter",
    "stream.anomaly_detector",
    "mission.demo",
)
VERSION = re.search(r'__version__ = "(.+)"', Path(PACKAGE, "__init__.py").read_text()).group(1)


setup(
    name=PACKAGE,
    version=VERSION,
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={PACKAGE: ["checkpoints/*/*", "robots/*.yaml", "robots/*.urdf", "robots/*.srdf"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py") + glob("launch/*.launch.xml")),
        (f"share/{PACKAGE}/config", glob("config/*.yaml") + glob("config/*.xml")),
        (f"share/{PACKAGE}/config/gazebo", glob("config/gazebo/*.yaml")),
        (f"share/{PACKAGE}/rviz", glob("rviz/*.rviz")),
        (f"share/{PACKAGE}/foxglove", glob("foxglove/*.json")),
        (f"share/{PACKAGE}/worlds", glob("worlds/*.sdf")),
        (f"share/{PACKAGE}/worlds/meshes", glob("worlds/meshes/*")),
    ],
    install_requires=["setuptools"],
    extras_require={
        "test": ["pytest"],  # colcon test chooses pytest by this line; without it no test is found and none fails
        "lerobot": ["pyarrow==26.0.1"],
        "export": ["onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.31.1"],
    },
    zip_safe=False,
    maintainer="genmodels_ros maintainers",
    maintainer_email="maintainers@genmodels-ros.org",
    description="Generative models for robots as ROS 2 nodes: trajectory diffusion, VAE world model, GAN augmenter.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "genmodels = genmodels_ros.cli:main",
            *(f"{node.split('.')[-1]} = genmodels_ros.nodes.{node}:main" for node in NODES),
        ],
    },
)
