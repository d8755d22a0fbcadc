import threading
import time

import numpy as np

from genmodels_ros.data.frame_queue import FrameQueue
from genmodels_ros.data.labelled_images import SourceImage


def frame(number):
    return SourceImage(str(number), "camera", image=np.zeros((1, 1, 3), np.uint8))


def names(queue):
    return [item.name for item in queue.images()]


def test_the_newest_frames_win_and_the_others_are_counted():
    queue = FrameQueue(3)
    for number in range(5):
        queue.put(frame(number))
    queue.close()
    assert names(queue) == ["2", "3", "4"] and (queue.received, queue.dropped) == (5, 2)


def test_a_reader_waits_for_what_comes_later():
    queue = FrameQueue()
    threading.Timer(0.05, lambda: (queue.put(frame(7)), queue.close())).start()
    assert names(queue) == ["7"]


def test_patience_ends():
    queue, start = FrameQueue(patience=0.05), time.monotonic()
    queue.put(frame(1))
    assert names(queue) == ["1"] and 0.04 < time.monotonic() - start < 5
