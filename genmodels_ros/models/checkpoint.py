"""Weights on disk: a folder with `model.safetensors` and a `card.json` that says where they come from.

Loading reads tensors and JSON only; nothing is ever unpickled. The card carries the SHA-256 of the weights and loading
compares it, so a damaged or exchanged file is refused instead of run.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import nn

from genmodels_ros import __version__
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.registry import model_class

WEIGHTS, CARD = "model.safetensors", "card.json"
SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: everything needed to rebuild the network, to train it again, and to judge it."""

    model: str  # registry name
    config: dict  # of the network
    data: dict = field(default_factory=dict)  # the data card: what it was trained on
    command: str = ""  # that trained it
    seed: int = 0
    steps: int = 0
    metrics: dict = field(default_factory=dict)
    version: str = __version__
    sha256: str = ""  # of the weights; filled in when saved


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def save_checkpoint(folder: Path, model: nn.Module, card: Card) -> Card:
    """Writes weights and card into `folder` (made if missing) and returns the card with its hash."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    card = Card(**{**asdict(card), "sha256": file_sha256(folder / WEIGHTS)})
    (folder / CARD).write_text(json.dumps(asdict(card), indent=2) + "\n")
    return card


def load_card(folder: Path) -> Card:
    """The card alone. Raises GenModelsError(MODEL_UNAVAILABLE) if it is missing or malformed."""
    path = Path(folder) / CARD
    try:
        return Card(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"No usable checkpoint card at {path}: {error}. Make one with 'genmodels train'.",
        ) from error


def load_checkpoint(folder: Path, expected_model: str) -> tuple[nn.Module, Card]:
    """Rebuilds the network on the CPU, in evaluation mode.

    Raises GenModelsError(MODEL_UNAVAILABLE) if a file is missing, damaged, holds another kind of model or no numbers.
    """
    folder = Path(folder)
    card = load_card(folder)
    if card.model != expected_model:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"{folder} holds a {card.model!r} model where {expected_model!r} is needed."
        )
    path = folder / WEIGHTS
    try:
        sha256 = file_sha256(path)
    except OSError as error:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"Cannot read {path}: {error.strerror}.") from error
    if sha256 != card.sha256:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"{path} does not match the hash in its card: copy or train it again."
        )
    try:
        model = model_class(card.model).from_config(card.config)
        model.load_state_dict(load_file(path))
    except Exception as error:  # a card's settings may be anything, and so what a network makes of them
        reason = " ".join(str(error).split())[:200]
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"{path} does not fit its card ({type(error).__name__}: {reason})."
        ) from error
    for name, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"{path} holds numbers that are not finite in {name}: train it again."
            )
    return model.eval(), card


def shipped(name: str) -> Path:
    """Folder of a checkpoint that comes with the package."""
    return SHIPPED / name
