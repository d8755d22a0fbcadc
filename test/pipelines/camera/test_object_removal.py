import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN
from genmodels_ros.pipelines.camera.image_completion import ImageCompleter
from genmodels_ros.pipelines.camera.object_removal import grown, remove_object

FLOOR, WALL, PERSON, IGNORE = 1, 2, 7, 255


@pytest.fixture(scope="module")
def completer():
    return ImageCompleter(ImageCompletionGAN(width=16), Card("image_completion_gan", {}), device="cpu", mark=False)


def scene(dtype=np.uint8):
    """A red person in front of a wall and a floor, with blurred edges as a camera's."""
    labels = np.full((60, 80), FLOOR, dtype)
    labels[:30] = WALL
    image = np.where((labels == FLOOR)[..., None], 90, 180) * np.ones(3)
    labels[20:50, 30:44] = PERSON
    image[20:50, 30:44] = (220, 0, 0)
    image[19:51, 29] = image[19:51, 44] = (160, 60, 60)
    return image.astype(np.uint8), labels


@pytest.mark.parametrize("dtype", (np.uint8, np.uint16, np.int32))
def test_the_object_is_gone_from_the_picture_and_from_the_labels(completer, dtype):
    image, labels = scene(dtype)
    cleared = remove_object(completer, image, labels, PERSON, unlabelled=IGNORE)
    assert cleared.labels.dtype == dtype and not (cleared.labels == PERSON).any()
    redness = cleared.image[..., 0].astype(int) - cleared.image[..., 1]
    assert redness.max() < 30  # its soft edge included


def test_all_other_labels_still_hold(completer):
    image, labels = scene()
    before = image.copy(), labels.copy()
    cleared = remove_object(completer, image, labels, PERSON, unlabelled=IGNORE)
    claimed = cleared.labels != IGNORE
    assert np.array_equal(cleared.labels[claimed], labels[claimed])
    assert np.array_equal(cleared.image[claimed], image[claimed])  # where there is a label, the picture is the camera's
    assert np.array_equal(claimed, ~cleared.mask)
    assert np.array_equal(image, before[0]) and np.array_equal(labels, before[1])  # the caller's arrays


def test_one_instance_goes_and_the_other_stays(completer):
    image, labels = scene()
    labels[20:50, 70:78] = PERSON + 1
    cleared = remove_object(completer, image, labels, PERSON)
    assert (cleared.labels[20:50, 70:78] == PERSON + 1).all()
    assert np.array_equal(cleared.image[20:50, 70:78], image[20:50, 70:78])


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        (scene()[1], {"value": 9}, r"No pixel has the label 9: the image has \[1, 2, 7\]"),
        (scene()[1], {"value": PERSON, "unlabelled": PERSON}, "cannot become 7"),
        (scene()[1], {"value": PERSON, "unlabelled": 300}, "cannot become 300"),
        (scene()[1][:-1], {"value": PERSON}, "80x59 pixels, the image 80x60"),
        (scene()[1].astype(float), {"value": PERSON}, "integers"),
    ],
)
def test_labels_that_cannot_be_are_refused(completer, labels, options, sentence):
    with pytest.raises(GenModelsError, match=sentence) as caught:
        remove_object(completer, scene()[0], labels, **options)
    assert caught.value.code == ErrorCode.LABEL_MISMATCH


def test_a_mask_grows_by_as_many_pixels_as_asked():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    assert [int(grown(mask, pixels).sum()) for pixels in (0, 1, 2)] == [1, 9, 25]
