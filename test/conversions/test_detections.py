import pytest

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_ros.conversions.boxes import from_detections
from genmodels_ros.conversions.detections import DETECTIONS, to_detections
from genmodels_ros.conversions.stamps import header

pytestmark = pytest.mark.skipif(DETECTIONS is None, reason="vision_msgs is no wheel: it comes with an installed ROS 2")


def test_boxes_there_and_back():
    numbers = {"center_x": 10.0, "center_y": 20.0, "theta": 0.5, "size_x": 4.0, "size_y": 6.0}
    boxes = ImageBoxes(
        header=header("camera", 4.0),
        boxes=[ImageBox(class_id="dog", score=0.75, id="3", **numbers), ImageBox(**numbers)],
    )
    detections = to_detections(boxes)
    assert [len(detection.results) for detection in detections.detections] == [1, 0]
    assert {detection.header.frame_id for detection in detections.detections} == {"camera"}
    assert from_detections(detections) == boxes
