"""Training the camera world model: windows tell the truth however they are varied, and a run resumes."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from genmodels_ros.data.image_drives import ImageDrive
from genmodels_ros.models.camera_world_model.frame_encoder import SIZE
from genmodels_ros.models.camera_world_model.motion_field import enlarge_positions, pixel_grid, sample
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training.mobile import camera_world_model as training
from genmodels_ros.training.mobile.camera_windows import STORED, CameraWindows, augment, stand
from genmodels_ros.training.mobile.image_losses import image_losses, ssim

SHIFT = 2  # pixels an image of 100 columns


def pan(count=40, name="pan"):
    rough = np.random.default_rng(0).integers(40, 216, (10, 50, 3), dtype=np.uint8)
    wall = cv2.resize(rough, (400, STORED[0]), interpolation=cv2.INTER_CUBIC)
    images = np.stack([wall[:, SHIFT * i : SHIFT * i + STORED[1]] for i in range(count)])
    actions = np.stack([np.full(count, 0.5), np.linspace(-1, 1, count)], 1)
    return ImageDrive(name, images, 0.05 * np.arange(count), actions, np.arange(count))


@pytest.fixture(scope="module")
def windows():
    return CameraWindows([pan()], 16)


def test_windows_are_the_drive(windows):
    assert len(windows) == 25
    window = windows.window(np.array([3]))
    assert window.images.shape == (1, 16, 3, *SIZE) and torch.allclose(window.seconds, torch.tensor(0.05))
    assert window.actions[0, :, 1].tolist() == pytest.approx(np.linspace(-1, 1, 40)[3:18])
    assert window.flow[..., 4:-4, 4:-4].mean(dim=(0, 1, 3, 4)).tolist() == pytest.approx(
        [2 * SHIFT / 100, 0], abs=0.003
    )


@pytest.mark.parametrize("seed", range(4))
def test_motion_still_fits_images_that_were_mirrored_and_cropped(windows, seed):
    raw = windows._raw([0, 5, 10, 20])
    window = augment(raw, torch.Generator().manual_seed(seed))
    now, before = window.images[:, 8], window.images[:, 7]
    positions = enlarge_positions(pixel_grid(*window.flow.shape[-2:], now) + window.flow[:, 7], *SIZE)
    inner = (slice(None), slice(None), slice(12, -12), slice(12, -12))
    moved = (sample(before, positions) - now)[inner].abs().mean()
    assert moved < 0.4 * (before - now)[inner].abs().mean()
    # A mirrored window turns the other way, and so does its motion; hidden actions are zero.
    turned = window.flow[:, 7, 0].mean((1, 2)).sign()
    steering = window.actions[:, -1, 1].sign()
    assert (steering * raw.actions[:, -1, 1].sign() == turned)[steering != 0].all() and (steering != 0).any()


def test_some_windows_stand_still(windows):
    raw = windows._raw(range(24))
    window = stand(raw, torch.Generator().manual_seed(0))
    still = (window.images == raw.images[:, :1]).flatten(1).all(1)
    assert 0 < still.sum() < 12 and (window.flow[still] == 0).all()
    assert torch.equal(window.images[~still], raw.images[~still]) and torch.equal(window.flow[~still], raw.flow[~still])


def test_losses_are_least_for_the_truth():
    image = torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(image, 5, 1, 2)
    zeros = torch.zeros_like(image)
    exact, other = (image_losses(predicted, image, zeros) for predicted in (image, blurred))
    assert all(exact[name] <= 1e-6 for name in ("coarse", "structure", "texture"))
    assert all(other[name] > exact[name] + 1e-3 for name in ("structure", "texture"))
    assert float(ssim(image, image)) == pytest.approx(1, abs=1e-5)


def test_the_last_tenth_of_each_recording_is_held_back():
    one, two = pan(50, "one"), pan(30, "two")
    tail = replace(pan(4, "one"), index=np.arange(50, 54))
    kept, held = training.hold_back([one, tail, two])
    assert [(d.name, len(d.images)) for d in held] == [("one", 4), ("one", 1), ("two", 3)]
    assert {name: sum(len(d.images) for d in kept if d.name == name) for name in ("one", "two")} == {
        "one": 49,
        "two": 27,
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_a_step_of_training_lowers_the_loss_on_its_window(windows, seed):
    torch.manual_seed(seed)
    model, rng = training.ImageWorldModel(), torch.Generator()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    window, values = windows.window(np.array([2, 9])), []
    for _ in range(12):
        terms = training.losses(model, window, rng.manual_seed(0))
        assert all(torch.isfinite(value) for value in terms.values())
        loss = sum(training.WEIGHTS[name] * value for name, value in terms.items())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert values[-1] < values[0]
    unused = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not unused


def test_a_run_resumes_and_writes_a_checkpoint_that_loads(tmp_path):
    tub = tmp_path / "tubs" / "pan"
    (tub / "images").mkdir(parents=True)
    lines = []
    for i, image in enumerate(pan(24).images):
        cv2.imwrite(str(tub / "images" / f"{i}.jpg"), image)
        lines.append(json.dumps({"_index": i, "_timestamp_ms": 50 * i, "cam/image_array": f"{i}.jpg"}))
    (tub / "catalog_0.catalog").write_text("\n".join(lines))
    settings = {"data": tmp_path / "tubs", "out": tmp_path / "out", "batch_size": 2}
    training.train(steps=1, **settings)
    card = training.train(steps=2, resume=True, **settings)
    assert card.steps == 2 and card.data["frames_trained_on"] == {"pan": 22}
    assert load_checkpoint(tmp_path / "out", "image_world_model")[1] == card
