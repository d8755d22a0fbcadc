"""The world model's laws, for any weights."""

import math

import pytest
import torch

from genmodels_ros.models.registry import model_class
from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.anchor import KNOTS, Motion, knot_weights
from genmodels_ros.models.world_model.fan import FAR, Fan, symlog
from genmodels_ros.models.world_model.model import RADIUS, TIME_STEP, State, clearance, cumulative
from genmodels_ros.models.world_model.tracks import FEATURES

RNG = torch.Generator().manual_seed(0)


@pytest.fixture(scope="module", params=["gaussian", "categorical"])
def model(request):
    torch.manual_seed(0)
    model = ScanWorldModel(beams=36, memory=16, latent=8, channels=8, sectors=6, kind=request.param).eval()
    for parameter in model.parameters():  # the output layers start at zero
        torch.nn.init.normal_(parameter, std=0.2)
    return model.requires_grad_(False)


def state(model, batch):
    shape = (batch, 16), (batch, 8), (batch, 2), (batch, 3)
    return State(*(torch.randn(*s, generator=RNG) for s in shape))


def anchor(model, batch=1, distance=2.0, moving=(), velocity=0.0, past=()):
    """A round room; the beams `moving` hit something that moves at `velocity` m/s along +x."""
    ranges = torch.full((batch, 36), distance)
    known = torch.ones(batch, 36, dtype=torch.bool)
    logits, path = torch.full((batch, 36), -9.0), torch.zeros(batch, 36, len(KNOTS), 2)
    for beam in moving:
        logits[:, beam] = 9.0
        path[:, beam, :, 0] = velocity * torch.tensor(KNOTS)
    return model.anchor(Fan(ranges, known, known), ranges, Motion(logits, path), list(past))


def actions(batch, steps, measured=0.0):
    twists = torch.randn(batch, steps, 2, generator=RNG) * 0.3
    return torch.cat([twists, torch.full((batch, steps, 1), measured)], -1)


def test_it_is_rebuilt_from_its_config(model):
    other = model_class("scan_world_model").from_config(model.config)
    other.load_state_dict(model.state_dict())
    assert other.config == model.config


def test_observe_and_imagine_share_their_dynamics(model):
    """Before seeing x_t, observing and imagining agree on h_t and on the prior of z_t."""
    start, action = state(model, 5), actions(5, 1)
    h, prior, _ = model.observe(start, action[:, 0], torch.randn(5, 16, generator=RNG))
    rollout = model.imagine(start, action, sample=False)
    assert torch.allclose(rollout.h[:, 0], h, atol=1e-6) and torch.allclose(rollout.z[:, 0], prior.mean, atol=1e-6)


def test_only_the_posterior_depends_on_what_is_seen(model):
    start, action = state(model, 3), actions(3, 1)[:, 0]
    first = model.observe(start, action, torch.zeros(3, 16))
    second = model.observe(start, action, torch.ones(3, 16))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1].mean, second[1].mean)
    assert not torch.allclose(first[2].mean, second[2].mean)


def test_a_future_can_be_cut_and_continued(model):
    start, plan = state(model, 4), actions(4, 8)
    whole = model.imagine(start, plan, sample=False)
    head = model.imagine(start, plan[:, :5], sample=False)
    assert torch.allclose(whole.poses[:, :5], head.poses, atol=1e-5)
    assert torch.allclose(whole.h[:, :5], head.h, atol=1e-6)


def test_draws_follow_the_generator(model):
    start, plan = state(model, 4), actions(4, 6)
    draw = lambda seed: model.imagine(start, plan, torch.Generator().manual_seed(seed)).z  # noqa: E731
    assert torch.equal(draw(1), draw(1)) and not torch.equal(draw(1), draw(2))


def test_measured_motion_is_taken_as_driven(model):
    plan = actions(4, 6, measured=1.0)
    rollout = model.imagine(state(model, 4), plan, sample=False)
    assert torch.allclose(rollout.poses, planar.drive(plan[..., :2], TIME_STEP), atol=1e-6)
    told = torch.cat([plan[..., :2], torch.zeros(4, 6, 1)], -1)
    assert not torch.allclose(model.imagine(state(model, 4), told, sample=False).poses, rollout.poses, atol=1e-3)


def test_position_uncertainty_never_shrinks(model):
    std = model.imagine(state(model, 8), actions(8, 10), sample=False).position_std
    assert (std > 0).all() and (std.diff(dim=1) >= 0).all()


def test_collision_probability_is_one_and_never_falls(model):
    rollout = model.imagine(state(model, 8), actions(8, 10), sample=False)
    probability = cumulative(model.hazard(rollout, anchor(model), actions(8, 10)[..., :2]))
    assert ((probability >= 0) & (probability <= 1)).all() and (probability.diff(dim=1) >= 0).all()


def test_cumulative_is_one_minus_the_product_of_survivals():
    logits = torch.randn(3, 5, generator=RNG)
    expected = 1 - torch.cumprod(1 - torch.sigmoid(logits), dim=1)
    assert torch.allclose(cumulative(logits), expected, atol=1e-6)
    assert cumulative(torch.full((1, 4), -80.0)).max() < 1e-6  # no rounding up of what is impossible


