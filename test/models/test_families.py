"""Every family keeps the contract of models/family.py, fitted or not: a new one is tested by being registered."""

import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.family import FamilyConfig
from genmodels_ros.models.registry import FAMILIES, family_class
from genmodels_ros.models.standardised import Standardised

D, C, N = 3, 2, 64


@pytest.fixture(params=FAMILIES)
def family(request) -> str:
    return request.param


def model(family: str, condition_dimension: int = 0, seed: int = 0) -> Standardised:
    torch.manual_seed(seed)
    made = Standardised.of_family(family, {"dimension": D, "condition_dimension": condition_dimension})
    rng = torch.Generator().manual_seed(1)
    condition = torch.randn(N, C, generator=rng) + 4 if condition_dimension else None
    made.measure(5 + 10 * torch.randn(N, D, generator=rng), condition)
    return made.eval()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_seed_reproduces_samples_and_another_does_not(family):
    one, same, other = (model(family).sample(8, rng=seeded(seed)) for seed in (3, 3, 4))
    assert one.shape == (8, D) and one.isfinite().all()
    torch.testing.assert_close(one, same, atol=0, rtol=0)
    assert not torch.equal(one, other)


def test_samples_do_not_touch_the_global_generator(family):
    made = model(family)
    before = torch.random.get_rng_state()
    made.sample(4, rng=seeded())
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_checkpoint_gives_the_same_model_again(family, tmp_path):
    made = model(family, C)
    save_checkpoint(tmp_path, made, Card(model="family", config=made.card_config))
    again, card = load_checkpoint(tmp_path, "family")
    assert card.config["family"] == family
    c = torch.zeros(C)
    torch.testing.assert_close(again.sample(5, c, rng=seeded()), made.sample(5, c, rng=seeded()), atol=0, rtol=0)


def test_one_condition_for_all_equals_the_same_for_each(family):
    made, c = model(family, C), torch.tensor([4.0, 5.0])
    torch.testing.assert_close(made.sample(6, c, rng=seeded()), made.sample(6, c.expand(6, C), rng=seeded()))


def test_density_is_in_the_units_of_the_data(family):
    """Scaling the data by 10 in D columns lowers every log-density by D log 10."""
    made = model(family)
    if not made.can("log_prob"):
        pytest.skip(f"{family} has no density")
    x = made.sample(10, rng=seeded())
    with torch.no_grad():
        density = made.log_prob(x)
        shifted = made.centre.clone()
        made.spread *= 10
        made.centre.copy_(10 * shifted)
        scaled = made.log_prob(10 * x)
    assert density.shape == (10,)
    torch.testing.assert_close(scaled, density - D * torch.log(torch.tensor(10.0)), atol=1e-3, rtol=1e-4)


def test_density_of_a_row_does_not_depend_on_its_neighbours(family):
    made = model(family)
    if not made.can("log_prob") or made.likelihood == "bound":
        pytest.skip(f"{family} has no density of its own, or draws for it")
    x = made.sample(6, rng=seeded())
    with torch.no_grad():
        torch.testing.assert_close(made.log_prob(x)[2:3], made.log_prob(x[2:3]), atol=1e-4, rtol=1e-4)


def test_latents_come_back_to_vectors(family):
    made = model(family)
    if not made.can("encode"):
        pytest.skip(f"{family} has no latent")
    x = made.sample(6, rng=seeded())
    with torch.no_grad():
        z = made.encode(x)
        back = made.decode(z)
    assert len(z) == 6 and back.shape == x.shape
    torch.testing.assert_close(back, made.reconstruct(x).detach(), atol=1e-3, rtol=1e-3)


def test_what_a_family_cannot_do_it_says(family):
    made = model(family)
    for ability in ("log_prob", "encode"):
        if not made.can(ability):
            with pytest.raises(GenModelsError) as error:
                getattr(made, ability)(torch.zeros(2, D))
            assert error.value.code is ErrorCode.UNSUPPORTED
    assert made.can("log_prob") == (made.likelihood != "none")


@pytest.mark.parametrize("settings", [{"dimension": 0}, {"dimension": D, "no_such_setting": 1}, {"dimension": "3"}])
def test_bad_settings_are_refused_with_what_there_is(family, settings):
    with pytest.raises(GenModelsError) as error:
        family_class(family).from_config(settings)
    assert error.value.code is ErrorCode.INVALID_CONFIG


def test_every_setting_of_a_family_refuses_nonsense(family):
    """A number of -1 and an unknown word are out of every range a config knows; floats that may be 0 refuse -1, too."""
    config = family_class(family).Config
    own = set(config.__dataclass_fields__) - set(FamilyConfig.__dataclass_fields__)
    for name in own:
        kind = config.__dataclass_fields__[name].type
        if kind is bool:
            continue
        nonsense = {int: -1, float: -1.0, str: "no such word"}[kind]
        with pytest.raises(GenModelsError) as error:
            config(dimension=D, **{name: nonsense})
        assert error.value.code is ErrorCode.INVALID_CONFIG and name in error.value.message


@pytest.mark.parametrize(
    ("x", "condition", "code"),
    [
        (torch.zeros(2, D + 1), None, ErrorCode.WRONG_LENGTH),
        (torch.zeros(D), None, ErrorCode.WRONG_LENGTH),
        (torch.full((2, D), torch.nan), None, ErrorCode.NOT_FINITE),
        (torch.zeros(2, D), torch.zeros(C), ErrorCode.WRONG_LENGTH),
    ],
)
def test_arrays_that_do_not_fit_are_refused(family, x, condition, code):
    made = model(family)
    if not made.can("log_prob"):
        pytest.skip(f"{family} looks at no vectors")
    with pytest.raises(GenModelsError) as error:
        made.log_prob(x, condition)
    assert error.value.code is code


def test_a_missing_condition_is_refused(family):
    with pytest.raises(GenModelsError) as error:
        model(family, C).sample(3, rng=seeded())
    assert error.value.code is ErrorCode.WRONG_LENGTH


def test_how_a_family_samples_is_passed_on():
    made = model("autoregressive")
    likeliest, drawn = (made.sample(50, rng=seeded(), temperature=t) for t in (0.0, 1.0))
    inner = made.core.sample(50, rng=seeded(), temperature=0.0)
    torch.testing.assert_close(likeliest, made.centre + made.spread * inner)
    assert not torch.allclose(likeliest, drawn)
