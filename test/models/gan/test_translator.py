import pytest
import torch

from genmodels_ros.models.gan import ImageTranslationGAN, Translator
from genmodels_ros.models.gan.label_cells import label_cells
from genmodels_ros.models.gan.translator import BOUND, SIZES, enlarged


def lively(size="student", label_values=None, seed=0):
    """A translator whose texture is plain to see."""
    torch.manual_seed(seed)
    translator = Translator(2, width=16, size=size, label_values=label_values)
    torch.nn.init.normal_(translator.texture.exit.weight, std=0.2)
    return translator.eval().requires_grad_(False)


def inputs(height=24, width=32, batch=1):
    rng = torch.Generator().manual_seed(0)
    return (
        torch.rand(batch, 3, height, width, generator=rng),
        torch.zeros(batch, dtype=torch.long),
        torch.zeros(batch, 8),
    )


@pytest.mark.parametrize("size", SIZES)
def test_a_new_translator_is_nearly_the_identity(size):
    torch.manual_seed(0)
    image, style, z = inputs()
    with torch.no_grad():
        result = Translator(1, width=16, size=size).transform(image, style, z).apply(image)
    assert (result - image).abs().max() < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 3), (24, 32), (25, 31)])
def test_any_size_works_and_the_texture_is_bounded(shape):
    translator, (image, style, z) = lively(), inputs(*shape)
    transform = translator.transform(image, style, z)
    texture = transform.apply(image) - transform.light.apply(image)
    assert texture.shape == image.shape
    assert 0 < texture.abs().max() <= BOUND + 1e-5


@pytest.mark.parametrize("size", SIZES)
def test_bands_with_their_reach_are_the_whole_picture(size):
    translator, (image, style, z) = lively(size), inputs(232, 16)
    grain = torch.randn(1, 1, *translator.cells(232, 16), generator=torch.Generator().manual_seed(1))
    transform = translator.transform(image, style, z, grain=grain)
    whole, rows = transform.apply(image), torch.linspace(0, 1, 232)
    first, last, reach = 100, 120, transform.reach
    seen = slice(first - reach, last + reach)
    band = transform.apply(image[:, :, seen], rows[seen], first - reach)[:, :, reach:-reach]
    assert torch.allclose(band, whole[:, :, first:last], atol=1e-5)


def test_nothing_beyond_the_reach_matters():
    translator, (image, style, z) = lively(), inputs(96, 96)
    transform = translator.transform(image, style, z)
    changed = image.clone()
    changed[:, :, 48, 48] = 1 - changed[:, :, 48, 48]
    difference = (transform.apply(changed) - transform.apply(image)).abs().amax(dim=(0, 1)) > 1e-7
    rows, columns = (torch.nonzero(difference.any(dim=d)).flatten() for d in (1, 0))
    last = 48 + transform.cell - 1 + transform.reach
    assert rows.min() >= 48 - transform.reach and rows.max() <= last
    assert columns.min() >= 48 - transform.reach and columns.max() <= last


def test_strength_leads_from_the_source_to_the_result():
    translator, (image, style, z) = lively(), inputs()
    transform = translator.transform(image, style, z)
    nothing, half, all_of_it = (transform.blended(s).apply(image) for s in (0.0, 0.5, 1.0))
    assert torch.allclose(nothing, image, atol=1e-6)
    distances = [(one - image).abs().mean() for one in (half, all_of_it)]
    assert 0.3 * distances[1] < distances[0] < 0.7 * distances[1]


def test_labels_steer_a_model_that_was_made_for_them_and_no_other():
    image, style, z = inputs()
    labels = torch.zeros(1, 24, 32, dtype=torch.long)
    labels[:, 8:, :16] = 3
    for values, steered in (((0, 3), True), ((), True), (None, False)):
        translator = lively(label_values=values)
        without, with_labels = (translator.transform(image, style, z, one).apply(image) for one in (None, labels))
        assert bool((without - with_labels).abs().max() > 1e-4) == steered


def test_cells_hold_shares_of_values_and_borders_of_instances():
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[:, :4, 2:6] = 7
    cells = label_cells(labels, (0, 7), 4)
    assert torch.allclose(cells[0, 0], torch.tensor([[0.5, 0.5], [1, 1]]))
    assert torch.allclose(cells[0, 0] + cells[0, 1], torch.ones(2, 2))
    renamed = torch.where(labels == 7, 70_000, 12)  # instances' numbers mean nothing
    assert torch.equal(label_cells(renamed, (), 4), cells[:, 2:])
    assert cells[0, 2, 0].min() > 0 and label_cells(torch.zeros_like(labels), (), 4).max() == 0


def test_the_student_is_many_times_cheaper_than_the_teacher():
    student, teacher = (sum(p.numel() for p in lively(size).texture.parameters()) for size in ("student", "teacher"))
    assert 6 * student < teacher


def test_the_model_is_rebuilt_from_its_config():
    config = {"styles": ["a"], "network": "translator", "size": "student", "label_values": [0, 4], "width": 16}
    model = ImageTranslationGAN.from_config(config)
    assert isinstance(model.generator, Translator) and model.generator.label_values == (0, 4)


@pytest.mark.parametrize("size", SIZES)
def test_a_plain_picture_gets_no_grid_whatever_the_weights(size):
    """Every place in a cell is treated alike: where the picture is the same, so is the texture."""
    translator, (_, style, z) = lively(size), inputs()
    for parameter in translator.texture.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    transform = translator.transform(torch.full((1, 3, 320, 320), 0.6), style, z)
    plain = torch.full((1, 3, 320, 320), 0.6)
    reach = transform.reach  # of the picture's border, which is felt
    texture = translator.texture(plain, plain, transform.condition, transform.w)[..., reach:-reach, reach:-reach]
    assert texture.abs().max() > 1e-3
    assert texture.std(dim=(2, 3)).max() < 1e-5


def test_enlarged_noise_is_nearly_as_strong_between_cells_as_at_them():
    cells = torch.randn(64, 4, 24, 24, generator=torch.Generator().manual_seed(0))
    fine = enlarged(cells, 4)[..., 8:-8, 8:-8]
    by_place = fine.unflatten(-1, (-1, 4)).unflatten(-3, (-1, 4)).square().mean(dim=(0, 1, 2, 4))
    assert fine.shape[-2:] == (80, 80) and by_place.min() > 0.6 * by_place.max()
    assert torch.allclose(enlarged(torch.ones(1, 2, 3, 5), 4), torch.ones(1, 2, 12, 20), atol=1e-6)
