"""`tipring phone LINE`: a simulated phone in the terminal, worked by single keys.

It drives the service through the control socket alone, as any client could. Gestures that take time
(dialling) run on a thread of their own, so that the picture goes on.
"""

from __future__ import annotations

import os
import queue
import select
import sys
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from gateway.errors import SystemRefusal, TipringError
from gateway.service.control_client import ControlClient
from gateway.service.text import one_line
from gateway.service.views.status import STATE_STYLES, call_state, milliseconds, party

_REFRESH_S: Final = 0.1
_DIALLED: Final = frozenset("0123456789*#ABCD")
_KEYS: Final = "l lift   h hang up   f flash   0-9 * # dial   q quit"
_BELL: Final = ("((  RING  ))", " (  RING  ) ")

GESTURES: Final = {"l": "handset.off-hook", "h": "handset.on-hook", "f": "handset.flash"}

Status = dict[str, Any]
Gesture = tuple[str, dict[str, Any]]


def gesture_for(key: str) -> Gesture | None:
    """The command that a key stands for, None for a key without meaning."""
    if key in GESTURES:
        return GESTURES[key], {}
    digit = key.upper()
    return ("handset.dial", {"digits": digit}) if digit in _DIALLED else None


class PhoneView:
    """The live view of one line. `connect` opens the second connection, for gestures."""

    def __init__(
        self, client: ControlClient, line: str, connect: Callable[[], ControlClient]
    ) -> None:
        self._client = client
        self._line = line
        self._hand = _Hand(connect, line)
        self._frame = 0

    def run(self) -> None:
        """Until `q`. SystemRefusal without a terminal, UsageError for a line that is not there."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise SystemRefusal("this view needs a terminal; scripts use `tipring handset`")
        first = self._view()
        with _single_keys(sys.stdin.fileno()) as keys, self._hand, Live(first) as live:
            while (key := keys(_REFRESH_S)) != "q":
                gesture = gesture_for(key)
                if gesture is not None:
                    self._hand.do(gesture)
                live.update(self._view(), refresh=True)

    def _view(self) -> RenderableType:
        self._frame += 1
        return phone_view(
            self._client.request("status"), self._line, self._frame, list(self._hand.notes)
        )


def phone_view(status: Status, line: str, frame: int = 0, notes: list[str] | None = None) -> Panel:
    """The picture: bell or state, the call with its figures, digits, what went wrong."""
    state = next((each["state"] for each in status["lines"] if each["name"] == line), None)
    if state is None:
        names = ", ".join(each["name"] for each in status["lines"])
        raise SystemRefusal(f"there is no line {line!r}; the lines are: {names}")
    is_ringing = state == "ringing"
    shown = _BELL[frame // 3 % 2] if is_ringing else state
    parts: list[RenderableType] = [Text(shown, style=STATE_STYLES.get(state, ""))]
    calls = [call for call in status["calls"] if call["line"] == line]
    parts.extend([_call_text(call) for call in calls] or [Text("no call", style="dim")])
    parts.extend(Text(note, style="red") for note in notes or ())
    parts.append(Text(_KEYS, style="dim"))
    return Panel(Group(*parts), title=f"phone {line}", expand=False)


def _call_text(call: Status) -> Text:
    rtp = call["rtp"]
    digits = call.get("digits") or {}
    lines = [
        f"{call['direction']} call {one_line(party(call))}: {call_state(call)}",
        f"sent {rtp['sent']}  received {rtp['received']}  lost {rtp['lost']}"
        f"  jitter {milliseconds(rtp['jitter_ms'])}",
        f"heard {digits.get('received', '') or '-'}   dialled {digits.get('sent', '') or '-'}",
    ]
    return Text("\n".join(lines))


class _Hand:
    """Carries gestures out one after another; notes what the service refused."""

    def __init__(self, connect: Callable[[], ControlClient], line: str) -> None:
        self._connect = connect
        self._line = line
        self._queue: queue.SimpleQueue[Gesture | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.notes: deque[str] = deque(maxlen=3)

    def do(self, gesture: Gesture) -> None:
        self._queue.put(gesture)

    def __enter__(self) -> _Hand:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(2)

    def _work(self) -> None:
        while (gesture := self._queue.get()) is not None:
            command, fields = gesture
            try:
                with self._connect() as client:
                    client.request(command, patient=True, line=self._line, **fields)
            except (TipringError, OSError) as error:
                self.notes.append(one_line(str(error)))


@contextmanager
def _single_keys(descriptor: int) -> Iterator[Callable[[float], str]]:
    """Keys without Return; the terminal is put back whatever happens."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)

    def key(timeout_s: float) -> str:
        ready, _, _ = select.select([descriptor], [], [], timeout_s)
        if not ready:
            return ""
        data = os.read(descriptor, 1)
        return data.decode("ascii", "replace").lower() if data else "q"

    try:
        yield key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
