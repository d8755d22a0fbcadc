"""Checkpoint cards → ModelInfo."""

import json
from dataclasses import asdict

from genmodels_interfaces.msg import ModelInfo


def to_model_info(card, family: str, checkpoint: str, num_parameters: int, device: str, precision: str) -> ModelInfo:
    """The message of a loaded checkpoint's Card."""
    return ModelInfo(
        name=card.model,
        family=family,
        checkpoint=checkpoint,
        checkpoint_sha256=card.sha256,
        num_parameters=num_parameters,
        device=device,
        precision=precision,
        card=json.dumps(asdict(card)),
    )
