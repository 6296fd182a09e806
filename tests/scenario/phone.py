"""The simulated phone of a running service, worked through the control socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.scenario.control import Control, ControlError

POLL_S = 0.02
Status: TypeAlias = dict[str, Any]


class PhoneError(AssertionError):
    """What was waited for did not come; the message holds the last status."""


class Recording:
    """A recording of the earpiece, going on until on-hook or `stop`."""

    def __init__(self, socket: Path, line: str, path: Path) -> None:
        self.path = path
        self.seconds = 0.0
        self._socket, self._line = socket, line
        self._control = Control(socket)
        with path.open("w+b") as file:
            self.begun = time.monotonic()  # the first sample is at most a tick later
            self._control.send({"command": "handset.record", "line": line}, [file.fileno()])

    def stop(self) -> Path:
        """End it now."""
        with Control(self._socket) as control:
            control.ask("handset.record-stop", line=self._line)
        return self.wait()

    def wait(self) -> Path:
        """Until the file is complete."""
        with self._control:
            self.seconds = float(self._control.answer()["seconds"])
        return self.path

    def close(self) -> None:
        """Let go of it, finished or not."""
        self._control.close()


class Phone:
    """One line's handset."""

    def __init__(self, socket: Path, line: str) -> None:
        self._socket, self.line = socket, line
        self._recordings: list[Recording] = []

    def close(self) -> None:
        """Let go of recordings that nobody waited for."""
        while self._recordings:
            self._recordings.pop().close()

    def lift(self) -> float:
        """Returns the monotonic time of the hook edge."""
        return float(self._ask("handset.off-hook", line=self.line)["t"])

    def put_down(self) -> float:
        return float(self._ask("handset.on-hook", line=self.line)["t"])

    def flash(self) -> None:
        self._ask("handset.flash", line=self.line)

    def dial(self, digits: str, **how: object) -> None:
        """Returns when the last digit is over."""
        self._ask("handset.dial", line=self.line, digits=digits, **how)

    def play(self, path: Path, *, wait: bool = False) -> float:
        """Speak a WAV; returns the monotonic time at which it was asked for."""
        with Control(self._socket) as control, path.open("rb") as file:
            begun = time.monotonic()
            control.ask("handset.play", [file.fileno()], line=self.line, wait=wait)
        return begun

    def record(self, path: Path) -> Recording:
        self._recordings.append(Recording(self._socket, self.line, path))
        return self._recordings[-1]

    def status(self) -> Status:
        found: Status = self._ask("status")
        return found

    def calls(self) -> list[dict[str, Any]]:
        """Records of finished calls, oldest first."""
        found: list[dict[str, Any]] = self._ask("calls")
        return found

    def state(self, status: Status | None = None) -> str:
        """idle, ringing, off-hook or fault."""
        lines = (status or self.status())["lines"]
        return next(str(line["state"]) for line in lines if line["name"] == self.line)

    def await_up(self, seconds: float = 10) -> None:
        """Until the service answers at its socket."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while True:
            try:
                self.status()
            except ControlError:
                if time.monotonic() > deadline:
                    raise
                pause.wait(POLL_S)
            else:
                return

    def await_state(self, state: str, seconds: float = 5) -> None:
        self.await_status(lambda status: self.state(status) == state, seconds, f"{state} phone")

    def await_calls(self, count: int, seconds: float = 5) -> Status:
        """Until that many calls are in progress."""
        text = f"{count} calls"
        return self.await_status(lambda status: len(status["calls"]) == count, seconds, text)

    def await_status(self, wanted: Callable[[Status], bool], seconds: float, what: str) -> Status:
        """Ask again and again until the status is as wanted."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        with Control(self._socket) as control:
            while True:
                status: Status = control.ask("status")
                if wanted(status):
                    return status
                if time.monotonic() > deadline:
                    raise PhoneError(f"no {what} within {seconds} s; status: {status}")
                pause.wait(POLL_S)

    def await_digits(self, received: str, seconds: float = 5) -> None:
        """Until the only call has heard these digits from the peer."""
        self.await_status(
            lambda s: [c["digits"]["received"] for c in s["calls"]] == [received],
            seconds,
            f"{received} received",
        )

    def await_hold(self, held: bool, seconds: float = 5) -> None:
        """Until the only call is held by us, or is not any more."""
        self.await_status(
            lambda s: [c["on_hold"] for c in s["calls"]] == [held], seconds, f"on hold: {held}"
        )

    def await_record(self, call_id: str | None = None, seconds: float = 5) -> dict[str, Any]:
        """The record of that call (by default of the last one), once it is written."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while True:
            found = [r for r in self.calls() if call_id in {None, r["call_id"]}]
            if found:
                return found[-1]
            if time.monotonic() > deadline:
                raise PhoneError(f"no record of call {call_id} within {seconds} s")
            pause.wait(POLL_S)

    def _ask(self, command: str, **fields: object) -> Any:
        with Control(self._socket) as control:
            return control.ask(command, **fields)
