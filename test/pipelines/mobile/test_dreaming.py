"""Dreams go on for a minute and stay a world: what stands stays, what one drives towards comes nearer."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.dreaming import MAX_DREAMS, Dream, Dreams, recorded_moment
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

BEAMS = 181
ANGLES = -np.pi + 2 * np.pi / BEAMS * np.arange(BEAMS)
AHEAD, AHEAD_BEAM = 9.0, BEAMS // 2  # m, and the beam nearest to straight ahead


def corridor(ahead=AHEAD, behind=3.0, half=1.0) -> np.ndarray:
    """Ranges [BEAMS] between walls on both sides, closed at both ends."""
    cos, sin = np.cos(ANGLES), np.sin(ANGLES)
    return np.minimum(np.where(cos > 0, ahead / cos, -behind / cos), half / np.abs(sin))


def observations(count=6) -> list[Observation]:
    """A robot that has stood in the corridor for a second."""
    fan = (-np.pi, 2 * np.pi / BEAMS, 0.12, 12.0)
    return [Observation(5 + 0.2 * k, corridor(), *fan, np.array([1.0, 2.0, 0.5])) for k in range(count)]


@pytest.fixture(scope="module")
def world():
    world = WorldModel.from_checkpoint(device="cpu")
    for observation in observations():
        world.observe(observation)
    return world


@pytest.mark.timeout(600)  # 8 s on an idle machine
def test_a_minute_stays_finite_and_within_the_lidar_s_limits(world):
    dream = Dream(world, seed=3)
    commands = [(0.3, 0.3 * np.sin(k / 8)) if k % 60 < 50 else (-0.2, 0.0) for k in range(300)]
    for k, command in enumerate(commands, start=1):
        state = dream.step(command)
        ranges = state.observation.ranges
        hit = np.isfinite(ranges)
        assert not np.isnan(ranges).any() and hit.any()
        assert ranges[hit].min() >= 0.12 - 1e-6 and ranges[hit].max() <= 12.0
        assert np.isfinite(state.observation.pose).all() and np.abs(state.observation.twist).max() < 3.0
        assert 0.0 <= state.collision_probability <= 1.0
        assert state.time == pytest.approx(0.2 * k)
    assert state.observation.stamp == pytest.approx(6.0 + 60.0)
    assert state.observation.beams.count == BEAMS


def test_a_robot_told_to_stand_sees_the_same(world):
    dream = Dream(world, seed=1)
    for _ in range(50):
        state = dream.step((0.0, 0.0))
    assert np.median(np.abs(state.observation.ranges - corridor())) < 0.02
    assert np.percentile(np.abs(state.observation.ranges - corridor()), 95) < 0.15
    assert state.observation.pose == pytest.approx((1.0, 2.0, 0.5), abs=0.03)


def test_what_lies_ahead_comes_nearer_by_what_was_driven(world):
    dream = Dream(world, seed=2)
    for _ in range(50):
        state = dream.step((0.4, 0.0))
    driven = np.hypot(*(state.observation.pose[:2] - (1.0, 2.0)))
    assert driven == pytest.approx(4.0, abs=0.5)
    assert AHEAD - state.observation.ranges[AHEAD_BEAM] == pytest.approx(driven, abs=0.3)


def test_driving_into_the_wall_ends_in_a_collision(world):
    state = Dreams(recorded(world, ahead=0.7), count=3).step(np.tile([0.5, 0.0], (1, 9, 1)))
    assert sum(dream.collided for dream in state) >= 2
    free = Dreams(recorded(world, ahead=9.0), count=3).step(np.tile([0.5, 0.0], (1, 9, 1)))
    assert sum(dream.collided for dream in free) <= 1


def recorded(world, ahead) -> WorldModel:
    """A world that has just seen the corridor end at `ahead` m."""
    seen = WorldModel(world.model, world.card, device="cpu")
    seen.restore(recorded_moment(world, [replace(o, ranges=corridor(ahead)) for o in observations()]))
    return seen


def test_a_seed_is_a_dream(world):
    def dreamt(seed):
        dream = Dream(world, seed=seed)
        return np.concatenate([dream.step((0.4, 0.3)).observation.pose for _ in range(4)])

    first, again, other = (dreamt(seed) for seed in (7, 7, 8))
    assert (first == again).all() and (first != other).any()


def test_dreaming_leaves_the_world_as_it_is(world):
    before = world.snapshot
    Dream(world).step((0.4, 0.0))
    assert world.snapshot is before


def test_dreams_of_a_batch_start_alike_and_part(world):
    dreams = Dreams(world, count=3, seed=5)
    assert len({state.observation.pose.tobytes() for state in dreams.states}) == 1
    states = dreams.step(np.tile([0.4, 0.2], (1, 3, 1)))
    assert len({state.observation.pose.tobytes() for state in states}) == 3
    alone = Dream(world, seed=6)
    for _ in range(3):
        last = alone.step((0.4, 0.2))
    assert (last.observation.ranges == states[1].observation.ranges).all(), "a batch is its dreams one by one"
    own = dreams.step(np.array([[[0.4, 0.0]], [[0.0, 0.0]], [[-0.3, 0.0]]]))
    along = [state.observation.twist[0] for state in own]
    assert along[0] > along[1] > along[2], "each obeys its own commands"


NAN = float("nan")


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (np.zeros((2, 1, 2)), ErrorCode.INVALID_COUNT),
        (np.zeros((3, 0, 2)), ErrorCode.INVALID_HORIZON),
        (np.zeros((3, 1, 3)), ErrorCode.WRONG_LENGTH),
        (np.full((3, 1, 2), NAN), ErrorCode.NOT_FINITE),
    ],
)
def test_wrong_commands_have_their_own_code(world, commands, code):
    dreams = Dreams(world, count=3)
    with pytest.raises(GenModelsError) as error:
        dreams.step(commands)
    assert error.value.code == code and all(state.time == 0 for state in dreams.states)


def test_a_dream_needs_something_seen(world):
    blank = WorldModel(world.model, world.card, device="cpu")
    for attempt in (lambda: Dream(blank), lambda: recorded_moment(world, [])):
        with pytest.raises(GenModelsError) as error:
            attempt()
        assert error.value.code == ErrorCode.NO_OBSERVATION
    with pytest.raises(GenModelsError) as error:
        Dreams(world, count=MAX_DREAMS + 1)
    assert error.value.code == ErrorCode.INVALID_COUNT
