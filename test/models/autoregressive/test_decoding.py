"""Drawing a token: temperature, top-k and the nucleus."""

import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.autoregressive.decoding import Decoding, nucleus

LOGITS = torch.tensor([[0.5, 0.3, 0.15, 0.05], [0.1, 0.2, 0.3, 0.4]]).log()


def test_by_default_the_probabilities_are_the_models():
    torch.testing.assert_close(Decoding().probabilities(LOGITS), LOGITS.exp())


@pytest.mark.parametrize("decoding", [Decoding(temperature=0), Decoding(top_k=1), Decoding(temperature=1e-3)])
def test_without_chance_it_is_the_likeliest(decoding):
    drawn = [decoding.draw(LOGITS, torch.Generator().manual_seed(seed)) for seed in range(20)]
    assert (torch.stack(drawn) == LOGITS.argmax(1)).all()


def test_temperature_is_a_power_of_the_probabilities():
    expected = LOGITS.exp().square()
    torch.testing.assert_close(
        Decoding(temperature=0.5).probabilities(LOGITS), expected / expected.sum(1, keepdim=True)
    )


def test_top_k_keeps_the_k_likeliest():
    kept = Decoding(top_k=2).probabilities(LOGITS)
    torch.testing.assert_close(kept, torch.tensor([[0.625, 0.375, 0, 0], [0, 0, 3 / 7, 4 / 7]]))
    torch.testing.assert_close(Decoding(top_k=99).probabilities(LOGITS), LOGITS.exp())


def test_top_k_keeps_no_more_among_equals():
    assert (Decoding(top_k=2).probabilities(torch.zeros(1, 5)) > 0).sum() == 2


def test_the_nucleus_is_the_smallest_set_of_at_least_p():
    rng = torch.Generator().manual_seed(0)
    p = torch.rand(200, 9, generator=rng).square()
    p = p / p.sum(1, keepdim=True)
    kept = nucleus(p, 0.8) > 0
    mass = (p * kept).sum(1)
    least = torch.where(kept, p, 2.0).amin(1)
    assert (mass >= 0.8 - 1e-6).all() and (mass - least < 0.8).all()
    assert (least >= torch.where(kept, 0.0, p).amax(1)).all()  # what is left out is no likelier than what is kept


def test_draws_follow_the_probabilities():
    drawn = Decoding().draw(LOGITS[:1].expand(40_000, -1), torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.bincount(minlength=4) / 40_000, LOGITS[0].exp(), atol=0.01, rtol=0)


@pytest.mark.parametrize(
    "nonsense", [{"temperature": -1}, {"temperature": float("nan")}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5}]
)
def test_nonsense_is_refused(nonsense):
    with pytest.raises(GenModelsError) as error:
        Decoding(**nonsense)
    assert error.value.code is ErrorCode.INVALID_CONFIG
