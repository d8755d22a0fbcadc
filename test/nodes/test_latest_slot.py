"""The newest item wins; what nobody took is counted."""

from genmodels_ros.nodes.latest_slot import LatestSlot


def test_the_newest_item_wins():
    slot = LatestSlot()
    for number in range(5):
        slot.put(number)
    assert slot.take() == 4 and slot.dropped == 4
    assert slot.take() is None


def test_nothing_taken_in_time_is_nothing_dropped():
    slot = LatestSlot()
    for number in range(5):
        slot.put(number)
        assert slot.take() == number
    assert slot.dropped == 0


def test_the_consumer_is_woken_for_each():
    woken = []
    slot = LatestSlot(notify=lambda: woken.append(slot.take()))
    slot.put("a")
    slot.put("b")
    assert woken == ["a", "b"]
