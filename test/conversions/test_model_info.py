"""What a node runs, as a client reads it."""

import json

from genmodels_ros.conversions.model_info import to_model_info
from genmodels_ros.models.checkpoint import load_card, shipped


def test_the_card_travels_whole():
    card = load_card(shipped("camera_gan"))
    info = to_model_info(card, "gan", "/somewhere", 123, "cpu", "float32")
    assert (info.name, info.checkpoint_sha256) == (card.model, card.sha256)
    assert (info.family, info.checkpoint, info.num_parameters) == ("gan", "/somewhere", 123)
    told = json.loads(info.card)
    assert told["command"] == card.command and told["metrics"] == card.metrics and told["seed"] == card.seed
