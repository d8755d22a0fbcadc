"""What each part of the world model is worth: `make ablation` trains variants alike and prints their cards."""

import sys
from pathlib import Path

from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import Card, load_card

MEASURES = {
    "scan_error_1.0s": "scan 1 s ahead, commands [m]",
    "scan_pose_given_error_1.0s": "scan 1 s ahead, motion given [m]",
    "pose_error": "position 2 s ahead [m]",
    "collision_brier": "collision, Brier score",
}


def ablation_table(folder: Path) -> Table:
    """A row a checkpoint in `folder`, by name. Raises GenModelsError(MODEL_UNAVAILABLE) for one without a card."""
    cards = {path.parent.name: load_card(path.parent) for path in sorted(Path(folder).glob("*/card.json"))}
    rows = tuple((name, card.steps, *_values(card)) for name, card in cards.items())
    return Table("Variants of the world model on held-out floors", ("variant", "steps", *MEASURES.values()), rows)


def _values(card: Card) -> list[float]:
    return [float(card.metrics[name]) for name in MEASURES]


if __name__ == "__main__":
    print(ablation_table(Path(sys.argv[1])).markdown())
