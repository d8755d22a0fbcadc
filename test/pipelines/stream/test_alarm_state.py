"""One fault is one alarm."""

from genmodels_ros.pipelines.stream.alarm_state import AlarmState


def test_an_alarm_is_one_from_its_beginning_until_it_was_quiet_for_a_while():
    state, budget = AlarmState(), 1.0
    told = [state.update(0.1 * i, rate, budget, 0.5) for i, rate in enumerate([100, 0.5, 100, 5, 0.9] + [100] * 8)]
    assert told == [False] + [True] * 8 + [False] * 4
    assert state.count == 1, "flutter is no second alarm"
    state.update(5.0, 0.5, budget, 0.5)
    assert state.count == 2 and state.update(-20.0, 100, budget, 0.5), "time may go back"
