"""First come, first served; full, late and withdrawn requests hear so."""

import threading
import time

import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.request_queue import RequestQueue


def in_thread(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_for(condition):
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_turns_come_in_order_and_one_at_a_time():
    queue, order, running = RequestQueue(depth=10, patience=60.0), [], []

    def request(number):
        with queue.turn():
            running.append(number)
            assert len(running) == 1
            order.append(number)
            time.sleep(0.002)
            running.remove(number)

    with queue.turn():
        threads = []
        for number in range(6):
            threads.append(in_thread(lambda number=number: request(number)))
            wait_for(lambda: len(queue) == number + 2)  # noqa: B023
    for thread in threads:
        thread.join(60.0)
    assert order == list(range(6)) and len(queue) == 0


def test_a_full_queue_refuses_at_once():
    queue = RequestQueue(depth=1, patience=60.0)
    with queue.turn():
        waiting = in_thread(lambda: queue.turn().__enter__())
        wait_for(lambda: len(queue) == 2)
        started = time.monotonic()
        with pytest.raises(GenModelsError) as error, queue.turn():
            pass
        assert error.value.code == ErrorCode.QUEUE_FULL and time.monotonic() - started < 30.0
    waiting.join(60.0)


def test_patience_ends():
    queue = RequestQueue(depth=1, patience=0.1)
    with queue.turn():
        with pytest.raises(GenModelsError) as error, queue.turn():
            pass
    assert error.value.code == ErrorCode.TIME_LIMIT and len(queue) == 0


def test_a_request_may_have_less_patience_than_the_queue():
    queue = RequestQueue(depth=1, patience=60.0)
    started = time.monotonic()
    with queue.turn():
        with pytest.raises(GenModelsError) as error, queue.turn(patience=0.05):
            pass
    assert error.value.code == ErrorCode.TIME_LIMIT and "0.05 s" in error.value.message
    assert time.monotonic() - started < 30.0


def test_a_withdrawn_request_leaves():
    queue = RequestQueue(depth=1, patience=60.0)
    with queue.turn():
        with pytest.raises(GenModelsError) as error, queue.turn(given_up=lambda: True):
            pass
        assert len(queue) == 1
    assert error.value.code == ErrorCode.CANCELLED


def test_a_failing_request_frees_its_place():
    queue = RequestQueue(depth=0, patience=1.0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), queue.turn():
            raise ZeroDivisionError
    assert len(queue) == 0
