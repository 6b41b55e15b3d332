"""Which name comes out of the queue, and when."""

import threading

from tf_operator.workqueue import WorkQueue


def test_a_name_that_was_added_twice_comes_out_once() -> None:
    queue = WorkQueue()
    queue.add("mnist")
    queue.add("mnist")
    assert queue.get(timeout=0) == "mnist"
    assert queue.get(timeout=0) is None


def test_a_delayed_name_lets_the_others_pass() -> None:
    queue = WorkQueue()
    queue.add("slow", delay=0.05)
    queue.add("quick")
    assert [queue.get(timeout=1), queue.get(timeout=1)] == ["quick", "slow"]


def test_news_bring_a_delayed_name_forward_but_never_back() -> None:
    queue = WorkQueue()
    queue.add("mnist", delay=60)
    queue.add("mnist")
    queue.add("mnist", delay=60)
    assert queue.get(timeout=0) == "mnist"


def test_an_empty_queue_waits_for_a_name() -> None:
    queue = WorkQueue()
    timer = threading.Timer(0.02, queue.add, ["mnist"])
    timer.start()
    assert queue.get(timeout=5) == "mnist"
    timer.join()
