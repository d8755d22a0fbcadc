"""Header stamps ↔ seconds. A float64 of today's time resolves 0.2 µs, far below any sensor's jitter."""

from builtin_interfaces.msg import Duration, Time
from std_msgs.msg import Header


def to_seconds(stamp: Time | Duration) -> float:
    """Seconds since the clock's zero, or of the duration."""
    return stamp.sec + stamp.nanosec * 1e-9


def _split(seconds: float) -> tuple[int, int]:
    return divmod(round(seconds * 1e9), 10**9)


def to_stamp(seconds: float) -> Time:
    """The stamp of a moment in seconds."""
    sec, nanosec = _split(seconds)
    return Time(sec=sec, nanosec=nanosec)


def to_duration(seconds: float) -> Duration:
    """The message of a duration in seconds."""
    sec, nanosec = _split(seconds)
    return Duration(sec=sec, nanosec=nanosec)


def header(frame_id: str, seconds: float) -> Header:
    """A header for `frame_id` at a moment in seconds."""
    return Header(frame_id=frame_id, stamp=to_stamp(seconds))
