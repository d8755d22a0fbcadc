"""Faults put into simulated drives: short pieces of a drive with what a broken sensor, wheel or world would have told.

frozen    the last scan repeats
covered   a sector of 30 to 120 degrees sees something 0.1 to 0.4 m away
stuck     the body stands, the wheels turn
slipping  the body moves half as far as the wheels tell
kidnap    the body is suddenly elsewhere on the floor, the wheels go on
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.pipelines.mobile.scan_matching import compose, relative

BEFORE, AFTER = 10, 5  # rows of a piece before the fault begins and from then on
KINDS = ("frozen", "covered", "stuck", "slipping", "kidnap")
SECTOR, COVER = (30, 120), (0.1, 0.4)  # degrees, m
STANDS = 0.02  # [m/s] and rad/s
CREEPS = ((0.1, 0.3), (0.3, 0.75))  # [m/s] or [rad/s] of a body that moves half as far as its wheels tell
ELSEWHERE = (0.5, 0.5)  # [m] or rad away at least
LOSES = 0.4  # share of its motion whose loss is a fault of the wheels, whoever put it there
EXACT = 0.01  # [m] and rad beside that
TOP_SPEED, TOP_TURN = 0.6, 1.5  # [m/s], [rad/s] that wheels turn at


@dataclass(frozen=True)
class Fault:
    """A piece of a drive, healthy for BEFORE rows."""

    kind: str
    episodes: Episodes


def healthy(episodes: Episodes) -> np.ndarray:
    """Rows [N] whose drive has touched nothing yet and whose wheels have not lost LOSES of their motion lately."""
    good = np.ones(len(episodes), bool)
    for drive in np.unique(episodes.drive):
        rows = np.flatnonzero(episodes.drive == drive)
        told, moved = _motions(episodes.odometry[rows]), _motions(episodes.pose[rows])
        off = np.abs(told - moved)
        slips = (off > LOSES * np.abs(told).max(1, keepdims=True) + EXACT).any(1)
        lately = np.convolve(np.concatenate([[False], slips]), np.ones(AFTER))[: len(rows)] > 0
        good[rows] = ~lately & (np.cumsum(episodes.touched[rows]) == 0)
    return good


def _motions(poses: np.ndarray) -> np.ndarray:
    """Motion [N - 1, 3] from row to row."""
    pairs = zip(poses[:-1].astype(float), poses[1:].astype(float), strict=True)
    return np.array([relative(a, b) for a, b in pairs]).reshape(-1, 3)


def pieces(episodes: Episodes) -> list[np.ndarray]:
    """Rows of each drive that can hold a piece: healthy from its beginning."""
    good = healthy(episodes)
    drives = [np.flatnonzero((episodes.drive == drive) & good) for drive in np.unique(episodes.drive)]
    unbroken = [rows[: 1 + int(np.argmax(np.append(np.diff(rows), 2) > 1))] for rows in drives if len(rows)]
    return [rows for rows in unbroken if len(rows) >= BEFORE + AFTER]


def faults_on(episodes: Episodes, rng: np.random.Generator, each: int = 2) -> list[Fault]:
    """Up to `each` faults of each kind on each drive of a floor, at random rows where the kind is possible."""
    drives = pieces(episodes)
    faults = []
    for rows in drives:
        starts = rows[: len(rows) - BEFORE - AFTER + 1]
        for kind in KINDS:
            possible = [start for start in starts if _possible(kind, episodes, start + BEFORE)]
            for start in rng.permutation(possible)[:each].astype(int):
                piece = cut(episodes, np.arange(start, start + BEFORE + AFTER))
                broken = _BREAK[kind](piece, rng) if kind != "kidnap" else _kidnapped(piece, episodes, drives, rng)
                if broken is not None:
                    faults.append(Fault(kind, broken))
    return faults


def cut(episodes: Episodes, rows: np.ndarray) -> Episodes:
    """Some of the rows."""
    return Episodes(**{field.name: getattr(episodes, field.name)[rows] for field in fields(Episodes)})


def _possible(kind: str, episodes: Episodes, onset: int) -> bool:
    if kind not in ("stuck", "slipping"):
        return True
    moved = np.abs(_motions(episodes.pose[onset - 1 : onset + AFTER])) / 0.2
    speed, turn = np.hypot(moved[:, 0], moved[:, 1]), moved[:, 2]
    if kind == "stuck":
        return bool((speed < STANDS).all() and (turn < STANDS).all())
    (slow, fast), (slow_turn, fast_turn) = CREEPS
    moves = (speed > slow).all() or (turn > slow_turn).all()
    return bool(moves and (speed < fast).all() and (turn < fast_turn).all())


def _frozen(piece: Episodes, rng: np.random.Generator) -> Episodes:
    scan = piece.scan.copy()
    scan[BEFORE:] = scan[BEFORE - 1]
    return replace(piece, scan=scan)


def _covered(piece: Episodes, rng: np.random.Generator) -> Episodes:
    scan, count = piece.scan.copy(), piece.scan.shape[1]
    width = round(rng.uniform(*SECTOR) / 360 * count)
    sector = (int(rng.integers(count)) + np.arange(width)) % count
    scan[BEFORE:, sector] = rng.uniform(*COVER) + rng.normal(0, 0.01, (AFTER, width))
    return replace(piece, scan=scan)


def _stuck(piece: Episodes, rng: np.random.Generator) -> Episodes:
    speed, turn = rng.uniform(0.2, TOP_SPEED), rng.uniform(-1.0, 1.0)
    return _told(piece, np.tile([0.2 * speed, 0.0, 0.2 * turn], (AFTER, 1)), np.tile([speed, turn], (AFTER, 1)))


def _slipping(piece: Episodes, rng: np.random.Generator) -> Episodes:
    motions = 2 * _motions(piece.odometry)[BEFORE - 1 :]
    return _told(piece, motions, np.clip(motions[:, [0, 2]] / 0.2, [-TOP_SPEED, -TOP_TURN], [TOP_SPEED, TOP_TURN]))


def _told(piece: Episodes, motions: np.ndarray, twists: np.ndarray) -> Episodes:
    """The piece with odometry that goes on by `motions` [AFTER, 3]; twist and command say the same."""
    odometry, twist, command = (values.astype(float) for values in (piece.odometry, piece.twist, piece.command))
    for row, motion in enumerate(motions, BEFORE):
        odometry[row] = compose(odometry[row - 1], motion)
    twist[BEFORE:], command[BEFORE - 1 : -1] = twists, twists
    return replace(piece, odometry=odometry, twist=twist, command=command)


def _kidnapped(piece: Episodes, floor: Episodes, drives: list, rng: np.random.Generator) -> Episodes | None:
    """The piece goes on as another moment of the same floor; None if that place is too near."""
    rows = drives[rng.integers(len(drives))]
    there = int(rng.choice(rows[1 : len(rows) - AFTER + 1]))
    away = relative(piece.pose[BEFORE - 1].astype(float), floor.pose[there].astype(float))
    if math.hypot(*away[:2]) < ELSEWHERE[0] and abs(away[2]) < ELSEWHERE[1]:
        return None
    other = cut(floor, np.arange(there, there + AFTER))
    motions = _motions(floor.odometry[there - 1 : there + AFTER])
    joined = {
        name: np.concatenate([getattr(piece, name)[:BEFORE], getattr(other, name)])
        for name in ("scan", "pose", "touched", "people")
    }
    return replace(
        _told(piece, motions, other.twist), command=np.concatenate([piece.command[:BEFORE], other.command]), **joined
    )


_BREAK = {"frozen": _frozen, "covered": _covered, "stuck": _stuck, "slipping": _slipping}
