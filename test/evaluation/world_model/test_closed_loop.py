"""Driving against the simulation, and the table that comes of it; the numbers themselves are the benchmark's."""

import numpy as np
import pytest

from genmodels_ros.evaluation.world_model.closed_loop import IMAGINED, SCAN, bench_closed_loop, closed_loop_table
from genmodels_ros.evaluation.world_model.driven_episodes import WAYS, Episode, drive, make_task
from genmodels_ros.pipelines.mobile.local_planning import LocalPlanner
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.scan_futures import JoinedFutures, ScanFutures, ScanFuturesSettings
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ANGLES = -np.pi + np.pi / 180 * np.arange(360)


def scan_with_post(x, y, stamp=0.0, radius=0.2) -> Observation:
    """Nothing but an upright cylinder."""
    along, across = x * np.cos(ANGLES) + y * np.sin(ANGLES), np.abs(x * np.sin(ANGLES) - y * np.cos(ANGLES))
    hits = (along > 0) & (across < radius)
    ranges = np.where(hits, along - np.sqrt(np.maximum(radius**2 - across**2, 0)), np.inf)
    return Observation(stamp, ranges, -np.pi, np.pi / 180, 0.12, 12.0, np.zeros(3)).checked()


def risk(futures, command, steps=14) -> np.ndarray:
    return futures(np.tile(command, (1, steps, 1)))[1][0]


# --- The yardstick is no straw man


def test_the_risk_is_that_of_the_way():
    futures = ScanFutures()
    futures.observe(scan_with_post(1.3, 0.0))
    into, past = risk(futures, (0.5, 0.0)), risk(futures, (0.5, 1.2))
    assert into[-1] == 1.0 and (np.diff(into) >= 0).all() and into[0] < 0.05
    assert past[-1] < 0.2 and risk(futures, (0.0, 0.0))[-1] < 0.05


def test_commands_act_late_and_the_base_ramps():
    futures = ScanFutures(ScanFuturesSettings(latency=0.1))
    futures.observe(scan_with_post(5.0, 5.0))
    started = futures(np.tile([0.5, 0.0], (1, 14, 1)))[0][0, :, 0]
    assert 1.4 - 0.5 * 0.3 < started[-1] < 1.4 - 0.5 * 0.1, "some way is lost between standing and driving"
    futures.told(np.array([0.5, 0.0]))
    assert futures(np.zeros((1, 14, 2)))[0][0, -1, 0] > 0.02, "the last command still acts"


def test_what_moves_is_moved_on_if_told_to():
    standing, following = ScanFutures(), ScanFutures(ScanFuturesSettings(follow_movers=True))
    for index in range(8):
        crossing = scan_with_post(1.0, -1.8 + 0.8 * 0.2 * index, 0.2 * index)
        standing.observe(crossing), following.observe(crossing)
    assert risk(following, (0.5, 0.0), 8)[-1] > risk(standing, (0.5, 0.0), 8)[-1] + 0.3


def test_a_scan_that_shows_nothing_is_no_risk():
    futures = ScanFutures()
    nothing = np.full(360, np.inf)
    futures.observe(Observation(0.0, nothing, -np.pi, np.pi / 180, 0.12, 12.0, np.zeros(3)).checked())
    assert not risk(futures, (0.5, 0.0)).any()


def test_joined_futures_are_as_careful_as_the_more_careful_of_both():
    class Sure(ScanFutures):
        def __call__(self, commands):
            return super().__call__(commands)[0], np.full(commands.shape[:2], 0.4)

    joined = JoinedFutures(Sure(), ScanFutures())
    joined.observe(scan_with_post(1.3, 0.0)), joined.told(np.zeros(2))
    assert risk(joined, (0.5, 0.0))[-1] == 1.0 and 0.4 <= risk(joined, (-0.2, 0.0))[-1] < 0.6


# --- Episodes


def test_a_task_follows_from_its_seed():
    first, again, other = make_task(11), make_task(11), make_task(12)
    assert first.start == again.start and first.description.base == again.description.base
    assert first.start != other.start
    assert np.hypot(*(first.goal - first.start[:2])) <= WAYS[1]


def test_a_good_planner_reaches_a_goal_on_an_empty_floor_and_again_the_same():
    task = make_task(4, people=0)
    first, again = (drive(task, LocalPlanner(ScanFutures())) for _ in range(2))
    assert first.arrived and not first.touched
    assert first.length == pytest.approx(again.length) and len(first.decision_times) > 20


def test_a_blind_planner_touches_something():
    """Contacts are the physics' own: nobody else notices."""

    class Blind(ScanFutures):
        def __call__(self, commands):
            poses, risk = super().__call__(commands)
            return poses, 0 * risk

    from genmodels_ros.pipelines.mobile.local_planning import LocalPlannerSettings
    from genmodels_ros.pipelines.mobile.stopping import Braking

    careless = LocalPlannerSettings(braking=Braking(reaction=0.0, margin=-0.2))
    episodes = [drive(make_task(seed, people=8), LocalPlanner(Blind(), careless)) for seed in range(20, 23)]
    assert any(episode.touched and episode.at_fault and not episode.arrived for episode in episodes)


# --- The table


def episode(touched=False, arrived=True, length=5.0, seconds=12.0) -> Episode:
    return Episode(touched, touched, arrived, seconds, length, (0.01,))


def test_the_table_compares_pair_by_pair():
    own = [episode() for _ in range(8)] + [episode(touched=True, arrived=False)] * 2
    other = [episode(length=4.0, seconds=10.0)] * 6 + [episode(touched=True, arrived=False)] * 4
    table = closed_loop_table({IMAGINED: own, SCAN: other})
    rows = {row["futures from"]: row for row in table.as_dict()["rows"]}
    assert rows[IMAGINED]["with contact"] == 2 and rows[SCAN]["with contact"] == 4
    assert rows[SCAN]["world model's contacts fewer by"].startswith("+0.50")
    assert rows[SCAN]["both at the goal"] == 6
    assert rows[SCAN]["world model's way longer by"].startswith("+0.250")
    assert rows[IMAGINED]["decisions/s"] == pytest.approx(100)


def test_the_benchmark_runs_all_planners_on_the_same_episodes():
    table = bench_closed_loop(WorldModel.from_checkpoint(device="cpu"), 1, first=31, workers=1, time_limit=1.0)
    assert [row[1] for row in table.rows] == [1, 1, 1, 1]
