"""A checkpoint's network as an ONNX file, for runtimes without torch (ONNX Runtime, TensorRT, OpenVINO).

What is exported is the network that is called again and again. Samplers, refinement, gates and the verification of
trajectories stay here: an exported network's output is a proposal, never a verified trajectory.
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_card, load_checkpoint
from genmodels_ros.pipelines.exported_networks import PARTS, Part

LARGEST_DIFFERENCE = 1e-3  # between the file's outputs and the network's


@dataclass(frozen=True)
class Exported:
    """path of the file; largest difference between its outputs and the network's, on random input."""

    path: Path
    difference: float


def export_network(checkpoint: Path, out: Path, *, size: tuple[int, int] = (240, 320)) -> Exported:
    """Writes `out` (.onnx) and, beside it, .json that says what goes in and comes out.

    size: height and width of networks that take images. The file is run once and compared with the network.
    Raises GenModelsError: MODEL_UNAVAILABLE for a checkpoint that cannot be read or an export that differs,
    UNSUPPORTED for a model without an exporter or a missing library.
    """
    out, card = Path(out), load_card(checkpoint)
    if card.model not in PARTS:
        raise GenModelsError(ErrorCode.UNSUPPORTED, f"No export of a {card.model}; there is: {', '.join(PARTS)}.")
    if out.suffix != ".onnx":
        raise GenModelsError(ErrorCode.UNSUPPORTED, f"{out.name} must end in .onnx, the format that is written.")
    runtime = _runtime()
    model, card = load_checkpoint(checkpoint, card.model)
    part = PARTS[card.model](model.requires_grad_(False), size)
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(part, out)
    difference = _difference(part, runtime.InferenceSession(str(out), providers=["CPUExecutionProvider"]))
    if not difference <= LARGEST_DIFFERENCE:
        out.unlink()
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The exported network differs by {difference:.2g} from the one in {checkpoint}.",
        )
    out.with_suffix(".json").write_text(json.dumps(_about(part, card, difference), indent=2) + "\n")
    return Exported(out, difference)


def _runtime():
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  torch's exporter needs it
    except ImportError as error:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED, f"Export needs {error.name}: pip install onnx onnxscript onnxruntime."
        ) from error
    return onnxruntime


def _write(part: Part, out: Path) -> None:
    shapes = {
        name: {axis: torch.export.Dim(size, min=1) for axis, size in part.dynamic.get(name, {}).items()}
        for name in part.inputs
    }
    with torch.no_grad(), warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # torch's own, about its own code
        torch.onnx.export(
            part.network.eval(),
            tuple(part.inputs.values()),
            str(out),
            input_names=list(part.inputs),
            output_names=list(part.outputs),
            dynamic_shapes=tuple(shapes.values()),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Errors of a logger only: torch names every library that it does not need."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@torch.no_grad()
def _difference(part: Part, session) -> float:
    expected = part.network(*part.inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    made = session.run(None, {name: value.numpy() for name, value in part.inputs.items()})
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, made, strict=True))


def _about(part: Part, card: Card, difference: float) -> dict:
    fixed = {name: list(value.shape) for name, value in part.inputs.items()}
    for name, axes in part.dynamic.items():
        for axis, size in axes.items():
            fixed[name][axis] = size
    return {
        "model": card.model,
        "config": card.config,
        "checkpoint_sha256": card.sha256,
        "inputs": {
            n: {"shape": fixed[n], "dtype": str(v.dtype)[6:], "is": part.meaning[n]} for n, v in part.inputs.items()
        },
        "outputs": {name: {"is": part.meaning[name]} for name in part.outputs},
        "largest_difference": difference,
    }
