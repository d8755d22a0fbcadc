"""StreamScore → messages."""

import math

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from genmodels_interfaces.msg import Anomaly
from genmodels_ros.pipelines.stream.anomaly import DROPOUT, StreamScore

SHOWN = 5  # fields in the diagnostics


def to_anomaly(score: StreamScore, header: Header) -> Anomaly:
    """The message of a score of the row that came with `header`."""
    return Anomaly(
        header=header,
        score=float(score.value),
        alarm=bool(score.alarm),
        cause=score.cause,
        false_alarms_per_hour=float(score.false_alarms_per_hour),
        statistics=list(score.contributions),
        values=[float(value) for value in score.contributions.values()],
    )


def to_anomaly_status(score: StreamScore | None, name: str, learnt: bool) -> DiagnosticStatus:
    """The diagnostic of the last score: WARN with the field to look at while there is an alarm, STALE without one."""
    status = DiagnosticStatus(name=name)
    if score is None:
        status.level = DiagnosticStatus.STALE
        status.message = (
            "No row was judged yet." if learnt else "Nothing was learnt yet: call ~/learn, or load a checkpoint."
        )
        return status
    worst = sorted(score.contributions.items(), key=lambda item: -item[1] if math.isfinite(item[1]) else 0.0)[:SHOWN]
    status.level = DiagnosticStatus.WARN if score.alarm else DiagnosticStatus.OK
    status.message = _meaning(score) if score.alarm else "Rows are as usual."
    status.values = [
        KeyValue(key="cause", value=score.cause),
        KeyValue(key="score", value=f"{score.value:.4g}"),
        KeyValue(key="false_alarms_per_hour", value=f"{score.false_alarms_per_hour:.4g}"),
        *(KeyValue(key=key, value=f"{value:.4g}") for key, value in worst),
    ]
    return status


def _meaning(score: StreamScore) -> str:
    if score.cause != DROPOUT:
        return f"{score.cause} does not fit the others or its past: look at its sensor, and at what acts on the robot."
    missing = ", ".join(score.contributions)
    return f"No number in {missing}: look at that sensor." if missing else "Nothing comes in: look at the publisher."
