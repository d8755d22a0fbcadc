"""Training data of the world model: drives on random floors among people, good and bad drivers mixed.

A floor gives FLOOR_STEPS rows. Drivers change every few seconds; a drive ends soon after something was touched, and
the robot starts again somewhere else on the same floor. Robots differ from floor to floor in latency, slip and noise.
Floors are random ones or, every third where real buildings are given, pieces of real ones (recorded_floors).
"""

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.episodes import Episodes, save_shard, write_card
from genmodels_ros.simulation.floor.gait import vary
from genmodels_ros.simulation.floor.layouts import random_floor_plan
from genmodels_ros.simulation.floor.plan import FloorPlan
from genmodels_ros.simulation.floor.recorded_floors import (
    HELD_OUT,
    building_name,
    building_sources,
    recorded_floor_plan,
)
from genmodels_ros.simulation.scenes import Base, Lidar, WorldDescription
from genmodels_ros.simulation.world import World

TIME_STEP = 0.2  # [s]
FLOOR_STEPS = 500
DRIVE_STEPS = 200
AFTER_TOUCH = 14  # steps that a drive goes on after the first touch, so that windows of the future fit
MAX_PEOPLE = 8
RECORDED_EVERY = 3  # every third floor is a real one where some are given


def make_shards(
    *,
    out: Path,
    count: int,
    seed: int = 0,
    workers: int = 1,
    floors: Path | None = None,
    hold_out: tuple[str, ...] | None = None,
) -> None:
    """Makes `count` floors into out/floor_*.npz and a card; floors that exist are kept, so a stopped run goes on.

    floors: a folder of logs or maps of real buildings (recorded_floors.building_sources); those in `hold_out` are
    never used. Raises GenModelsError(NO_OBSERVATION) if it has none to use.
    """
    out = Path(out)
    buildings = building_sources(floors, hold_out) if floors is not None else []
    out.mkdir(parents=True, exist_ok=True)
    write_card(out, _card(out, count, seed, buildings, hold_out))
    missing = [i for i in range(count) if not _shard(out, i, buildings).exists()]
    make = partial(_make_shard, out, seed, buildings)
    if workers == 1:
        for index in tqdm(missing, unit="floor", disable=None):
            make(index)
        return
    with ProcessPoolExecutor(workers) as pool:
        list(tqdm(pool.map(make, missing), total=len(missing), unit="floor", disable=None))


def _card(out: Path, count: int, seed: int, buildings: list[Path], hold_out: tuple[str, ...] | None) -> dict:
    command = f"genmodels data world-model --out {out.name} --count {count} --seed {seed}"
    card = {
        "kind": "floor episodes", "floors": count, "seed": seed, "rows": count * FLOOR_STEPS, "time_step": TIME_STEP,
    }  # fmt: skip
    if buildings:
        floors_of = {building_name(building): [] for building in buildings}
        for index in range(count):
            if (building := _building_of(index, buildings)) is not None:
                floors_of[building_name(building)].append(index)
        card |= {"recorded_floors": floors_of, "held_out": list(HELD_OUT if hold_out is None else hold_out)}
        command += f" --floors {buildings[0].parent.name}" + "".join(f" --hold-out {name}" for name in hold_out or ())
    return card | {"command": command}


def _building_of(index: int, buildings: list[Path]) -> Path | None:
    """The log or map that floor `index` is a piece of, None for a random floor; buildings take turns."""
    turn, rest = divmod(index, RECORDED_EVERY)
    return buildings[turn % len(buildings)] if buildings and rest == RECORDED_EVERY - 1 else None


def _shard(out: Path, index: int, buildings: list[Path]) -> Path:
    building = _building_of(index, buildings)
    return out / (f"floor_{index:05d}.npz" if building is None else f"floor_{index:05d}_{building_name(building)}.npz")


def _make_shard(out: Path, seed: int, buildings: list[Path], index: int) -> None:
    episodes = simulate_floor(seed, index, FLOOR_STEPS, building=_building_of(index, buildings))
    save_shard(_shard(out, index, buildings), episodes)


