"""What is offered for export can be called as it says, and every name of it is explained."""

import pytest
import torch

from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.pipelines.exported_networks import PARTS

SHIPPED = {
    "trajectory_diffusion": "panda_diffusion",
    "scan_world_model": "floor_world_model",
    "image_translation_gan": "camera_gan",
    "segmenter": "camera_segmenter",
    "family": "panda_inverse_kinematics",
}


def test_there_is_a_model_of_each_kind():
    assert SHIPPED.keys() == PARTS.keys()


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_takes_its_inputs_and_gives_its_outputs_as_explained(kind):
    model, _ = load_checkpoint(shipped(SHIPPED[kind]), kind)
    part = PARTS[kind](model.eval(), (48, 64))
    with torch.no_grad():
        made = part.network(*part.inputs.values())
    made = made if isinstance(made, tuple) else (made,)
    assert len(made) == len(part.outputs) and all(torch.isfinite(value).all() for value in made)
    assert {*part.inputs, *part.outputs} <= part.meaning.keys() and part.dynamic.keys() <= part.inputs.keys()
