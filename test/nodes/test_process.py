"""An executor that no callback ends, whatever it raises and whatever is destroyed under it."""

import threading
import time

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from std_msgs.msg import UInt32

from genmodels_ros.nodes.process import Executor


def spinning(node):
    executor = Executor(num_threads=4)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    return executor, thread


def test_a_raising_callback_does_not_end_the_others(graph, wait_until, capfd):
    node, ticks = rclpy.create_node("raising"), []
    node.create_timer(0.01, lambda: 1 / 0)
    node.create_timer(0.01, lambda: ticks.append(1))
    executor, thread = spinning(node)
    try:
        assert wait_until(lambda: len(ticks) > 20)
        assert thread.is_alive()
    finally:
        executor.shutdown()
        node.destroy_node()
    assert "ZeroDivisionError" in capfd.readouterr().err, "it is logged"


def test_subscriptions_may_be_destroyed_while_others_receive(graph, wait_until):
    node, received = rclpy.create_node("changing"), []
    publisher = node.create_publisher(UInt32, "changing", 10)
    node.create_subscription(UInt32, "changing", received.append, 10)
    executor, thread = spinning(node)
    try:
        for number in range(60):
            other = node.create_subscription(UInt32, "changing", lambda message: None, 10)
            publisher.publish(UInt32(data=number))
            node.destroy_subscription(other)
        assert thread.is_alive()
        heard = len(received)
        deadline = time.monotonic() + 60.0
        while len(received) == heard and time.monotonic() < deadline:
            publisher.publish(UInt32())
            time.sleep(0.02)
        assert len(received) > heard
    finally:
        executor.shutdown()
        node.destroy_node()


def test_a_callback_without_a_free_thread_is_handed_over_once(graph, wait_until):
    node, release, began = rclpy.create_node("crowded", start_parameter_services=False), threading.Event(), []
    for _ in range(6):
        node.create_timer(0.01, lambda: began.append(release.wait(60.0)), MutuallyExclusiveCallbackGroup())
    executor, _ = spinning(node)
    queue = executor._executor._work_queue
    try:
        assert wait_until(lambda: queue.qsize() == 2), "four threads, six callbacks"
        for _ in range(50):
            executor.wake()
            time.sleep(0.002)
        assert queue.qsize() == 2
        release.set()
        assert wait_until(lambda: len(began) > 20), "and it runs once there is one"
    finally:
        release.set()
        executor.shutdown()
        node.destroy_node()


def test_shutdown_waits_for_the_last_callback(graph, wait_until):
    node, began, ended = rclpy.create_node("busy"), threading.Event(), threading.Event()

    def work():
        began.set()
        time.sleep(0.2)
        ended.set()

    node.create_timer(0.01, work)
    executor, _ = spinning(node)
    assert began.wait(60.0)
    executor.shutdown()
    assert ended.is_set()
    node.destroy_node()
