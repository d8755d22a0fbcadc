"""Codes, players and settings of the GAN of vectors."""

import torch

from genmodels_ros.models.gan import vectors
from genmodels_ros.models.gan.vectors import VectorGAN
from genmodels_ros.training.gan_objectives import OBJECTIVES, gradient_penalty


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(**settings) -> VectorGAN:
    torch.manual_seed(0)
    return VectorGAN.from_config({"dimension": 3, **settings}).eval()


def test_the_names_of_the_objectives_are_those_of_the_game():
    assert set(vectors.OBJECTIVES) == set(OBJECTIVES)


def test_a_code_is_signs_and_normal_numbers():
    code = make(signs=2, normals=3).code(4000, seeded())
    assert code.shape == (4000, 5) and (code[:, :2].abs() == 1).all()
    torch.testing.assert_close(code.mean(0), torch.zeros(5), atol=0.07, rtol=0)
    torch.testing.assert_close(code.std(0), torch.ones(5), atol=0.07, rtol=0)


def test_signs_can_leave_a_gap_that_a_connected_code_cannot():
    """With weights that read the sign alone G jumps; along the normal numbers it is continuous."""
    model = make(signs=1, normals=1, layers=1)
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.zero_()
        model.generator.network[0].weight[:, 0] = 1
        model.generator.network[2].weight[:] = 0.1
        made = model.sample(500, rng=seeded())[:, 0]
    assert len(made.unique()) == 2


def test_the_generator_hands_the_condition_on_as_it_is():
    model, c = make(condition_dimension=2), torch.randn(6, 2, generator=seeded())
    joint = model.generator(torch.cat([model.code(6, seeded()), c], dim=1))
    assert joint.shape == (6, 5) and torch.equal(joint[:, 3:], c)


def test_the_discriminator_depends_on_the_condition_but_is_not_penalised_for_it():
    model = make(condition_dimension=2)
    joint = torch.randn(6, 5, generator=seeded())
    other = torch.cat([joint[:, :3], joint[:, 3:] + 1], dim=1)
    assert not torch.allclose(model.discriminator(joint), model.discriminator(other))
    joint.requires_grad_(True)
    (gradient,) = torch.autograd.grad(model.discriminator(joint).sum(), joint)
    assert (gradient[:, 3:] == 0).all() and (gradient[:, :3] != 0).any()
    assert gradient_penalty(model.discriminator, joint).isfinite()
