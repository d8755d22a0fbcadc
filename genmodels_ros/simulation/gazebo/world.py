"""From the world's description to an SDF world for Gazebo, as mjcf.py makes it for MuJoCo.

Solids keep the names that MuJoCo's geoms have. They are grouped into static models, one for each label that a pixel of
the label image can have.
"""

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.cell_solids import CellSolid, cell_solids
from genmodels_ros.simulation.catalogue import DEMO_START
from genmodels_ros.simulation.floor.plan import FloorPlan
from genmodels_ros.simulation.gazebo.arm import add_arm
from genmodels_ros.simulation.gazebo.base import add_base
from genmodels_ros.simulation.gazebo.figure_mesh import walker_obj
from genmodels_ros.simulation.gazebo.sdf import (
    VERSION,
    add,
    add_all,
    add_color,
    add_inertial,
    add_model,
    add_pose,
    add_solid,
    add_system,
    looks_of,
    to_text,
)
from genmodels_ros.simulation.gazebo.sensors import add_rgbd_camera
from genmodels_ros.simulation.gazebo.walkers import add_walker
from genmodels_ros.simulation.inertia import solid_moments
from genmodels_ros.simulation.scenes import BARE_GROUND, ArmCell, LabelClass, WorldDescription

STEP = 0.002  # s: wheels stand on the floor by contacts here, which asks for the arm's step everywhere
FLOOR_COLOR = (0.72, 0.70, 0.66)


def build_sdf(description: WorldDescription, name: str, starts=(DEMO_START,), arm: bool = True) -> Element:
    """The <sdf> of a world `name`.

    starts: (x, y, yaw) of each base in the map; arm: whether the arm is part of it, its meshes being those of its own
    package by absolute paths, or spawned by somebody else. Raises GenModelsError(MODEL_UNAVAILABLE) without it.
    """
    root = Element("sdf", version=VERSION)
    world = SubElement(root, "world", name=name)
    _add_physics(world)
    _add_light(world)
    floor, cell = description.floor, description.arm_cell
    _add_ground(world, floor.bounds if floor is not None else BARE_GROUND)
    if floor is not None:
        _add_floor(world, floor)
        for base, pose in zip(description.bases, starts, strict=True):
            add_base(world, description, pose, base)
    if cell is not None:
        _add_cell(world, cell)
        if arm:
            add_arm(world, cell)
    return root


def write_world(root: Element, description: WorldDescription, path: Path) -> None:
    """Writes the world to `path`, and the figures of its people into meshes/ beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_text(root))
    walkers = description.floor.walkers if description.floor is not None else ()
    for index, walker in enumerate(walkers):
        name = f"{walker.kind}_{index}"
        meshes = path.parent / "meshes"
        meshes.mkdir(exist_ok=True)
        for suffix, text in zip(("obj", "mtl"), walker_obj(walker, index, name), strict=True):
            (meshes / f"{name}.{suffix}").write_text(text)


def _add_physics(world: Element) -> None:
    physics = add(world, "physics", name="steps", type="ignored")
    add_all(physics, max_step_size=STEP, real_time_factor=1)
    for system in ("Physics", "UserCommands", "SceneBroadcaster", "Imu"):
        add_system(world, system)
    add_system(world, "Sensors", render_engine="ogre2")


def _add_light(world: Element) -> None:
    add_all(world, scene={"ambient": (0.6, 0.6, 0.6, 1), "background": (0.75, 0.8, 0.86, 1), "shadows": False})
    light = add(world, "light", name="daylight", type="directional")
    add_pose(light, (0, 0, 10))
    add_all(light, cast_shadows=False, diffuse=(0.6, 0.6, 0.58, 1), specular=(0.1, 0.1, 0.1, 1))
    add_all(light, direction=(-0.35, 0.4, -1.0))


def _add_ground(world: Element, bounds) -> None:
    x0, y0, x1, y1 = bounds
    model = add_model(world, "floor", ((x0 + x1) / 2, (y0 + y1) / 2, 0))
    link = add(model, "link", name="floor")
    for kind, part_name in (("collision", "floor"), ("visual", looks_of("floor"))):
        part = add(link, kind, name=part_name)
        add_all(part, geometry={"plane": {"normal": (0, 0, 1), "size": (x1 - x0, y1 - y0)}})
    add_color(link.find("visual"), FLOOR_COLOR)
    add_system(model, "Label", label=int(LabelClass.FLOOR))


def _add_floor(world: Element, plan: FloorPlan) -> None:
    walls = [(f"wall_{index}", solid) for index, solid in enumerate(plan.walls)]
    _add_fixture(world, "walls", walls, LabelClass.WALL)
    pieces = [
        (f"{piece.kind}_{index}_{part}", solid)
        for index, piece in enumerate(plan.furniture)
        for part, solid in enumerate(piece.solids())
    ]
    _add_fixture(world, "furniture", pieces, LabelClass.FURNITURE)
    for index, walker in enumerate(plan.walkers):
        add_walker(world, walker, f"{walker.kind}_{index}")


def _add_fixture(world: Element, name: str, solids, label: LabelClass) -> None:
    if not solids:
        return
    model = add_model(world, name)
    link = add(model, "link", name=name)
    for part, solid in solids:
        add_solid(link, solid, part)
    add_system(model, "Label", label=int(label))


def _add_cell(world: Element, cell: ArmCell) -> None:
    """Obstacles, pedestal and fixed cameras, in the arm's base frame."""
    model = add_model(world, "arm_cell", cell.position, cell.yaw)
    link = add(model, "link", name="arm_cell")
    for obstacle in cell_solids(cell):
        if obstacle.mass:
            _add_loose(world, obstacle)
        else:
            add_solid(link, obstacle.solid, obstacle.name, quat_xyzw=obstacle.quat_xyzw)
    for index, solid in enumerate(cell.stand()):
        add_solid(link, solid, f"cell_stand_{index}")
    for camera in cell.cameras:
        if camera.parent == load_robot(cell.robot).base_frame:
            add_rgbd_camera(link, camera)
    add_system(model, "Label", label=int(LabelClass.FURNITURE))


def _add_loose(world: Element, obstacle: CellSolid) -> None:
    """A model of its own that can be pushed about, placed in the cell's frame."""
    model = add(world, "model", name=obstacle.name)
    place = (*obstacle.solid.center, *obstacle.quat_xyzw)
    add(model, "pose", place, relative_to="arm_cell", rotation_format="quat_xyzw")
    link, solid = add(model, "link", name=obstacle.name), replace(obstacle.solid, center=(0, 0, 0))
    add_inertial(link, obstacle.mass, solid_moments(obstacle.mass, solid))
    add_solid(link, solid, obstacle.name)
    add_system(model, "Label", label=int(LabelClass.FURNITURE))
