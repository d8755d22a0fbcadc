"""A student's one or two steps are nearer to the data than its teacher's; it keeps the contract; who cannot teach."""

from dataclasses import asdict

import pytest
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.distribution.sliced_wasserstein import sliced_wasserstein
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.diffusion import VectorDiffusion
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.families.few_steps import Lesson, distil
from genmodels_ros.training.fitting import FitOptions, fit

SMALL = {"width": 48, "layers": 2, "inference_steps": 10}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_clusters(rows: int = 1000, seed: int = 0) -> Vectors:
    rng = seeded(seed)
    sign = 2.0 * torch.randint(2, (rows, 1), generator=rng) - 1
    return Vectors(50 + 10 * sign + torch.randn(rows, 2, generator=rng), None, (2,))


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    options = FitOptions(steps=400, batch_size=128, learning_rate=3e-3, device="cpu", looks=4)
    teacher = fit("diffusion", two_clusters(), SMALL, options)
    out = tmp_path_factory.mktemp("student")
    options = FitOptions(steps=200, batch_size=128, learning_rate=3e-3, device="cpu", looks=4, out=out)
    return teacher, distil(teacher.model, teacher.card, two_clusters(), options), out


def in_steps(model: Standardised, **settings) -> Standardised:
    """The same weights, sampled otherwise."""
    core = VectorDiffusion.from_config(asdict(model.core.config) | settings)
    again = Standardised("diffusion", core)
    again.load_state_dict(model.state_dict())
    return again.eval()


@pytest.mark.parametrize("steps", [1, 2])
def test_few_steps_of_the_student_are_nearer_to_the_data_than_the_teachers(taught, steps):
    real, distances = two_clusters(seed=1).x, []
    for model, sampler in ((taught[1].model, "consistency"), (taught[0].model, "dpm_solver")):
        made = in_steps(model, sampler=sampler, inference_steps=steps).sample(1000, rng=seeded())
        distances.append(sliced_wasserstein(made, real, seeded()))
    assert distances[0] < 0.2 * distances[1]


def test_the_student_ends_where_its_teacher_does(taught):
    teacher, student = taught[0].model, taught[1].model
    made, wanted = (model.sample(500, rng=seeded()) for model in (student, teacher))
    assert ((made - wanted).square().mean() / wanted.var()) < 0.1


def test_a_student_has_no_density_and_says_so_and_is_loaded_as_what_it_is(taught):
    student, card = load_checkpoint(taught[2], "family")
    assert student.likelihood == "none" and not student.can("log_prob") and not student.can("loss")
    for call in (student.log_prob, lambda x: student.core.score(x, 3)):
        with pytest.raises(GenModelsError) as error:
            call(torch.zeros(2, 2))
        assert error.value.code is ErrorCode.UNSUPPORTED
    torch.testing.assert_close(student.sample(5, rng=seeded()), taught[1].model.sample(5, rng=seeded()))
    assert card.config["sampler"] == "consistency" and card.data["rows"] == 1000


def test_the_loss_is_zero_for_a_student_that_knows_the_end_of_every_curve(taught, monkeypatch):
    """A teacher of N(m, s²): the curve through x_t ends at m + s (x_t - alpha m) / sqrt(alpha² s² + sigma²)."""
    m, s = 0.4, 0.5
    teacher = in_steps(taught[0].model, inference_steps=100, sampler="heun")
    lesson = Lesson(teacher, 1).train()

    def optimal(x_t, t, x_0=None):
        alpha, sigma = lesson.core.schedule.at(t, x_t)
        mean = m + alpha * s**2 * (x_t - alpha * m) / (alpha**2 * s**2 + sigma**2)
        return alpha * (x_t - alpha * mean) / sigma - sigma * mean  # v

    def ends(x_t, t, c=None):
        alpha, sigma = lesson.core.schedule.at(t, x_t)
        return m + s * (x_t - alpha * m) / (alpha**2 * s**2 + sigma**2).sqrt(), None

    monkeypatch.setattr(lesson.teacher, "denoiser", lambda c: optimal)
    x = lesson.centre + lesson.spread * (m + s * torch.randn(64, 2, generator=seeded(3)))
    untaught = lesson.loss(x, None, seeded())
    monkeypatch.setattr(lesson.core, "estimate", ends)
    assert lesson.loss(x, None, seeded()) < 1e-3 < 0.02 * untaught
    assert lesson.eval().loss(x, None, seeded()) < 1e-3


def test_the_gradient_reaches_the_student_alone(taught):
    lesson = Lesson(taught[0].model, 1).train()
    lesson.loss(two_clusters(64).x, None, seeded()).backward()
    assert all(parameter.grad is not None for parameter in lesson.parameters())
    assert all(parameter.grad is None for parameter in lesson.teacher.parameters())
    assert len(lesson.state_dict()) == len(taught[0].model.state_dict())


@pytest.mark.parametrize("settings", [{"prediction": "eps"}, {"sampler": "ddpm"}, {"sampler": "consistency"}])
def test_who_cannot_teach_is_refused(settings, taught):
    teacher = Standardised.of_family("diffusion", {"dimension": 2, **settings})
    with pytest.raises(GenModelsError) as error:
        distil(teacher, taught[0].card, two_clusters())
    assert error.value.code is ErrorCode.UNSUPPORTED


def test_fitting_for_the_consistency_sampler_without_a_teacher_is_refused():
    with pytest.raises(GenModelsError) as error:
        fit("diffusion", two_clusters(), {"sampler": "consistency"}, FitOptions(steps=2, device="cpu"))
    assert error.value.code is ErrorCode.UNSUPPORTED and "distill" in error.value.message
