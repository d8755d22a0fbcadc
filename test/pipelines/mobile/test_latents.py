"""States of the world model as numbers: in, out and in between."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.dreaming import Dream
from genmodels_ros.pipelines.mobile.latents import Latent, checked_latent, interpolate, latent_of, moment_of, sketches
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import RANGE_LIMIT, WorldModel


@pytest.fixture(scope="module")
def world():
    world = WorldModel.from_checkpoint(device="cpu")
    for k in range(2):
        world.observe(Observation(0.2 * k, np.full(90, 2.0), -np.pi, np.pi / 45, 0.1, 10.0, np.zeros(3)))
    return world


def test_the_line_between_two_latents():
    first, second = Latent(np.zeros(2), np.ones(3)), Latent(np.full(2, 4.0), np.full(3, -1.0))
    line = interpolate(first, second, 5)
    assert [latent.h[0] for latent in line] == [0, 1, 2, 3, 4] and [latent.z[0] for latent in line] == [
        1,
        0.5,
        0,
        -0.5,
        -1,
    ]
    for steps in (-1, 0, 1, 10_000):
        with pytest.raises(GenModelsError) as error:
            interpolate(first, second, steps)
        assert error.value.code == ErrorCode.INVALID_COUNT


def test_a_latent_decodes_to_a_scan_within_limits(world):
    latent = latent_of(world.snapshot)
    scans = sketches(world, [latent, Latent(100 * latent.h, -100 * latent.z)])
    assert scans.shape == (2, world.model.beams.count)
    assert np.isfinite(scans).all() and scans.min() > 0 and scans.max() <= RANGE_LIMIT


def test_a_moment_of_a_latent_holds_it_and_can_be_dreamt_on(world):
    latent = latent_of(world.snapshot)
    moment = moment_of(world, latent, stamp=7.0)
    again = latent_of(moment)
    np.testing.assert_allclose(again.h, latent.h, atol=1e-6)
    np.testing.assert_allclose(again.z, latent.z, atol=1e-6)
    assert moment.observation.stamp == 7.0
    state = Dream(world, start=moment).step((0.2, 0.0))
    assert state.observation.stamp == pytest.approx(7.2) and np.isfinite(state.observation.pose).all()


def test_numbers_of_another_network_are_refused(world):
    latent = latent_of(world.snapshot)
    wrong = {
        ErrorCode.WRONG_LENGTH: (latent.h[:-1], latent.z),
        ErrorCode.NOT_FINITE: (latent.h * np.nan, latent.z),
    }
    for code, numbers in wrong.items():
        with pytest.raises(GenModelsError) as error:
            checked_latent(world, *numbers)
        assert error.value.code == code
