"""Autoregressive laws: nothing leaks, the chain rule sums to 1, a cache changes nothing, entropy is reached."""

import math

import pytest
import torch

from genmodels_ros.evaluation.distribution.likelihood import perplexity
from genmodels_ros.models.autoregressive import Autoregressive
from genmodels_ros.models.autoregressive.decoding import Decoding

D, C = 5, 3


@pytest.fixture(params=["transformer", "made"])
def network(request) -> str:
    return request.param


def model(network: str, dimension: int = D, condition_dimension: int = 0, bins: int = 8, width: int = 16, **settings):
    """With random weights everywhere, so that every logit depends on all that it may see."""
    torch.manual_seed(0)
    made = Autoregressive.from_config(
        dict(dimension=dimension, condition_dimension=condition_dimension, network=network, bins=bins, width=width)
        | settings
    )
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return made.double().eval()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("conditional", [0, C])
def test_a_conditional_sees_what_came_before_and_nothing_else(network, conditional):
    made = model(network, condition_dimension=conditional)
    values = torch.randn(2, D, dtype=torch.float64, requires_grad=True)
    condition = torch.randn(2, C, dtype=torch.float64, requires_grad=True) if conditional else None
    logits = made.network(values, condition)
    for i in range(D):
        gradient = torch.autograd.grad(logits[:, i, 0].sum(), values, retain_graph=True)[0]
        assert (gradient[:, i:] == 0).all()
        assert (gradient[:, :i] != 0).all()
        if conditional:
            assert (torch.autograd.grad(logits[:, i, 0].sum(), condition, retain_graph=True)[0] != 0).all()


@pytest.mark.parametrize("conditional", [0, C])
def test_one_number_after_the_other_gives_the_logits_of_all_at_once(network, conditional):
    made = model(network, condition_dimension=conditional)
    condition = torch.randn(4, C, dtype=torch.float64) if conditional else None
    values, cache = torch.randn(4, D, dtype=torch.float64), made.network.new_cache()
    stepped = torch.stack([made.network.step(values[:, :i], condition, cache) for i in range(D)], dim=1)
    torch.testing.assert_close(stepped, made.network(values, condition), atol=1e-12, rtol=0)


def test_probabilities_of_all_sequences_sum_to_one(network):
    made = model(network, dimension=3, bins=5)
    sequences = torch.cartesian_prod(*[torch.arange(5)] * 3)
    assert float(made.token_log_prob(sequences).detach().sum(-1).exp().sum()) == pytest.approx(1, abs=1e-12)


def test_the_density_integrates_to_one_tails_included(network):
    made = model(network, dimension=2, bins=5, bound=1.5, tail=0.4)
    line = torch.arange(-5, 5, 0.05, dtype=torch.float64) + 0.025  # middles of cells that no edge of a bin cuts
    grid = torch.cartesian_prod(line, line)
    with torch.no_grad():
        density = made.log_prob(grid).exp() * 0.05**2
    assert float(density.sum()) == pytest.approx(1, abs=2e-3)
    assert float(density[grid.abs().amax(1) > 1.5].sum()) > 0.05


def test_samples_follow_the_density(network):
    made = model(network, dimension=2, bins=4)
    tokens = made.sample_tokens(40_000, None, Decoding(), seeded())
    counted = (tokens[:, 0] * 4 + tokens[:, 1]).bincount(minlength=16) / 40_000
    pairs = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    torch.testing.assert_close(counted.double(), made.token_log_prob(pairs).sum(-1).exp().detach(), atol=0.01, rtol=0)


def test_without_chance_each_token_is_the_likeliest_given_those_before(network):
    made = model(network)
    greedy = made.sample_tokens(3, None, Decoding(temperature=0), seeded())
    assert torch.equal(greedy, made.logits(greedy).argmax(-1))
    assert torch.equal(greedy, made.sample_tokens(3, None, Decoding(top_k=1), seeded(1)))


def test_the_keywords_of_sample_reach_the_tokens(network):
    made = model(network)
    greedy = made.sample_tokens(3, None, Decoding(temperature=0), seeded())
    for keywords in ({"temperature": 0.0}, {"top_k": 1}, {"top_p": 1e-9}):
        assert torch.equal(made.quantiser.tokens(made.sample(3, rng=seeded(), **keywords)), greedy)


def test_perplexity_of_a_uniform_model_is_the_number_of_tokens(network):
    made = Autoregressive.from_config({"dimension": D, "network": network, "bins": 11})
    tokens = made.quantiser.tokens(torch.randn(50, D, generator=seeded()))
    assert perplexity(made.token_log_prob(tokens).sum(-1), D) == pytest.approx(11, rel=1e-5)


def test_the_entropy_of_a_markov_chain_is_reached(network):
    """Two tokens that stay with 0.9: the entropy rate is 0.325 nats, that of a fair coin 0.693."""
    steps, layers = {"transformer": (120, 1), "made": (300, 2)}[network]
    made = Autoregressive.from_config({"dimension": 8, "network": network, "bins": 4, "width": 32, "layers": layers})
    rng = seeded()
    tokens = chain(2000, 8, rng)
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        (-made.token_log_prob(tokens[torch.randint(2000, (200,), generator=rng)]).mean()).backward()
        optimizer.step()
    fresh = chain(2000, 8, seeded(1))
    rate = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    entropy = (math.log(2) + 7 * rate) / 8
    assert float(-made.token_log_prob(fresh).detach().mean()) == pytest.approx(entropy, abs=0.02)
    drawn = made.sample_tokens(2000, None, Decoding(), seeded(2))
    assert float((drawn[:, 1:] == drawn[:, :-1]).float().mean()) == pytest.approx(0.9, abs=0.03)


def chain(rows: int, length: int, rng: torch.Generator) -> torch.Tensor:
    """Tokens 1 and 2 [rows, length] of the Markov chain."""
    flips = torch.rand(rows, length, generator=rng) < torch.tensor([0.5, *[0.1] * (length - 1)])
    return 1 + flips.long().cumsum(1) % 2
