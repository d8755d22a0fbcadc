"""Boxes in messages."""

from types import SimpleNamespace

import pytest

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_ros.conversions.boxes import check_boxes, from_detections
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError


def test_good_boxes_pass_as_they_are():
    boxes = ImageBoxes(boxes=[ImageBox(size_x=0.0, size_y=2.5, center_x=-4.0), ImageBox(theta=1.0)])
    assert check_boxes(boxes) is boxes


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"center_x": float("nan")}, ErrorCode.NOT_FINITE),
        ({"size_y": float("inf")}, ErrorCode.NOT_FINITE),
        ({"score": float("nan")}, ErrorCode.NOT_FINITE),
        ({"size_x": -0.1}, ErrorCode.LABEL_MISMATCH),
    ],
)
def test_others_are_refused_by_their_number(fields, code):
    with pytest.raises(GenModelsError, match="Box 1 ") as raised:
        check_boxes(ImageBoxes(boxes=[ImageBox(), ImageBox(**fields)]))
    assert raised.value.code == code


def test_detections_keep_their_likeliest_class():
    def hypothesis(class_id, score):
        return SimpleNamespace(hypothesis=SimpleNamespace(class_id=class_id, score=score))

    center = SimpleNamespace(position=SimpleNamespace(x=10.0, y=20.0), theta=0.5)
    box = SimpleNamespace(center=center, size_x=4.0, size_y=6.0)
    detections = [
        SimpleNamespace(results=[hypothesis("cat", 0.2), hypothesis("dog", 0.7)], bbox=box, id="3"),
        SimpleNamespace(results=[], bbox=box, id=""),
    ]
    message = from_detections(SimpleNamespace(header=header("camera", 4.0), detections=detections))
    numbers = {"center_x": 10.0, "center_y": 20.0, "theta": 0.5, "size_x": 4.0, "size_y": 6.0}
    assert message.header == header("camera", 4.0)
    assert message.boxes == [ImageBox(class_id="dog", score=0.7, id="3", **numbers), ImageBox(**numbers)]
