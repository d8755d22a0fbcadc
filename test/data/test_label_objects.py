"""Objects found in label images; outlines are judged by pycocotools, which fills them again."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from genmodels_ros.data.label_objects import ObjectLabels, with_objects
from genmodels_ros.data.labelled_images import Category, ImageSource, SourceImage
from genmodels_ros.errors import GenModelsError

HEIGHT, WIDTH = 60, 80
PEOPLE = ObjectLabels.parse("4=person, 3=chair")


def disc(x, y, radius):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def found(labels, wanted=PEOPLE):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    source = ImageSource(1, lambda: iter([SourceImage("a", "here", image=image, labels=labels)]))
    (item,) = with_objects(source, wanted).images()
    return item.instances


def filled(instance) -> np.ndarray:
    parts = coco_mask.frPyObjects([list(polygon) for polygon in instance.polygons], HEIGHT, WIDTH)
    return coco_mask.decode(coco_mask.merge(parts)).astype(bool)


def overlap(a, b) -> float:
    return (a & b).sum() / (a | b).sum()


def test_boxes_are_exact_and_outlines_cover_what_they_are_drawn_around():
    person, chair = disc(20, 30, 9), disc(60, 25, 13)
    person[35:50, 18:23] = True
    labels = (4 * person + 3 * chair).astype(np.uint8)
    one, other = found(labels)
    assert (one.category, other.category) == (0, 1) and one.box == (11, 21, 19, 29) and other.box == (47, 12, 27, 27)
    assert overlap(filled(one), person) > 0.97 and overlap(filled(other), chair) > 0.97


def test_each_region_of_a_class_is_an_object_but_those_of_a_few_pixels():
    labels = (4 * (disc(20, 30, 9) | disc(60, 30, 9))).astype(np.uint8)
    labels[0, :8] = 4
    assert [instance.box[0] for instance in found(labels)] == [11, 51]
    source = ImageSource(1, lambda: iter([SourceImage("a", "b", image=np.zeros((60, 80, 3), np.uint8), labels=labels)]))
    wrapped = with_objects(source, PEOPLE)
    for _ in range(2):
        list(wrapped.images())
        assert wrapped.notes() == ("1 regions of fewer than 9 pixels are no objects",)


def test_an_instance_in_two_parts_is_one_object():
    labels = (70_000 * (disc(15, 30, 6) | disc(40, 30, 6)) + 5 * disc(65, 30, 6)).astype(np.int32)
    small, split = found(labels, ObjectLabels.parse("cup"))
    assert len(small.polygons) == 1 and len(split.polygons) == 2 and split.box == (9, 24, 38, 13)
    assert overlap(filled(split), labels == 70_000) > 0.97


def test_thin_and_border_regions_are_closed_outlines():
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    labels[0, :], labels[:, -1] = 4, 4
    (edge,) = found(labels)
    assert edge.box == (0, 0, WIDTH, HEIGHT) and overlap(filled(edge), labels == 4) > 0.95
    assert all(0 <= value <= max(HEIGHT, WIDTH) for polygon in edge.polygons for value in polygon)


def test_values_may_share_a_class():
    assert ObjectLabels.parse("1=cup,2=cup,7=pan").categories == (Category(0, "cup"), Category(1, "pan"))


@pytest.mark.parametrize("text", ["", "4=", "=person", "4=person,chair", "person,chair", "a=b", "4=a,4=b", "-1=x"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(GenModelsError, match="4=person,3=chair"):
        ObjectLabels.parse(text)


def test_images_without_labels_and_datasets_with_objects_are_not_taken_for_empty_ones():
    image = np.zeros((4, 4, 3), np.uint8)
    source = ImageSource(1, lambda: iter([SourceImage("a", "here", image=image)]))
    (item,) = with_objects(source, PEOPLE).images()
    assert item.image is None and "no label image" in item.problem
    with pytest.raises(GenModelsError, match="--objects"):
        with_objects(ImageSource(0, lambda: iter(()), categories=(Category(0, "cup"),)), PEOPLE)
