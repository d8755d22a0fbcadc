"""Training of the world model: windows tell the truth, the losses are likelihoods, a stopped run goes on."""

import math

import numpy as np
import pytest
import torch

from genmodels_ros.data.episodes import Episodes, save_shard
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.anchor import KNOTS
from genmodels_ros.models.world_model.fan import circle
from genmodels_ros.training.mobile import world_model
from genmodels_ros.training.mobile.drive_windows import DriveWindows
from genmodels_ros.training.mobile.observed_windows import CONTEXT, HORIZON
from genmodels_ros.training.mobile.world_model import train
from genmodels_ros.training.mobile.world_model_losses import WEIGHTS, free_until, hazard_nll, losses

LENGTH = CONTEXT + HORIZON


def corridor(seed, steps=60):
    """A drive through an empty room of 10 x 6 m with one person who crosses it."""
    rng = np.random.default_rng(seed)
    twists = np.stack([np.full(steps, 0.3), rng.normal(0, 0.3, steps)], axis=1)
    poses = np.concatenate([np.zeros((1, 3)), planar.drive(torch.as_tensor(twists), 0.2).numpy()])[:-1]
    person = np.stack([np.full(steps, 2.5), -2 + 0.16 * np.arange(steps) % 4, np.full(steps, 0.3)], axis=1)
    angles = -np.pi + np.arange(360) * np.pi / 180
    scans = []
    for pose, who in zip(poses, person, strict=True):
        cos, sin = np.cos(angles + pose[2]), np.sin(angles + pose[2])
        with np.errstate(divide="ignore"):
            hits = [(5 - pose[0]) / cos, (-5 - pose[0]) / cos, (3 - pose[1]) / sin, (-3 - pose[1]) / sin]
        ranges = np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)
        dx, dy = who[:2] - pose[:2]
        along, off = dx * cos + dy * sin, np.abs(dy * cos - dx * sin)
        front = along - np.sqrt(np.maximum(0.09 - off**2, 0))
        scans.append(np.where((off < 0.3) & (along > 0), np.minimum(ranges, front), ranges))
    return Episodes(
        scan=np.array(scans, np.float16), odometry=poses.astype(np.float32), twist=twists.astype(np.float32),
        pose=poses.astype(np.float32), command=twists.astype(np.float32), touched=np.arange(steps) == 55,
        people=person[:, None].astype(np.float32), drive=np.zeros(steps, np.int32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("floor")
    for i in range(4):
        save_shard(folder / f"floor_{i:05d}.npz", corridor(i))
    return folder


@pytest.fixture(scope="module")
def drives(shards):
    return DriveWindows(sorted(shards.glob("floor_*.npz")), circle(180), LENGTH)


def test_actions_lead_from_row_to_row(drives):
    window = drives.window(drives.starts[:5])
    reached = planar.advance(window.truth[:, :-1], window.actions[:, :-1, :2], 0.2)
    assert torch.allclose(reached, window.truth[:, 1:], atol=1e-3)


def test_beams_that_hit_the_person_know_where_it_goes(drives):
    window = drives.window(drives.starts[::3])
    early = slice(0, LENGTH - 14)  # rows whose whole future lies in the window
    path, hit = window.path[:, early], window.fan.hit[:, early]
    gone = path.norm(dim=-1)  # [B, T, N, K]
    moving = gone[..., 0] > 0.04
    assert 0.005 < moving.float().mean() < 0.2
    steady = gone[moving][(gone[moving].diff(dim=-1) > 0.1).all(-1)]  # the person jumps back once
    steady = steady[steady[:, -1] > 2.0]
    assert torch.allclose(steady, 0.8 * torch.tensor(KNOTS).expand_as(steady), atol=0.05)
    # All of them lie on the person, who stays at x = 2.5 m in the map.
    angles = circle(180).angles()
    points = window.fan.ranges[..., None] * torch.stack([angles.cos(), angles.sin()], -1)
    there = planar.rotate(points, window.truth[:, :, None, 2].expand(points.shape[:-1]))
    there = (there + window.truth[:, :, None, :2])[:, early]
    assert (there[moving][:, 0] - 2.5).abs().max() < 0.45
    person = hit & (there[..., 0] - 2.5).abs().lt(0.25) & (there[..., 1].abs() < 2.2)  # not the walls at y = +-3
    assert moving[person].float().mean() > 0.9
    # Turned back into the map, the way leads along y.
    row = path[0, 3][moving[0, 3]][:, 0]
    world = planar.rotate(row, window.truth[0, 3, 2].expand(len(row)))
    assert world[:, 0].abs().max() < 0.02


def test_tracks_follow_the_person_and_are_kept_beside_the_shard(drives, shards):
    window = drives.window(drives.starts[::5])
    moving = window.path[:, 6, :, 0].norm(dim=-1) > 0.04
    tracked = window.tracks[:, 6, :, :2]
    speed = tracked[moving].norm(dim=-1)
    assert 0.5 < float(speed.median()) < 1.1
    assert window.tracks[~window.seen.hit].abs().max() == 0
    kept = sorted(shards.glob("tracks_*.npz"))
    assert len(kept) == 4
    before = kept[0].stat().st_mtime_ns
    kept[1].write_bytes(b"not whole")
    again = DriveWindows(sorted(shards.glob("floor_*.npz")), circle(180), LENGTH)
    assert kept[0].stat().st_mtime_ns == before and kept[1].stat().st_size > 100
    assert torch.equal(again.window(drives.starts[::5]).tracks, window.tracks)


def test_windows_hide_a_sector_only_from_what_is_seen(drives):
    window = drives.sample(64, torch.Generator().manual_seed(0))
    hidden = window.fan.known & ~window.seen.known
    short = window.fan.hit & ~window.seen.hit & window.seen.known  # a lidar that does not reach as far
    assert short.any() and window.fan.ranges[short].min() > 4.0
    assert hidden.any() and window.fan.known.float().mean() > 0.95
    angles = circle(180).angles().abs()
    assert angles[hidden.any(0).any(0)].min() > math.radians(69)
    flags = window.actions[..., 2]
    assert 0.1 < flags[:, -1].mean() < 0.45 and (flags[:, 0] >= flags[:, -1]).all()


def test_hazard_likelihood_is_that_of_the_first_touch():
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    touched = torch.tensor([[0, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.bool)
    hazard = torch.sigmoid(logits)
    survive = lambda row, n: torch.log(1 - hazard[row, :n]).sum()  # noqa: E731
    log_likelihood = survive(0, 2) + hazard[0, 2].log() + survive(1, 5)  # the third began in contact
    nll = hazard_nll(logits, touched, torch.tensor([False, False, True]))
    assert float(nll) == pytest.approx(float(-log_likelihood / 8), rel=1e-4)
    assert free_until(touched).tolist()[0] == [True, True, True, False, False]


def test_losses_are_finite_and_reach_every_network(drives):
    torch.manual_seed(0)
    model = world_model.ScanWorldModel()
    rng = torch.Generator().manual_seed(1)
    for attempt in range(2):  # output layers start at zero: after one step everything takes part
        terms = losses(model, drives.sample(8, rng), rng)
        loss = sum(WEIGHTS[name] * value for name, value in terms.items())
        model.zero_grad()
        loss.backward()
        assert torch.isfinite(loss)
        if attempt == 0:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.01 * torch.sign(parameter.grad if parameter.grad is not None else torch.zeros(()))
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_a_stopped_run_goes_on_and_ends_as_one_that_was_not(shards, tmp_path, monkeypatch):
    monkeypatch.setattr(world_model, "SAVE_EVERY", 2)
    arguments = {"data": shards, "batch_size": 4, "seed": 3}
    train(out=tmp_path / "whole", steps=4, **arguments)

    class Stop(Exception):
        pass

    original = world_model.progress

    def stopping(first, last, name):
        for step in original(first, last, name):
            if step == 3:
                raise Stop
            yield step

    monkeypatch.setattr(world_model, "progress", stopping)
    with pytest.raises(Stop):
        train(out=tmp_path / "parts", steps=4, **arguments)
    monkeypatch.setattr(world_model, "progress", original)
    card = train(out=tmp_path / "parts", steps=4, resume=True, **arguments)
    whole, _ = load_checkpoint(tmp_path / "whole", "scan_world_model")
    parts, _ = load_checkpoint(tmp_path / "parts", "scan_world_model")
    assert card.steps == 4 and card.data["validation_floors"] == 1
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
