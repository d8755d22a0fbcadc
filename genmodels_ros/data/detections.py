"""What a vision_msgs/Detection2D says, of a live message and of one in a bag alike."""


def likeliest(detection) -> tuple[str, float]:
    """The class with the highest score, the first of equals, and that score; "" and 0 where there is none."""
    hypotheses = [result.hypothesis for result in detection.results]
    best = max(hypotheses, key=lambda one: one.score, default=None)
    return ("", 0.0) if best is None else (best.class_id, best.score)
