"""An engine's line as a driver tells it of its electronics: everything is written down."""

from __future__ import annotations

import threading

from gateway.errors import LocalProtocolError


class FakeSignals:
    """`far`: keys that are played to the telephone. `told`: what came; `threads`: from where."""

    def __init__(self, far: str = "") -> None:
        self.far = far
        self.closed = False
        self.told: list[tuple[str, int]] = []
        self.threads: set[int] = set()

    def early_tone(self, on: bool, t_ns: int) -> None:
        self._note(f"early {int(on)}", t_ns)

    def key_down(self, digit: str, t_ns: int) -> bool:
        self._note(f"down {digit}", t_ns)
        return digit not in self.far

    def key_up(self, t_ns: int) -> None:
        self._note("up", t_ns)

    def ring_trip(self, t_ns: int) -> None:
        self._note("trip", t_ns)

    def _note(self, what: str, t_ns: int) -> None:
        if self.closed:
            raise LocalProtocolError("the line is closed")
        self.told.append((what, t_ns))
        self.threads.add(threading.get_ident())
