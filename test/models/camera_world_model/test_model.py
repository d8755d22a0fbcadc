"""What the camera world model must do whatever its weights are."""

import time

import pytest
import torch

from genmodels_ros.models.camera_world_model import ImageWorldModel
from genmodels_ros.models.camera_world_model.frame_encoder import GRID, SIZE, Motion
from genmodels_ros.models.camera_world_model.model import State
from genmodels_ros.models.camera_world_model.motion_field import compose, pixel_grid


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return ImageWorldModel().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def seen(model):
    """State and anchor after one step between two images."""
    images = torch.rand(2, 2, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    seconds = torch.full((2,), 0.05)
    frame = model.encoder(images[1], Motion.measured(images[1], images[0], seconds))
    h, _, posterior = model.observe(model.initial(2), torch.zeros(2, 2), seconds, frame.summary)
    return State(h, posterior.mean), model.anchor(frame, images[1]), frame, images[1]


def test_an_untrained_model_lets_the_measured_motion_go_on(model, seen):
    state, anchor, frame, _ = seen
    seconds = torch.full((2, 3), 0.1)
    rollout = model.imagine(state, anchor, torch.zeros(2, 3, 2), seconds, sample=False)
    first = 2 * frame.motion.rate
    assert torch.allclose(rollout.flow[:, 0], first, atol=1e-5)
    assert torch.allclose(rollout.positions[:, 0], pixel_grid(*GRID, first) + first, atol=1e-5)
    assert torch.allclose(rollout.positions[:, 1], compose(rollout.positions[:, 0], rollout.flow[:, 1]), atol=1e-5)
    assert torch.allclose(rollout.age[0], torch.tensor([0.1, 0.2, 0.3]))


def test_an_untrained_decoder_keeps_the_image(model, seen):
    state, anchor, _, image = seen
    grid = pixel_grid(*GRID, image).expand(2, -1, -1, -1)
    fields = model.decode(state.h, state.z, anchor, grid, torch.zeros(2))
    predicted = fields.render(image)
    assert (predicted - image).abs().mean() < 0.1 * (image.mean() - image).abs().mean()
    big = torch.rand(2, 3, 120, 160)
    assert fields.render(big).shape == big.shape and fields.std(120, 160).shape == (2, 120, 160)


def test_log_prob_is_a_density(model, seen):
    state, anchor, _, image = seen
    fields = model.decode(state.h, state.z, anchor, pixel_grid(*GRID, image).expand(2, -1, -1, -1), torch.zeros(2))
    predicted = fields.render(image)
    values = torch.linspace(-3, 4, 701)
    density = [fields.log_prob(predicted, torch.full_like(image, float(v)))[0, 0, 30, 40].exp() for v in values]
    assert float(sum(density) * (values[1] - values[0])) == pytest.approx(1, abs=0.02)


def test_mean_is_repeatable_and_draws_follow_their_generator(model, seen):
    state, anchor, *_ = seen

    def ask(seed, sample):
        rng = torch.Generator().manual_seed(seed)
        return model.imagine(state, anchor, torch.zeros(2, 2, 2), torch.full((2, 2), 0.05), rng, sample).z

    assert torch.equal(ask(0, False), ask(1, False))
    assert torch.equal(ask(5, True), ask(5, True)) and not torch.equal(ask(5, True), ask(6, True))


def test_rebuilt_from_its_config(model):
    again = ImageWorldModel.from_config(model.config)
    again.load_state_dict(model.state_dict())
    assert again.config == model.config


def test_a_step_is_fast(model, seen):
    _, _, _, images = seen
    images, seconds, times = images[:1], torch.full((1,), 0.05), []
    for _ in range(15):
        start = time.process_time()
        frame = model.encoder(images, Motion.measured(images, images.flip(-1), seconds))
        model.observe(model.initial(1), torch.zeros(1, 2), seconds, frame.summary)
        model.anchor(frame, images)
        times.append(time.process_time() - start)
    assert min(times) < 0.025
