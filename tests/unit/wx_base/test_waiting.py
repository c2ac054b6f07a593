"""Places of waiting workers: each worker is a process, here an object of its own."""

import os

import pytest
import requests
from waiting import LAST_TIMEOUT, LONG, Places, WaitingSession, WorkersBusy


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def worker(tmp_path, clock):
    """``worker()``: a process's own view of the two places."""
    return lambda count=2: Places(tmp_path / "places", count, clock)


def test_one_alone_takes_its_time(worker):
    with worker().take() as timeout:
        assert timeout is None


def test_the_last_place_is_short(worker):
    with worker().take(), worker().take() as timeout:
        assert timeout == LAST_TIMEOUT


def test_the_last_place_stays_free_while_the_others_hang(worker, clock):
    with worker().take():
        clock.now += LONG + 0.1
        with pytest.raises(WorkersBusy), worker().take():
            pass
    with worker().take() as timeout:
        assert timeout is None


def test_one_quick_neighbour_is_enough(worker, clock):
    with worker(3).take():
        clock.now += 10
        with worker(3).take() as second:
            assert second is None
            with worker(3).take() as last:
                assert last == LAST_TIMEOUT


def test_an_error_gives_the_place_back(worker):
    with pytest.raises(ZeroDivisionError), worker().take():
        raise ZeroDivisionError
    with worker().take() as timeout:
        assert timeout is None


def test_a_dead_worker_leaves_no_place_taken(worker):
    child = os.fork()
    if child == 0:
        worker().take().__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    with worker().take() as timeout:
        assert timeout is None


def test_session(worker, clock, monkeypatch):
    seen = []

    def send(self, method, url, **kwargs):
        seen.append(kwargs["timeout"])

    monkeypatch.setattr(requests.Session, "request", send)
    mine, other = worker(), worker()
    session = WaitingSession(lambda: mine)
    session.request("GET", "http://x", timeout=(3, 5))
    with other.take():
        session.request("GET", "http://x", timeout=(3, 5))
        clock.now += 1
        with pytest.raises(requests.ConnectionError):
            session.request("GET", "http://x", timeout=(3, 5))
    WaitingSession(lambda: None).request("GET", "http://x", timeout=(3, 5))
    assert seen == [(3, 5), LAST_TIMEOUT, (3, 5)]
