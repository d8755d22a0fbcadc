"""ImageBoxes → vision_msgs/Detection2DArray, where vision_msgs is installed: it comes with ROS 2, not with the wheels.

The way back needs no vision_msgs: boxes.from_detections.
"""

from genmodels_interfaces.msg import ImageBoxes

try:
    from vision_msgs.msg import Detection2D, ObjectHypothesisWithPose
    from vision_msgs.msg import Detection2DArray as DETECTIONS
except ImportError:
    DETECTIONS = None


def to_detections(message: ImageBoxes):
    """The Detection2DArray of boxes, each with its one class, if it has any."""
    return DETECTIONS(header=message.header, detections=[_detection(box, message.header) for box in message.boxes])


def _detection(box, header):
    detection = Detection2D(header=header, id=box.id)
    place = detection.bbox.center
    place.position.x, place.position.y, place.theta = box.center_x, box.center_y, box.theta
    detection.bbox.size_x, detection.bbox.size_y = box.size_x, box.size_y
    if box.class_id:
        result = ObjectHypothesisWithPose()
        result.hypothesis.class_id, result.hypothesis.score = box.class_id, box.score
        detection.results = [result]
    return detection
