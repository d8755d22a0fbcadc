import pytest

from genmodels_ros.evaluation.world_model.simulated_drives import starts_of
from genmodels_ros.pipelines.mobile.world_model import WorldModel
from genmodels_ros.simulation.floor.episodes import simulate_floor


@pytest.fixture(scope="session")
def starts():
    """What the shipped model and its baselines predicted on a floor, from every moment that was asked for."""
    world = WorldModel.from_checkpoint(device="cpu")
    return starts_of(world, simulate_floor(71, 3, steps=120, num_people=3))
