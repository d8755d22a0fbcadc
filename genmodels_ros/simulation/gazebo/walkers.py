"""People of a floor as SDF actors that follow a trajectory.

An actor is drawn, so cameras and the GPU lidar see it; Gazebo gives it no collision and tells it of nobody, so it walks
through a robot in its way, whatever the description says of yielding.
"""

import math
from dataclasses import replace
from xml.etree.ElementTree import Element

from genmodels_ros.simulation.floor.plan import Walker
from genmodels_ros.simulation.floor.walkers import WalkerMotion
from genmodels_ros.simulation.gazebo.sdf import add, add_all, add_system
from genmodels_ros.simulation.scenes import LabelClass

SAMPLING = 0.25  # s: between samples Gazebo's spline leaves the way by less than 1 cm


def add_walker(world: Element, walker: Walker, name: str) -> None:
    """The actor `name`, whose skin is meshes/<name>.obj beside the world's file."""
    actor = add(world, "actor", name=name)
    add_all(actor, skin={"filename": f"meshes/{name}.obj", "scale": 1})
    script = add_all(add(actor, "script"), loop=True, auto_start=True)
    trajectory = add(script, "trajectory", id=0, type="walk", tension=0)
    for time, (x, y, heading) in walk(walker):
        add_all(trajectory, waypoint={"time": time, "pose": (x, y, 0, 0, 0, heading)})
    label = LabelClass.PERSON if walker.kind == "person" else LabelClass.OTHER
    add_system(actor, "Label", label=int(label))


def walk(walker: Walker) -> list[tuple[float, tuple[float, float, float]]]:
    """(time s, (x, y, heading)) of one way there and back, evenly in time; the last pose is the first.

    As WalkerMotion without chance and without robots: constant speed, a pause at either end.
    """
    length = WalkerMotion(walker).length
    leg = length / walker.speed + walker.pause
    count = math.ceil(2 * leg / SAMPLING)
    there, along = divmod(walker.start % (2 * length), length)
    began = there * leg + along / walker.speed
    times = [2 * leg * k / count for k in range(count + 1)]
    return [(time, _pose(walker, length, leg, began + time)) for time in times]


def _pose(walker: Walker, length: float, leg: float, time: float) -> tuple[float, float, float]:
    """At `time` s after the walker set out from its first waypoint."""
    legs, since = divmod(time, leg)
    walked = (legs % 2) * length + min(since * walker.speed, length)
    # Who has arrived has turned round, as WalkerMotion does.
    return WalkerMotion(replace(walker, start=walked + (1e-9 if since * walker.speed >= length else 0.0))).pose
