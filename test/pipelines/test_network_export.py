"""An exported network gives what the network gives, at other sizes too, and says what goes in."""

import builtins
import json

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.network_export import export_network

SMALL = {"joints": 2, "control_points": 4, "path_features": 3, "obstacle_features": 5, "width": 16, "layers": 1}


@pytest.fixture
def denoiser(tmp_path):
    torch.manual_seed(0)
    model = TrajectoryDiffusion(**SMALL).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    save_checkpoint(tmp_path / "denoiser", model, Card("trajectory_diffusion", model.config))
    return model, tmp_path / "denoiser"


def session(path):
    return pytest.importorskip("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])


def test_a_denoiser_takes_other_numbers_of_samples_and_obstacles(denoiser, tmp_path):
    pytest.importorskip("onnxscript")
    model, folder = denoiser
    exported = export_network(folder, tmp_path / "denoiser.onnx")
    about = json.loads((tmp_path / "denoiser.json").read_text())
    assert about["inputs"]["x_t"]["shape"] == ["samples", 4, 2] and exported.difference < 1e-5
    rng = torch.Generator().manual_seed(1)
    x_t, condition = (
        torch.randn(9, 4, 2, generator=rng),
        Condition(
            torch.randn(1, 4, generator=rng),
            torch.randn(1, 4, 3, generator=rng),
            torch.randn(1, 2, 5, generator=rng),
            torch.ones(1, 2, dtype=torch.bool),
        ),
    )
    with torch.no_grad():
        expected = model(x_t, torch.tensor([7]), model.encode(condition)).numpy()
    inputs = {"x_t": x_t, "t": torch.tensor([7]), **vars(condition)}
    (made,) = session(exported.path).run(None, {name: value.numpy() for name, value in inputs.items()})
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_a_family_decodes_in_the_units_of_its_data(tmp_path):
    pytest.importorskip("onnxscript")
    torch.manual_seed(0)
    model = Standardised.of_family("vae", {"dimension": 3, "condition_dimension": 1, "latent": 2, "width": 8}).eval()
    rng = torch.Generator().manual_seed(0)
    model.measure(50 + 9 * torch.randn(40, 3, generator=rng), 5 + torch.randn(40, 1, generator=rng))
    save_checkpoint(tmp_path / "vae", model, Card("family", model.card_config))
    path = export_network(tmp_path / "vae", tmp_path / "vae.onnx").path
    z, condition = torch.randn(5, 2, generator=rng), torch.full((5, 1), 6.0)
    (made,) = session(path).run(None, {"z": z.numpy(), "condition": condition.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(made, model.decode(z, condition).numpy(), atol=1e-4)


def test_what_cannot_be_exported_is_said(denoiser, tmp_path, monkeypatch):
    folder = denoiser[1]
    with pytest.raises(GenModelsError, match=r"\.onnx"):
        export_network(folder, tmp_path / "denoiser.tflite")
    known = builtins.__import__

    def without_onnx(name, *arguments, **options):
        if name == "onnxruntime":
            raise ImportError("no", name=name)
        return known(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(GenModelsError, match="pip install onnx") as error:
        export_network(folder, tmp_path / "denoiser.onnx")
    assert error.value.code is ErrorCode.UNSUPPORTED and not (tmp_path / "denoiser.onnx").exists()
