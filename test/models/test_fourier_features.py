import pytest
import torch

from genmodels_ros.models.fourier_features import FourierFeatures, of_unit_columns


def test_features_are_sines_and_cosines_of_the_waves():
    features = FourierFeatures(2, torch.tensor([1.0, 5.0, 20.0]))
    made = features(torch.randn(7, 2))
    assert made.shape == (7, 6)
    torch.testing.assert_close(made[:, :3] ** 2 + made[:, 3:] ** 2, torch.ones(7, 3))
    assert (features(torch.zeros(1, 2)) == torch.tensor([[0.0, 0, 0, 1, 1, 1]])).all()


@pytest.mark.parametrize("dimension", [2, 50])
def test_waves_turn_as_often_in_many_dimensions_as_in_few(dimension):
    torch.manual_seed(0)
    x = torch.randn(500, dimension, generator=torch.Generator().manual_seed(0))
    deviation = (x @ of_unit_columns(dimension, 256, 4.0).waves).std()
    assert deviation == pytest.approx(2.5, rel=0.25)
