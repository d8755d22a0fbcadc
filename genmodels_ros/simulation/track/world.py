"""The room around a track: walls with windows, lamps, furniture, and the cups beside a lane, for MuJoCo."""

import math

import mujoco
import numpy as np

from genmodels_ros.simulation.geoms import SEEN_ONLY, add_solid
from genmodels_ros.simulation.solids import KINDS, Furniture, Solid
from genmodels_ros.simulation.track.ground import PIXELS, SIDE, Ground
from genmodels_ros.simulation.track.lens import RENDERED_HEIGHT, RENDERED_WIDTH
from genmodels_ros.simulation.track.track import Track

CAMERA, FLOOR, OBSTACLE = "camera", "floor", "obstacle"  # geoms whose name begins otherwise are background
PIECES = ("table", "chair", "cabinet", "shelf", "desk", "column", "carton", "bin", "plant", "sofa")


def track_spec(track: Track, ground: Ground, rng: np.random.Generator) -> mujoco.MjSpec:
    """Everything a camera sees from the floor, and a mocap body "car" that carries the camera."""
    spec = mujoco.MjSpec()
    _set_rendering(spec, rng)
    _add_materials(spec, ground)
    half = [SIDE / 2, SIDE / 2, 0.1]
    spec.worldbody.add_geom(name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=half, material=FLOOR, **SEEN_ONLY)
    reach = np.abs(track.lane).max(axis=0) + track.width / 2
    for index, solid in enumerate(_room(reach, rng)):
        add_solid(spec.worldbody, solid, f"room_{index}", **SEEN_ONLY)
    obstacles = _furniture(track, reach, rng) + (_cups(track, rng) if ground.family == "cups" else [])
    for index, solid in enumerate(obstacles):
        add_solid(spec.worldbody, solid, f"{OBSTACLE}_{index}", **SEEN_ONLY)
    spec.worldbody.add_body(name="car", mocap=True).add_camera(name=CAMERA, fovy=90)
    return spec


def _room(reach: np.ndarray, rng: np.random.Generator) -> list[Solid]:
    """Walls 0.3 to 3 m beyond the track, within the drawn floor, windows and posters on them, a ceiling with lamps."""
    walls = np.minimum(reach + rng.uniform(0.3, 2.5, 2), SIDE / 2 - 0.05)
    height, tone = rng.uniform(2.4, 3.5), _grey(rng, 0.55, 0.95)
    solids = []
    for k in range(4):
        yaw = k * math.pi / 2
        out, along = (walls[k % 2], walls[1 - k % 2])
        x, y = out * math.cos(yaw), out * math.sin(yaw)
        solids.append(Solid("box", (x, y, height / 2), (0.1, 2 * along, height), yaw, tone, "wall"))
        solids.append(Solid("box", (x, y, 0.04), (0.13, 2 * along, 0.08), yaw, _grey(rng, 0.1, 0.9)))
        solids += _hangings((x, y, yaw), along, rng)
    solids.append(Solid("box", (0, 0, height + 0.05), (2 * walls[0], 2 * walls[1], 0.1), 0.0, _grey(rng, 0.6, 0.95)))
    for x in np.arange(-walls[0] + 0.7, walls[0], rng.uniform(1.2, 2.5)):
        for y in np.arange(-walls[1] + 0.7, walls[1], rng.uniform(1.2, 2.5)):
            solids.append(Solid("box", (x, y, height - 0.01), (0.5, 0.5, 0.02), 0.0, (1.0, 1.0, 1.0), "glow"))
    return solids


def _hangings(wall: tuple[float, float, float], along: float, rng: np.random.Generator) -> list[Solid]:
    """Windows and coloured panels; a wall has many or none."""
    x, y, yaw = wall
    share, solids = rng.choice([0.0, 0.4, 0.9]), []
    for slot in np.arange(-along + 0.6, along - 0.5, 1.4):
        if rng.random() > share:
            continue
        window = rng.random() < 0.5
        bottom, dims = rng.uniform(0.3, 1.0), (0.14, rng.uniform(0.4, 1.2), rng.uniform(0.4, 1.4))
        colour = tuple(rng.uniform(0.8, 1) * np.array([0.93, 0.97, 1.0])) if window else tuple(rng.uniform(0.1, 0.9, 3))
        place = (x - slot * math.sin(yaw), y + slot * math.cos(yaw), bottom + dims[2] / 2)
        solids.append(Solid("box", place, dims, yaw, colour, "glow" if window else "plain"))
    return solids


