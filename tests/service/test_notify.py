"""What systemd is told, on a loop whose time is the test's."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.service.notify import Notifier, Watchdog, watchdog_period


class FakeTimer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Keeps the one timer that is armed."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.callback: Callable[[], object] | None = None
        self.timer = FakeTimer()

    def call_later(self, delay: float, callback: Callable[[], object]) -> FakeTimer:
        self.delay, self.callback, self.timer = delay, callback, FakeTimer()
        return self.timer

    def fire(self) -> None:
        assert self.callback is not None
        self.callback()


@pytest.mark.parametrize(
    ("environ", "period"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, 1.0),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_period_that_systemd_asks_for(environ: dict[str, str], period: float | None) -> None:
    assert watchdog_period(environ) == period


def test_the_texts() -> None:
    sent: list[str] = []
    notifier = Notifier({"WATCHDOG_USEC": "8000000"}, sent.append)
    notifier.ready("1 line ready")
    notifier.status("1 call")
    notifier.alive()
    notifier.stopping()
    assert sent == [
        "READY=1\nSTATUS=1 line ready",
        "STATUS=1 call",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=ending calls",
    ]


def test_they_reach_the_socket_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        Notifier().ready("fine")
        assert manager.recv(100) == b"READY=1\nSTATUS=fine"
    Notifier({}).ready("nobody waits")


def test_the_watchdog_is_fed_only_while_the_engine_moves() -> None:
    sent: list[str] = []
    lost: list[float] = []
    beats = iter([1, 2, 2, 2, 3, 3])
    loop = FakeLoop()
    watchdog = Watchdog(
        loop, Notifier({"WATCHDOG_USEC": "8000000"}, sent.append), lambda: next(beats), lost.append
    )
    watchdog.start()
    assert loop.delay == 2.0
    fed = [len(sent)]
    for _ in range(5):
        loop.fire()
        fed.append(len(sent))
    assert fed == [1, 2, 2, 2, 3, 3]
    assert lost == [2.0, 2.0]  # once for each silence, not each time it was looked at


def test_a_stopped_watchdog_is_quiet() -> None:
    loop = FakeLoop()
    watchdog = Watchdog(loop, Notifier({}, lambda _text: None), lambda: 1)
    watchdog.start()
    watchdog.stop()
    watchdog.stop()
    assert loop.timer.cancelled
