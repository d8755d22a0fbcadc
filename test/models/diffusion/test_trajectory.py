"""The network keeps the forward process's symbols, learns a known distribution, and treats scenes as sets."""

import pytest
import torch

from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS, predicted, signal_and_noise
from genmodels_ros.sampling.reverse_process import inference_steps, sample
from genmodels_ros.sampling.samplers import ddim_step
from genmodels_ros.sampling.schedules import SCHEDULES

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
    shared, x_t = condition(2), torch.randn(6, 4, 2)
    repeated = Condition(**{k: getattr(shared, k).repeat_interleave(3, 0) for k in Condition.__dataclass_fields__})
    with torch.no_grad():
        together = model(x_t, torch.full((2,), 40), model.encode(shared))
        apart = model(x_t, torch.full((6,), 40), model.encode(repeated))
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


def test_an_untrained_network_predicts_the_optimum_for_standard_normal_data():
    """v = 0, so x_0 = alpha x_t."""
    model = TrajectoryDiffusion(**SMALL)
    x_t, t = torch.randn(8, 4, 2), torch.arange(0, 80, 10)
    level = model.schedule.at(t, x_t)
    x_0, eps = signal_and_noise("v", model(x_t, t, model.encode(condition(8))), x_t, *level)
    torch.testing.assert_close(x_0, level[0] * x_t, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(eps, level[1] * x_t, atol=1e-5, rtol=1e-5)


def test_an_unknown_prediction_is_refused():
    with pytest.raises(ValueError, match="eps, x_0, v, flow"):
        TrajectoryDiffusion(**SMALL, prediction="score")


def draw(model, given, count, **options):
    """[Q x count, n, D]"""
    rng, steps = torch.Generator().manual_seed(0), inference_steps(100, 10)
    with torch.no_grad():
        denoiser = model.eval().denoiser(given, steps, **options)
        x_T = torch.randn(len(given.endpoints) * count, 4, 2, generator=rng)
        return sample(
            denoiser, x_T, model.schedule, steps, sampler=ddim_step(), prediction=model.prediction, x_0_bound=3
        )


def train(model, num_steps, x_0_given, **options):
    """On queries whose answer is x_0_given(condition, rng)."""
    rng = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(num_steps):
        given = condition(64, seed=step)
        optimizer.zero_grad()
        model.loss(x_0_given(given, rng), given, rng, **options).backward()
        optimizer.step()


def two_ways_or_straight(given, rng):
    """x_0 is +-1 at random where the query's first feature is positive and always 0 where it is negative."""
    sign = torch.randint(0, 2, (64, 1, 1), generator=rng) * 2.0 - 1
    return torch.where(given.endpoints[:, :1, None] > 0, sign, 0.0).expand(64, 4, 2)


@pytest.mark.parametrize("prediction, schedule", [("v", "cosine"), ("flow", "flow")])
def test_training_finds_both_ways_and_which_way_the_query_asks_for(prediction, schedule):
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL, prediction=prediction, schedule=schedule)
    train(model, 200, two_ways_or_straight)
    given = condition(2)
    given.endpoints[:, 0] = torch.tensor([1.0, -1.0])
    x_0 = draw(model, given, 64).mean((1, 2))
    two_ways, straight = x_0[:64], x_0[64:]
    assert straight.abs().mean() < 0.3
    assert (two_ways.abs() - 1).abs().mean() < 0.3
    assert 0.2 < (two_ways > 0).float().mean() < 0.8


@pytest.mark.parametrize("prediction", PARAMETERISATIONS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_loss_is_zero_for_a_network_that_knows(prediction, schedule, monkeypatch):
    """Where x_0 is a constant, x_t tells the noise, and each parameterisation its prediction."""
    model = TrajectoryDiffusion(**SMALL, prediction=prediction, schedule=schedule)
    x_0 = torch.full((16, 4, 2), 0.7)

    def knowing(x_t, modulation, encoded, look):
        t = torch.randint(100, (16,), generator=torch.Generator().manual_seed(5))
        alpha, sigma = model.schedule.at(t, x_t)
        return predicted(prediction, x_0, (x_t - alpha * x_0) / sigma, alpha, sigma)

    monkeypatch.setattr(model, "denoise", knowing)
    assert model.loss(x_0, condition(16), torch.Generator().manual_seed(5)) < 1e-6


def test_all_steps_at_once_equal_step_by_step(model):
    given, x_t = condition(2), torch.randn(6, 4, 2)
    with torch.no_grad():
        denoiser = model.denoiser(given, [80, 30, 0])
        for t in (80, 30, 0):
            expected = model(x_t, torch.full((2,), t), model.encode(given))
            torch.testing.assert_close(denoiser(x_t, t, None), expected, atol=1e-5, rtol=1e-4)


def test_guidance_of_scale_one_is_none_and_of_scale_zero_ignores_the_obstacles():
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL, condition_dropout=0.1).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    one, other = condition(2), condition(2, seed=1)
    other.endpoints[:] = one.endpoints
    x_t = torch.randn(6, 4, 2)
    with torch.no_grad():

        def predict(given, scale):
            return model.denoiser(given, [50], guidance_scale=scale)(x_t, 50, None)

        torch.testing.assert_close(predict(one, 1.0), model(x_t, torch.full((2,), 50), model.encode(one)))
        torch.testing.assert_close(predict(one, 0.0), predict(other, 0.0), atol=1e-5, rtol=1e-4)
        assert (predict(one, 1.0) - predict(other, 1.0)).abs().max() > 1e-2
        blend = 3 * predict(one, 1.0) - 2 * predict(one, 0.0)
        torch.testing.assert_close(predict(one, 3.0), blend, atol=1e-4, rtol=1e-3)


def test_dropped_conditions_teach_what_paths_look_like_in_general():
    """The obstacles' features decide the side; a network that does not see them draws both sides."""
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL, condition_dropout=0.3)
    train(model, 250, lambda given, rng: given.path_features[:, :1, :1].sign().expand(64, 4, 2))
    given = condition(1)
    given.path_features[:] = given.path_features[:, :1].abs()
    seen, unseen = draw(model, given, 128).mean((1, 2)), draw(model, given, 128, guidance_scale=0.0).mean((1, 2))
    assert (seen > 0).float().mean() > 0.9
    assert 0.2 < (unseen > 0).float().mean() < 0.8


def side_to_the_obstacle(deviation):
    """A toy geometry: +-1, the side on which a path lies."""
    return deviation.mean((-1, -2), keepdim=True).sign().expand(*deviation.shape[:-1], 1)


def test_self_conditioning_uses_the_geometry_of_the_estimate_before():
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL, geometry_features=1)
    train(model, 60, two_ways_or_straight, geometry=side_to_the_obstacle)
    assert model.embed_look[0].weight.grad.abs().sum() > 0
    given, calls = condition(1), []
    model.scale.fill_(0.5)

    def geometry(deviation):
        calls.append(deviation.clone())
        return side_to_the_obstacle(deviation)

    one = draw(model, given, 8, geometry=geometry)
    other = draw(model, given, 8, geometry=lambda deviation: -side_to_the_obstacle(deviation))
    assert len(calls) == 9 and calls[0].shape == (1, 8, 4, 2)
    assert (one - other).abs().max() > 1e-3
    torch.testing.assert_close(calls[-1][0], 0.5 * one, atol=0.3, rtol=0)


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