def _furniture(track: Track, reach: np.ndarray, rng: np.random.Generator) -> list[Solid]:
    """Up to a dozen pieces that leave the lane free."""
    solids: list[Solid] = []
    for _ in range(rng.integers(2, 13)):
        kind = str(rng.choice(PIECES))
        dims = (rng.uniform(0.3, 1.2), rng.uniform(0.3, 0.8), rng.uniform(0.4, 1.6))
        x, y = rng.uniform(-1, 1, 2) * (reach + 0.8)
        clear = np.linalg.norm(track.lane - (x, y), axis=1).min() - track.width / 2 - math.hypot(*dims[:2]) / 2
        if clear > 0.1 and kind in KINDS:
            colour = tuple(rng.uniform(0.05, 0.9) * (1 - rng.uniform(0, 0.9) * rng.random(3)))
            solids += Furniture(kind, x, y, rng.uniform(-math.pi, math.pi), dims, colour).solids()
    return solids


def _cups(track: Track, rng: np.random.Generator) -> list[Solid]:
    """Beside the lane on one side or both, now and then one missing or pushed away. Cones count as cups."""
    radius, height = rng.uniform(0.025, 0.045), rng.uniform(0.06, 0.13)
    gap = 2 * radius * rng.uniform(1.1, 4)
    white = rng.random() < 0.7
    colour = _grey(rng, 0.8, 1.0) if white else (rng.uniform(0.7, 1), rng.uniform(0.2, 0.5), rng.uniform(0, 0.2))
    solids = []
    sides = ((-0.5, 0.5), (-0.5,), (0.5,))[rng.choice(3, p=(0.5, 0.25, 0.25))]
    for side in sides:
        line = track.side(side * track.width)
        travelled = np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))
        for place in np.arange(0, travelled[-1], gap):
            if rng.random() < 0.93:
                x, y = line[np.searchsorted(travelled, place)] + rng.normal(0, 0.012, 2)
                solids.append(Solid("cylinder", (x, y, height / 2), (2 * radius, 2 * radius, height), 0.0, colour))
    return solids


def _set_rendering(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    visual = spec.visual
    visual.quality.shadowsize = visual.quality.offsamples = 0
    visual.quality.numslices, visual.quality.numstacks, visual.quality.numquads = 10, 3, 4
    visual.global_.offwidth, visual.global_.offheight = RENDERED_WIDTH, RENDERED_HEIGHT
    visual.map.znear, visual.map.zfar = 0.01, 30
    spec.stat.extent = 1.0
    visual.headlight.ambient, visual.headlight.diffuse = [rng.uniform(0.3, 0.6)] * 3, [rng.uniform(0.1, 0.3)] * 3
    visual.headlight.specular = [0.0] * 3
    warmth, side = rng.uniform(0, 1), rng.uniform(-math.pi, math.pi)
    daylight = rng.uniform(0.15, 0.5) * np.array([1.0, 0.97 - 0.06 * warmth, 0.97 - 0.2 * warmth])
    spec.worldbody.add_light(
        dir=[math.cos(side), math.sin(side), -1.5], type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        castshadow=False, diffuse=daylight.tolist(), specular=[0.1] * 3,
    )  # fmt: skip


def _add_materials(spec: mujoco.MjSpec, ground: Ground) -> None:
    texture = spec.add_texture(
        name=FLOOR, type=mujoco.mjtTexture.mjTEXTURE_2D, width=PIXELS, height=PIXELS, nchannel=3
    )  # fmt: skip
    texture.data = ground.rgb.tobytes()
    roles = [""] * mujoco.mjtTextureRole.mjNTEXROLE
    roles[mujoco.mjtTextureRole.mjTEXROLE_RGB] = FLOOR
    spec.add_material(name=FLOOR, textures=roles, texrepeat=[1, 1])
    for name in ("wood", "metal", "fabric", "leaf", "wall", "plain"):
        spec.add_material(name=name)
    spec.add_material(name="glow", emission=0.85)


def _grey(rng: np.random.Generator, low: float, high: float) -> tuple[float, float, float]:
    return tuple(np.clip(rng.uniform(low, high) * (1 + rng.normal(0, 0.04, 3)), 0, 1).tolist())
