"""What a card's owner is told: once when it fails, though both ways do, once when it works."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateway.hardware.audio.card import Kind


def _nobody(_text: str) -> None:
    """Nobody wants to know."""


class Reports:
    """Called on both audio threads, as are the three functions that a text is given to."""

    def __init__(
        self,
        on_fault: Callable[[str], None],
        on_recovered: Callable[[str], None] = _nobody,
        on_warning: Callable[[str], None] = _nobody,
    ) -> None:
        self._on_fault = on_fault
        self._on_recovered = on_recovered
        self._on_warning = on_warning
        self._lock = threading.Lock()
        self._faulty: dict[str, set[Kind]] = {}
        self._warned: set[str] = set()

    def fault(self, kind: Kind, device: str, text: str) -> None:
        """This direction of the device has failed."""
        with self._lock:
            kinds = self._faulty.setdefault(device, set())
            is_news = not kinds
            kinds.add(kind)
        if is_news:
            self._on_fault(
                f"sound card {device} ({kind}): {text}; it is tried again until it works. "
                f"`{'arecord' if kind == 'capture' else 'aplay'} -L` lists the names"
            )

    def recovered(self, kind: Kind, device: str) -> None:
        """This direction of the device works again."""
        with self._lock:
            kinds = self._faulty.get(device, set())
            kinds.discard(kind)
            is_news = not kinds
        if is_news:
            self._on_recovered(f"sound card {device} works")

    def warning(self, text: str) -> None:
        """Something works, though not as wanted; said once."""
        with self._lock:
            is_news = text not in self._warned
            self._warned.add(text)
        if is_news:
            self._on_warning(text)
