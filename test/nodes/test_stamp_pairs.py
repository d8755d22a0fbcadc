"""Messages that belong together by their stamps."""

from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import Image

from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.stamp_pairs import ExactPairs, Recent


def at(seconds) -> Image:
    return Image(header=header("", seconds))


def test_the_nearest_message_within_tolerance():
    recent = Recent(size=3)
    for seconds in (1.0, 2.0, 3.0, 4.0):
        recent.add(at(seconds))
    assert recent.nearest(2.9, 0.2) == at(3.0)
    assert recent.nearest(3.5, 0.2) is None
    assert recent.nearest(1.0, 0.2) is None, "the oldest has been let go"
    assert Recent(3).nearest(0.0, 100.0) is None


@given(st.permutations([(stamp, which) for stamp in range(4) for which in (0, 1)]))
def test_pairs_come_in_any_order_each_once(arrivals):
    pairs = []
    matcher = ExactPairs(lambda first, second: pairs.append((first, second)))
    for stamp, which in arrivals:
        matcher.add(Image(header=header("", float(stamp)), height=which), which)
    assert len(pairs) == 4
    for first, second in pairs:
        assert first.header == second.header and (first.height, second.height) == (0, 1)


def test_what_finds_no_partner_ages_out():
    pairs = []
    matcher = ExactPairs(lambda *pair: pairs.append(pair), size=3)
    for seconds in range(100):
        matcher.add(at(float(seconds)), 0)
    assert len(matcher._waiting) <= 4 and matcher.unmatched >= 96
    matcher.add(at(99.0), 1)
    matcher.add(at(0.0), 1)
    assert len(pairs) == 1
