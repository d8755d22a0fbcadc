"""The network keeps the forward process's symbols, learns a known distribution, and treats scenes as sets."""

import pytest
import torch

from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.sampling.samplers import ddim_step, sample

SMALL = {"joints": 2, "control_points": 4, "path_features": 3, "obstacle_features": 5, "width": 32, "layers": 2}


def condition(queries: int, obstacles: int = 3, seed: int = 0) -> Condition:
    rng = torch.Generator().manual_seed(seed)
    return Condition(
        endpoints=torch.randn(queries, 4, generator=rng),
        path_features=torch.randn(queries, 4, 3, generator=rng),
        obstacles=torch.randn(queries, obstacles, 5, generator=rng),
        obstacle_mask=torch.ones(queries, obstacles, dtype=torch.bool),
    )


@pytest.fixture
def model() -> TrajectoryDiffusion:
    """Random weights everywhere: a new network's last layer is zero and would hide what is tested."""
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def test_samples_that_share_a_query_equal_separate_queries(model):
    shared, x_t, t = condition(2), torch.randn(6, 4, 2), torch.full((6,), 40)
    repeated = Condition(**{k: getattr(shared, k).repeat_interleave(3, 0) for k in Condition.__dataclass_fields__})
    with torch.no_grad():
        together = model(x_t, t, model.encode(shared))
        apart = model(x_t, t, model.encode(repeated))
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-4)


def test_order_and_padding_of_obstacles_do_not_matter_but_obstacles_do(model):
    plain, x_t, t = condition(1), torch.randn(1, 4, 2), torch.tensor([40])
    order = [2, 0, 1]
    padded = Condition(
        plain.endpoints,
        plain.path_features,
        torch.cat([plain.obstacles[:, order], 100 * torch.ones(1, 2, 5)], dim=1),
        torch.tensor([[True, True, True, False, False]]),
    )
    fewer = Condition(plain.endpoints, plain.path_features, plain.obstacles[:, :2], plain.obstacle_mask[:, :2])
    with torch.no_grad():
        eps, same, other = (model(x_t, t, model.encode(c)) for c in (plain, padded, fewer))
    torch.testing.assert_close(eps, same, atol=1e-5, rtol=1e-4)
    assert (eps - other).abs().max() > 1e-3


def test_an_empty_scene_is_a_scene(model):
    with torch.no_grad():
        eps = model(torch.randn(2, 4, 2), torch.tensor([0, 99]), model.encode(condition(2, obstacles=0)))
    assert eps.isfinite().all()


def test_an_untrained_network_predicts_x_t_as_the_noise_scaled_for_v_equal_zero():
    """v = 0 means eps = sqrt(1 - alpha_bar) x_t and x_0 = sqrt(alpha_bar) x_t, the optimum for standard normal x_0."""
    model = TrajectoryDiffusion(**SMALL)
    x_t, t = torch.randn(8, 4, 2), torch.arange(0, 80, 10)
    eps = model(x_t, t, model.encode(condition(8)))
    alpha_bar = model.schedule.alpha_bar[t].reshape(-1, 1, 1)
    torch.testing.assert_close(eps, (1 - alpha_bar).sqrt() * x_t)
    torch.testing.assert_close(model.schedule.x_0_from_eps(x_t, t, eps), alpha_bar.sqrt() * x_t, atol=1e-4, rtol=1e-3)


def test_training_finds_both_ways_and_which_way_the_query_asks_for():
    """x_0 is +-1 at random where the query's first feature is positive and always 0 where it is negative."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    model = TrajectoryDiffusion(**SMALL)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(200):
        given = condition(128, seed=step)
        sign = torch.randint(0, 2, (128, 1, 1), generator=rng) * 2.0 - 1
        x_0 = torch.where(given.endpoints[:, :1, None] > 0, sign, 0.0).expand(128, 4, 2)
        optimizer.zero_grad()
        model.loss(x_0, given, rng).backward()
        optimizer.step()
    given = condition(2)
    given.endpoints[:, 0] = torch.tensor([1.0, -1.0])
    encoded = model.eval().encode(given)
    x_T = torch.randn(128, 4, 2, generator=rng)
    x_0 = sample(
        lambda x_t, t: model(x_t, t, encoded),
        x_T,
        model.schedule,
        step=ddim_step(),
        num_inference_steps=10,
        x_0_bound=3,
    ).mean((1, 2))
    two_ways, straight = x_0[:64], x_0[64:]
    assert straight.abs().mean() < 0.3
    assert (two_ways.abs() - 1).abs().mean() < 0.3
    assert 0.2 < (two_ways > 0).float().mean() < 0.8


def test_a_checkpoint_gives_the_same_network_back(model, tmp_path):
    model.scale.fill_(0.3)
    save_checkpoint(tmp_path, model, Card("trajectory_diffusion", {**model.config, "robot": "toy"}))
    loaded, card = load_checkpoint(tmp_path, "trajectory_diffusion")
    x_t, t = torch.randn(2, 4, 2), torch.tensor([3, 77])
    with torch.no_grad():
        torch.testing.assert_close(
            loaded(x_t, t, loaded.encode(condition(2))), model(x_t, t, model.encode(condition(2)))
        )
    assert card.config["robot"] == loaded.config["robot"] == "toy"
    assert torch.equal(loaded.scale, model.scale)
