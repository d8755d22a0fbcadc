"""How a world looks: materials, decor, light. Without a camera only the materials' names are there."""

import mujoco
import numpy as np

from genmodels_ros.simulation import surfaces
from genmodels_ros.simulation.floor.decor import base_parts, lintels, plan_decor, walker_parts
from genmodels_ros.simulation.floor.plan import FloorPlan
from genmodels_ros.simulation.geoms import CEILING, SEEN_ONLY, add_solid
from genmodels_ros.simulation.scenes import ArmCell, Base, Camera, of_base
from genmodels_ros.simulation.solids import Solid

FLAT = ("wood", "metal", "fabric", "leaf", "wall", "plain")  # wrapped around each solid
SHININESS = {"metal": 0.6, "wood": 0.15, "tiles": 0.4, "planks": 0.2}
GLOW = 0.85


def add_materials(spec: mujoco.MjSpec, seed: int, textured: bool) -> None:
    """Every material a Solid may name, `ground` and `glow`; with textures only where someone looks."""
    rng = np.random.default_rng([seed, 4])
    names = {name: name for name in FLAT} | {"ground": str(rng.choice(surfaces.FLOORS))}
    for material, surface in names.items():
        settings = {"specular": SHININESS.get(surface, 0.05), "shininess": SHININESS.get(surface, 0.05)}
        if textured:
            _add_texture(spec, material, surface, rng)
            textures = [""] * mujoco.mjtTextureRole.mjNTEXROLE
            textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = material
            settings |= {"textures": textures, "texrepeat": [1.5, 1.5] if material == "ground" else [1, 1]}
            settings["texuniform"] = material == "ground"
        spec.add_material(name=material, **settings)
    spec.add_material(name="glow", emission=GLOW)


def _add_texture(spec: mujoco.MjSpec, name: str, surface: str, rng: np.random.Generator) -> None:
    pixels = surfaces.texture(surface, rng)
    ground = name == "ground"
    kind = mujoco.mjtTexture.mjTEXTURE_2D if ground else mujoco.mjtTexture.mjTEXTURE_CUBE
    height = surfaces.SIZE if ground else 6 * surfaces.SIZE
    texture = spec.add_texture(name=name, type=kind, width=surfaces.SIZE, height=height, nchannel=3)
    texture.data = (pixels if ground else np.concatenate([pixels] * 6)).tobytes()


def add_floor_looks(spec: mujoco.MjSpec, plan: FloorPlan) -> None:
    """Decor, ceiling, figures and light of a floor."""
    for index, solid in enumerate(plan_decor(plan)):
        add_solid(spec.worldbody, solid, f"wall_decor_{index}", **SEEN_ONLY)
    for index, solid in enumerate(lintels(plan)):
        add_solid(spec.worldbody, solid, f"wall_lintel_{index}", **(SEEN_ONLY | {"group": CEILING}))
    x0, y0, x1, y1 = plan.bounds
    middle = ((x0 + x1) / 2, (y0 + y1) / 2, plan.wall_height + 0.05)
    ceiling = Solid("box", middle, (x1 - x0, y1 - y0, 0.1), 0.0, (0.93, 0.93, 0.92))
    add_solid(spec.worldbody, ceiling, "ceiling", **(SEEN_ONLY | {"group": CEILING}))
    for index, walker in enumerate(plan.walkers):
        name = f"{walker.kind}_{index}"
        add_parts(spec.body(name), walker_parts(walker, index), name)
    _add_room_lights(spec, plan)


def add_base_looks(spec: mujoco.MjSpec, base: Base, camera: Camera | None, name: str = "") -> None:
    """The robot's figure and its camera, if any, looking along base_link's x axis."""
    body = spec.body(of_base(name, "base_link"))
    add_parts(body, base_parts(base), of_base(name, "base"))
    if camera is None:
        return
    body.add_camera(
        name=of_base(name, "camera"), pos=list(camera.position), fovy=np.degrees(camera.vertical_fov),
        xyaxes=[0, -1, 0, 0, 0, 1],
    )  # fmt: skip


def add_cell_lights(spec: mujoco.MjSpec, cell: ArmCell) -> None:
    """Light from above the arm's shoulder that casts shadows in pictures, a soft one from the other side."""
    x, y, z = cell.position
    spec.worldbody.add_light(
        pos=[x + 1.2, y - 1.6, z + 2.6], dir=[-0.35, 0.6, -1.0], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        castshadow=True, diffuse=[0.5] * 3, specular=[0.25] * 3,
    )  # fmt: skip
    spec.worldbody.add_light(
        pos=[x + 1.0, y + 2.0, z + 1.8], dir=[-0.3, -1.0, -0.6], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        castshadow=False, diffuse=[0.2, 0.22, 0.25], specular=[0.05] * 3,
    )  # fmt: skip


def add_parts(body, parts: list[Solid], name: str) -> None:
    for index, solid in enumerate(parts):
        add_solid(body, solid, f"{name}_part_{index}", **SEEN_ONLY)


def set_rendering(spec: mujoco.MjSpec, seed: int) -> None:
    """Quality for software rendering at the camera's rate: shadows and antialiasing are left to pictures."""
    rng = np.random.default_rng([seed, 5])
    visual = spec.visual
    visual.quality.shadowsize = visual.quality.offsamples = 0
    visual.global_.offwidth, visual.global_.offheight = 1920, 1080
    visual.map.znear, visual.map.zfar, visual.map.shadowclip = 0.005, 30, 4
    visual.quality.numquads = 10  # light is worked out at vertices: large faces need more of them
    ambient, direct = rng.uniform(0.38, 0.52), rng.uniform(0.15, 0.3)
    visual.headlight.ambient, visual.headlight.diffuse = [ambient] * 3, [direct] * 3
    visual.headlight.specular = [0.05] * 3
    spec.stat.extent = 1.0
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.94, 0.96],
        rgb2=[0.62, 0.67, 0.74],
        width=64,
        height=384,
    )


def _add_room_lights(spec: mujoco.MjSpec, plan: FloorPlan) -> None:
    """Daylight from a side and a few lamps under the ceiling, as warm and bright as the plan's style says."""
    rng = np.random.default_rng([plan.style, 6])
    warmth, brightness = rng.uniform(0, 1), rng.uniform(0.25, 0.5)
    color = np.array([1.0, 0.97 - 0.08 * warmth, 0.95 - 0.25 * warmth]) * brightness
    side = rng.uniform(-np.pi, np.pi)
    settings = {"castshadow": False, "specular": [0.1] * 3}
    spec.worldbody.add_light(
        dir=[np.cos(side), np.sin(side), -1.2], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        diffuse=(color * rng.uniform(0.6, 1.1)).tolist(), **settings,
    )  # fmt: skip
    x0, y0, x1, y1 = plan.bounds
    columns = 2 if x1 - x0 > 1.3 * (y1 - y0) else 1
    for i in range(columns):
        for j in range(2):
            place = [x0 + (i + 0.5) * (x1 - x0) / columns, y0 + (j + 0.5) * (y1 - y0) / 2, plan.wall_height - 0.1]
            spec.worldbody.add_light(
                pos=place, dir=[0, 0, -1], type=mujoco.mjtLightType.mjLIGHT_POINT,
                diffuse=color.tolist(), attenuation=[1.0, 0.0, 0.05], **settings,
            )  # fmt: skip
