"""AnomalyScore → messages."""

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from genmodels_interfaces.msg import Anomaly
from genmodels_ros.pipelines.mobile.anomaly import AnomalyScore

MEANING = {
    "frozen": "The lidar repeats itself: look whether it is still running.",
    "scan": "Something covers the lidar or appeared from nowhere: look at its window.",
    "place": "No motion explains the scan: the robot was carried, or its odometry jumped.",
    "motion": "Odometry and scans tell different motions: the wheels slip, or odometry is wrong.",
    "model": "The scan is unlike what the world model expects.",
}


def to_anomaly(score: AnomalyScore, header: Header) -> Anomaly:
    """The message of a score of the scan with `header`."""
    return Anomaly(
        header=header,
        score=float(score.value),
        alarm=bool(score.alarm),
        cause=score.cause or "",
        false_alarms_per_hour=float(score.false_alarms_per_hour),
        statistics=list(score.statistics),
        values=[float(value) for value in score.statistics.values()],
    )


def to_anomaly_status(score: AnomalyScore | None, name: str) -> DiagnosticStatus:
    """The diagnostic of the last score: WARN with what to look at while it is an alarm, STALE without one."""
    if score is None:
        return DiagnosticStatus(name=name, level=DiagnosticStatus.STALE, message="No scan was judged yet.")
    values = {"score": score.value, "false_alarms_per_hour": score.false_alarms_per_hour, **score.statistics}
    return DiagnosticStatus(
        name=name,
        level=DiagnosticStatus.WARN if score.alarm else DiagnosticStatus.OK,
        message=MEANING.get(score.cause or "", "Unusual.") if score.alarm else "Scans are as usual.",
        values=[
            KeyValue(key="cause", value=score.cause or ""),
            *(KeyValue(key=key, value=f"{value:.4g}") for key, value in values.items()),
        ],
    )
