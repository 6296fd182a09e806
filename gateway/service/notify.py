"""What systemd is told: ready, status, stopping, alive (sd_notify(3))."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol

_FEEDS_PER_PERIOD: Final = 4
DEFAULT_PERIOD_S: Final = 10.0  # where no watchdog waits, the heartbeats are still compared


class Notifier:
    """Sends state to systemd; does nothing where nobody waits for it ($NOTIFY_SOCKET unset).

    `send` takes the text of sd_notify(3); by default systemd's own library.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        send: Callable[[str], object] | None = None,
    ) -> None:
        self._send = send if send is not None else _sender(environ)
        self.watchdog_s = watchdog_period(environ)

    def ready(self, status: str) -> None:
        """Everything works: units ordered after us may start."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """An orderly end has begun."""
        self._send("STOPPING=1\nSTATUS=ending calls")

    def alive(self) -> None:
        """Feed the watchdog, where one waits."""
        if self.watchdog_s is not None:
            self._send("WATCHDOG=1")


def watchdog_period(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds within which systemd wants to hear from us, None when it does not."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None


class _Timer(Protocol):
    def cancel(self) -> None: ...


class _Loop(Protocol):
    def call_later(self, delay: float, callback: Callable[[], object]) -> _Timer: ...


class Watchdog:
    """Feeds systemd's watchdog only while the loop and the engine both live.

    The loop lives when this timer runs on it; the engine when its `heartbeat` (a count of its
    ticks) has moved since the last time. `on_lost` is told once when the engine stands still,
    with its silence in seconds.
    """

    def __init__(
        self,
        loop: _Loop,
        notifier: Notifier,
        heartbeat: Callable[[], int],
        on_lost: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._loop = loop
        self._notifier = notifier
        self._heartbeat = heartbeat
        self._on_lost = on_lost
        self._interval_s = (notifier.watchdog_s or DEFAULT_PERIOD_S) / _FEEDS_PER_PERIOD
        self._last: int | None = None
        self._missed = 0
        self._timer: _Timer | None = None

    def start(self) -> None:
        """Feed at once and from now on."""
        self._tick()

    def stop(self) -> None:
        """Feed no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        beat = self._heartbeat()
        if beat != self._last:
            self._missed = 0
            self._notifier.alive()
        else:
            self._missed += 1
            if self._missed == 1:
                self._on_lost(self._interval_s)
        self._last = beat
        self._timer = self._loop.call_later(self._interval_s, self._tick)


def _sender(environ: Mapping[str, str]) -> Callable[[str], object]:
    if not environ.get("NOTIFY_SOCKET"):
        return lambda _text: None
    from systemd.daemon import notify  # noqa: PLC0415 - only under systemd

    def send(text: str) -> None:
        # A manager that has gone away is its own loss: the calls go on.
        with suppress(OSError):
            notify(text)

    return send