def simulate_floor(
    seed: int, index: int, steps: int = FLOOR_STEPS, num_people: int | None = None, building: Path | None = None,
    base: Base | None = None,
) -> Episodes:  # fmt: skip
    """All drives on floor `index` of the data set `seed`: `steps` rows.

    building: the log or map of which the floor is a piece, otherwise it is a random one; base: the robot, otherwise a
    random one.
    """
    rng = np.random.default_rng([seed, index, 4])
    people = int(rng.integers(0, MAX_PEOPLE + 1)) if num_people is None else num_people
    if building is None:
        plan = random_floor_plan(1_000_000 * seed + index, people)
    else:
        plan = recorded_floor_plan(building, rng, people)
    plan = plan.with_walkers(vary(plan.walkers, rng))
    robot = base or _random_base(rng)
    world = World(WorldDescription(plan, None, robot, _random_lidar(rng), None), int(rng.integers(2**31)))
    rows, drive = [], 0
    while len(rows) < steps:
        rows += _drive(world, rng, drive, min(DRIVE_STEPS, steps - len(rows)))
        drive += 1
        world.base.place(_free_pose(world, rng))
    columns = list(zip(*rows, strict=True))
    kinds = (np.float16, np.float32, np.float32, np.float32, np.float32, bool, np.float32, np.int32)
    return Episodes(*(np.array(column).astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _random_base(rng: np.random.Generator) -> Base:
    """A robot of some latency and slip; the wheels of a third of them lose their grip now and then."""
    latency, slip = rng.uniform(0.0, 0.25), rng.uniform(0.0, 0.15)
    return replace(Base(), latency=float(latency), slip=float(slip), skids=float(rng.choice([0.0, 0.0, 0.03])))


def _random_lidar(rng: np.random.Generator) -> Lidar:
    """A lidar of some noise; a quarter drop single beams, a quarter miss a run of beams in some scans."""
    noise = float(np.exp(rng.uniform(np.log(0.003), np.log(0.03))))
    dropout, bursts = (float(rng.choice([0.0, 0.0, 0.0, share])) for share in (0.01, 0.1))
    return replace(Lidar(), noise=noise, dropout=dropout, bursts=bursts)


def _free_pose(world: World, rng: np.random.Generator) -> tuple[float, float, float]:
    """A place clear of walls and people; half of them close to people, where the lessons are."""
    points = world.description.floor.sample_free(rng, 32, 0.35)
    people = world.walker_poses()[:, :2]
    distances = np.linalg.norm(points[:, None] - people[None], axis=2).min(axis=1, initial=math.inf)
    clear = points[distances > 0.9]
    if len(clear) == 0:
        clear = points[np.argmax(distances)][None]
    elif rng.random() < 0.5:
        clear = clear[np.argsort(distances[distances > 0.9])[:1]]
    return (*clear[0].tolist(), float(rng.uniform(-math.pi, math.pi)))


def _drive(world: World, rng: np.random.Generator, drive: int, steps: int) -> list[tuple]:
    rows, driver, until, touched, after = [], None, 0, False, 0
    for step in range(steps):
        if step >= until:
            driver, until = _new_driver(world, rng), step + int(rng.integers(10, 50))
        scan, odometry = world.scan(), world.base.odometry()
        command = driver(world, scan)
        rows.append((scan, odometry.pose, odometry.twist, world.base.pose, command, touched, _people(world), drive))
        after += touched or after > 0
        if after > AFTER_TOUCH:
            break
        world.base.set_command(*command)
        touched = False
        for _ in range(round(TIME_STEP / world.description.control_period)):
            world.step()
            touched = touched or world.base.touching
    return rows


def _people(world: World) -> np.ndarray:
    rows = np.full((MAX_PEOPLE, 3), np.nan)
    for row, motion in zip(rows, world.walkers, strict=False):
        row[:] = *motion.pose[:2], motion.walker.radius
    return rows


# Drivers: functions (world, scan) -> command (v, w)


def _new_driver(world: World, rng: np.random.Generator):
    kinds = (_wanderer, _traveller, _daredevil, _cautious, _bystander)
    return kinds[rng.choice(5, p=[0.2, 0.25, 0.2, 0.25, 0.1])](world, rng)


def _wanderer(world: World, rng: np.random.Generator):
    """Smooth random commands (an Ornstein-Uhlenbeck process), now and then jumping."""
    state = np.array([rng.uniform(-0.2, 0.6), rng.normal(0, 0.7)])

    def command(world, scan):
        nonlocal state
        if rng.random() < 0.08:
            state = np.array([rng.uniform(-0.3, 0.6), rng.uniform(-1.5, 1.5)])
        state = state + 0.15 * (np.array([0.3, 0.0]) - state) + rng.normal(0, [0.08, 0.25])
        return _bounded(*state)

    return command


def _traveller(world: World, rng: np.random.Generator):
    """Follows the shortest way to a random goal and takes no notice of people."""
    path = _way(world.description.floor, world.base.pose, rng)
    speed, noise = rng.uniform(0.25, 0.6), rng.uniform(0.0, 0.3)

    def command(world, scan):
        return _bounded(*_pursue(world.base.pose, path, speed, rng.normal(0, noise)))

    return command


def _daredevil(world: World, rng: np.random.Generator):
    """Drives straight at a person, a wall or a point behind furniture."""
    people, pose = world.walker_poses(), world.base.pose
    chase = len(people) > 0 and rng.random() < 0.6
    who = int(np.argmin(np.linalg.norm(people[:, :2] - pose[:2], axis=1))) if chase else 0
    bearing, speed = rng.uniform(-math.pi, math.pi), rng.uniform(0.3, 0.6)
    lead = rng.uniform(0.0, 1.5)
    target = np.array([pose[0] + 3 * math.cos(bearing), pose[1] + 3 * math.sin(bearing)])

    def command(world, scan):
        if not chase:
            return _bounded(*_pursue(world.base.pose, target[None], speed, 0.0))
        x, y, heading = world.walker_poses()[who]
        ahead = np.array([x + lead * math.cos(heading), y + lead * math.sin(heading)])
        return _bounded(*_pursue(world.base.pose, ahead[None], speed, 0.0))

    return command


def _cautious(world: World, rng: np.random.Generator):
    """Follows the shortest way but slows down and turns away from what is near ahead."""
    path = _way(world.description.floor, world.base.pose, rng)
    speed = rng.uniform(0.3, 0.6)
    angles = Lidar().angle_min + Lidar().angle_increment * np.arange(Lidar().num_beams)

    def command(world, scan):
        v, w = _pursue(world.base.pose, path, speed, 0.0)
        front = np.where((np.abs(angles) < 0.8) & ~np.isnan(scan), scan, math.inf)
        near = int(np.argmin(front))
        if front[near] < 0.8:
            v *= np.clip((front[near] - 0.3) / 0.5, 0, 1)
            w -= np.sign(angles[near]) * (0.9 - front[near]) * 1.5
        return _bounded(v, w)

    return command


def _bystander(world: World, rng: np.random.Generator):
    """Stands or turns on the spot."""
    w = 0.0 if rng.random() < 0.5 else rng.uniform(-1.5, 1.5)
    return lambda world, scan: (0.0, w)


def _way(plan: FloorPlan, pose, rng: np.random.Generator) -> np.ndarray:
    goal = plan.sample_free(rng, 1, 0.3)[0]
    path = plan.shortest_path(pose[:2], goal, 0.3)
    return path if path is not None else goal[None]


def _pursue(pose, path: np.ndarray, speed: float, noise: float) -> tuple[float, float]:
    """Pure pursuit of the point 0.6 m on from the nearest of the path."""
    position = np.array(pose[:2])
    dense = _resample(path)
    nearest = int(np.argmin(np.linalg.norm(dense - position, axis=1)))
    dx, dy = dense[min(nearest + 6, len(dense) - 1)] - position
    bearing = math.remainder(math.atan2(dy, dx) - pose[2], 2 * math.pi)
    if math.hypot(dx, dy) < 0.1:
        return 0.0, noise
    return speed * max(0.0, math.cos(bearing)), 2.0 * bearing + noise


def _resample(path: np.ndarray, spacing: float = 0.1) -> np.ndarray:
    legs = np.linalg.norm(np.diff(path, axis=0), axis=1)
    if legs.sum() < spacing:
        return path[-1:]
    marks = np.concatenate([[0.0], np.cumsum(legs)])
    at = np.arange(0.0, marks[-1], spacing)
    return np.stack([np.interp(at, marks, path[:, axis]) for axis in (0, 1)], axis=1)


def _bounded(v: float, w: float) -> tuple[float, float]:
    base = Base()
    return float(np.clip(v, -0.3, base.max_speed)), float(np.clip(w, -base.max_turn_rate, base.max_turn_rate))
