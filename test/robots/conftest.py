import numpy as np
import pytest

from genmodels_ros.robots.description import load_robot


@pytest.fixture(scope="session")
def panda():
    return load_robot("panda")


@pytest.fixture
def rng():
    return np.random.default_rng(0)
