"""Messages that belong together by their stamps."""

from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import Image

from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.stamp_pairs import ExactSets, Recent


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


TOPICS = ("image", "labels", "boxes")


@given(st.permutations([(stamp, topic) for stamp in range(3) for topic in TOPICS]))
def test_sets_come_in_any_order_each_once(arrivals):
    found = []
    sets = ExactSets(found.append, wanted=lambda: TOPICS)
    for stamp, topic in arrivals:
        sets.add(topic, Image(header=header(topic, float(stamp))))
    assert len(found) == 3 and not sets.unmatched.total()
    for parts in found:
        assert {topic: message.header.frame_id for topic, message in parts.items()} == {
            topic: topic for topic in TOPICS
        }
        assert len({message.header.stamp.sec for message in parts.values()}) == 1


def test_nothing_is_waited_for_that_is_not_wanted():
    found, wanted = [], {"image"}
    sets = ExactSets(found.append, wanted=lambda: wanted)
    sets.add("image", at(1.0))
    assert [set(parts) for parts in found] == [{"image"}]
    wanted.add("labels")
    sets.add("image", at(2.0))
    assert len(found) == 1
    sets.add("labels", at(2.0))
    assert set(found[-1]) == {"image", "labels"}


def test_what_finds_no_partner_ages_out_and_is_counted_by_topic():
    found = []
    sets = ExactSets(found.append, wanted=lambda: {"image", "labels"}, size=3)
    for seconds in range(100):
        sets.add("image", at(float(seconds)))
    assert len(sets._waiting) <= 4 and sets.unmatched["image"] >= 96 and not sets.unmatched["labels"]
    sets.add("labels", at(99.0))
    sets.add("labels", at(0.0))
    assert len(found) == 1
    sets.clear()
    assert not sets._waiting