def test_clearance_is_distance_less_the_radius():
    poses = torch.tensor([[[0.0, 0, 0], [1.0, 0, 2.0]]])
    points = torch.tensor([[[2.0, 0.0], [FAR, FAR]]])[:, None]
    assert torch.allclose(clearance(poses, points), torch.tensor([[2 - RADIUS, 1 - RADIUS]]))


def test_moving_points_are_other_evidence_than_still_ones(model):
    rollout, twists = model.imagine(state(model, 2), actions(2, 5), sample=False), actions(2, 5)[..., :2]
    still, moving = anchor(model), anchor(model, moving=range(36), velocity=-0.5)
    assert not torch.allclose(model.hazard(rollout, still, twists), model.hazard(rollout, moving, twists))


def test_displacement_is_that_of_the_path_between_its_knots():
    ages = torch.tensor([0.0, 0.2, 0.4, 0.7, 1.0, 2.4, 2.8])
    path = torch.tensor([0.0, 1.0, 3.0, 4.0])  # at KNOTS
    expected = torch.tensor([0.0, 0.0, 0.0, 0.5, 1.0, 3.5, 4.0])
    assert torch.allclose(knot_weights(ages) @ path, expected, atol=1e-6)
    assert torch.allclose(knot_weights(torch.tensor([3.2])) @ path, torch.tensor([4.5]))  # on along the last piece


def test_what_moves_leaves_free_what_it_hid(model):
    """A mover two metres ahead goes away sideways: behind it stands what an earlier scan saw there."""
    far = torch.full((1, 36), 5.0)
    known = torch.ones(1, 36, dtype=torch.bool)
    ahead = range(17, 20)  # beam 18 looks along x
    start = anchor(model, moving=ahead, past=[Fan(far, known, known)])
    assert torch.allclose(start.seen.ranges, torch.full((1, 36), 2.0))
    path = start.path.clone()
    path[:, list(ahead), :, 0] = 0.0
    path[:, list(ahead), :, 1] = 3.0  # m to the left at every knot
    gone = type(start)(start.still, start.movers, start.points, path)
    behind, stood, moved = model.layers(gone, torch.zeros(1, 3), torch.tensor([0.4]))
    assert torch.allclose(behind.ranges[0, 17:20], torch.tensor([5.0]), atol=1e-4)
    assert torch.allclose(stood.ranges[0, 17:20], torch.tensor([2.0]), atol=1e-4)
    assert torch.allclose(moved.ranges[0, 17:20], torch.tensor([5.0]), atol=1e-4)


def test_the_track_is_what_the_encoder_starts_from():
    fresh = ScanWorldModel(beams=36, memory=16, latent=8, channels=8, sectors=6)
    tracks = torch.zeros(1, 36, FEATURES)
    tracks[0, 5, :2] = torch.tensor([0.6, -0.3])
    ranges, known = torch.full((1, 36), 2.0), torch.ones(1, 36, dtype=torch.bool)
    fan = Fan(ranges, known, known)
    with torch.no_grad():
        _, motion = fresh.encode(fan, [fan] * 3, tracks, torch.zeros(1, 2))
    expected = torch.tensor(KNOTS)[:, None] * torch.tensor([0.6, -0.3])
    assert torch.allclose(motion.path[0, 5], expected, atol=1e-6) and motion.path[0, 6].abs().max() == 0


def test_the_sketch_needs_nothing_but_the_state(model):
    sketched = model.sketch(torch.randn(3, 16, generator=RNG), torch.randn(3, 8, generator=RNG))
    assert sketched.ranges.shape == (3, 36) and (sketched.ranges >= 0).all() and (sketched.scale > 0).all()
    assert not torch.allclose(sketched.ranges[0], sketched.ranges[1])


def test_decoding_at_rest_starts_from_the_last_scan(model):
    fresh = ScanWorldModel(beams=36, memory=16, latent=8, channels=8, sectors=6)
    start = anchor(fresh, batch=2, distance=3.0)
    zero = torch.zeros(2)
    with torch.no_grad():
        decoded = fresh.decode(torch.randn(2, 16), torch.randn(2, 8), start, torch.zeros(2, 3), zero + 0.2, zero)
    assert torch.allclose(decoded.ranges, torch.full((2, 36), 3.0), atol=1e-3)


def test_beam_density_integrates_to_one(model):
    zero = torch.zeros(1)
    decoded = model.decode(torch.zeros(1, 16), torch.zeros(1, 8), anchor(model), torch.zeros(1, 3), zero + 0.2, zero)
    x = torch.linspace(-20, 20, 40001)
    beam = type(decoded)(decoded.median[:, :1], decoded.scale[:, :1], decoded.mix[:, :1], decoded.correction[:, :1])
    density = beam.log_prob(torch.sign(x) * torch.expm1(x.abs())).exp()  # over symlog ranges x
    assert float(density.sum() * (x[1] - x[0])) == pytest.approx(1, abs=0.01)
    assert symlog(torch.tensor(math.e - 1)) == pytest.approx(1.0, abs=1e-6)
