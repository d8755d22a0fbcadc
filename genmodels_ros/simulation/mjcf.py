"""From the world's description to a MuJoCo model."""

import mujoco

from genmodels_ros.simulation.appearance import (
    add_base_looks,
    add_cell_lights,
    add_floor_looks,
    add_materials,
    set_rendering,
)
from genmodels_ros.simulation.arm.model import add_arm_cell
from genmodels_ros.simulation.floor.plan import FloorPlan, Walker
from genmodels_ros.simulation.geoms import FLOOR_BIT, SENSED, SOLID, STATIC, STATIC_BIT, WALKER_BIT, add_solid
from genmodels_ros.simulation.scenes import BARE_GROUND, Base, Imu, WorldDescription, of_base
from genmodels_ros.simulation.solids import Solid

BASE_FORCE, BASE_TORQUE = 80.0, 8.0  # what friction can pass from wheels to floor: N, N m


def build_spec(description: WorldDescription) -> mujoco.MjSpec:
    """The whole world; compile it, or save it as XML (`spec.to_xml()`)."""
    spec, floor, camera = mujoco.MjSpec(), description.floor, description.camera
    spec.option.timestep = description.timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    seed = floor.style if floor is not None else 0
    seen = description.is_looked_at
    add_materials(spec, seed, textured=seen)
    if floor is not None:
        add_floor(spec, floor)
        for name in description.bases:
            add_base(spec, description.base, name)
            if description.imu is not None:
                add_imu(spec, description.imu, name)
    if description.arm_cell is not None:
        if floor is None:
            add_ground(spec)
        add_arm_cell(spec, description.arm_cell, visible=seen)
    if seen:
        set_rendering(spec, seed)
        if floor is not None:
            add_floor_looks(spec, floor)
            for name in description.bases:
                add_base_looks(spec, description.base, camera, name)
        elif description.arm_cell is not None:  # rooms have their own lamps
            add_cell_lights(spec, description.arm_cell)
    return spec


def add_ground(spec: mujoco.MjSpec, bounds=BARE_GROUND) -> None:
    """The plane z = 0 within bounds (x_min, y_min, x_max, y_max); a wheeled base rolls on it without contacts."""
    x0, y0, x1, y1 = bounds
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        pos=[(x0 + x1) / 2, (y0 + y1) / 2, 0],
        size=[(x1 - x0) / 2, (y1 - y0) / 2, 1],
        material="ground",
        contype=FLOOR_BIT,
        conaffinity=0,
    )


def add_floor(spec: mujoco.MjSpec, plan: FloorPlan) -> None:
    """Ground, walls, furniture and people."""
    add_ground(spec, plan.bounds)
    for index, solid in enumerate(plan.walls):
        add_solid(spec.worldbody, solid, f"wall_{index}", **STATIC)
    for index, piece in enumerate(plan.furniture):
        for part, solid in enumerate(piece.solids()):
            add_solid(spec.worldbody, solid, f"{piece.kind}_{index}_{part}", **STATIC)
    for index, walker in enumerate(plan.walkers):
        add_walker(spec, walker, f"{walker.kind}_{index}")


def add_walker(spec: mujoco.MjSpec, walker: Walker, name: str) -> None:
    """A body that is placed, not pushed: robots hit its cylinder; rays hit that or, if it has some, its legs."""
    body = spec.worldbody.add_body(name=name, mocap=True, pos=[*walker.waypoints[0], 0])
    dims = (2 * walker.radius, 2 * walker.radius, walker.height)
    cylinder = Solid("cylinder", (0, 0, walker.height / 2), dims, color=walker.color)
    unseen = {"rgba": [0, 0, 0, 0], "material": ""} if walker.legs else {}  # rays pass what is fully transparent
    add_solid(body, cylinder, f"{name}_body", group=SENSED, contype=WALKER_BIT, conaffinity=0, **unseen)
    for side in range(2 if walker.legs else 0):
        leg = spec.worldbody.add_body(name=f"{name}_leg_{side}", mocap=True, pos=[*walker.waypoints[0], 0])
        dims = (2 * walker.legs, 2 * walker.legs, 0.45 * walker.height)
        add_solid(leg, Solid("cylinder", (0, 0, dims[2] / 2), dims), leg.name, group=SENSED, contype=0, conaffinity=0)


def add_base(spec: mujoco.MjSpec, base: Base, name: str = "") -> None:
    """A planar body driven by velocity servos as strong as its wheels' grip; what it hits stops it."""
    body = spec.worldbody.add_body(name=of_base(name, "base_link"))
    for freedom, kind, axis in (("x", "SLIDE", [1, 0, 0]), ("y", "SLIDE", [0, 1, 0]), ("yaw", "HINGE", [0, 0, 1])):
        joint = getattr(mujoco.mjtJoint, f"mjJNT_{kind}")
        body.add_joint(name=of_base(name, f"base_{freedom}"), type=joint, axis=axis, armature=0.01)
    add_solid(
        body, base.hull, of_base(name, "base_hull"), group=SENSED, mass=base.mass, friction=[0.3, 0.005, 0.0001],
        contype=STATIC_BIT, conaffinity=STATIC_BIT | WALKER_BIT,
    )  # fmt: skip
    if name:
        add_solid(body, base.collar, of_base(name, "base_collar"), group=SOLID, mass=0, contype=0, conaffinity=0)
    for freedom, gain, limit in (("x", 300, BASE_FORCE), ("y", 300, BASE_FORCE), ("yaw", 6, BASE_TORQUE)):
        actuator = spec.add_actuator(name=of_base(name, f"base_{freedom}"), target=of_base(name, f"base_{freedom}"))
        actuator.trntype = mujoco.mjtTrn.mjTRN_JOINT
        actuator.set_to_velocity(kv=gain)
        actuator.forcerange = [-limit, limit]


def add_imu(spec: mujoco.MjSpec, imu: Imu, name: str = "") -> None:
    """Sensors `imu_acceleration` and `imu_angular_velocity` of the base, without noise."""
    site = of_base(name, "imu_link")
    spec.body(of_base(name, "base_link")).add_site(name=site, pos=list(imu.position))
    for quantity, kind in (("acceleration", "ACCELEROMETER"), ("angular_velocity", "GYRO")):
        sensor = getattr(mujoco.mjtSensor, f"mjSENS_{kind}")
        spec.add_sensor(
            name=of_base(name, f"imu_{quantity}"), type=sensor, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=site
        )
