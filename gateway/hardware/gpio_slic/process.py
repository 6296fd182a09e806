"""Starts the process of a line's pins, and carries words to and fro."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Final, Protocol, TypeAlias

from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.hearing import Hearing
from gateway.line.port import Wake

CLOSE_S: Final = 1.0
PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.hardware.gpio_slic.worker")


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone; `how` says by what. Nothing arrives after this."""

    how: str


Arrival: TypeAlias = wire.Message | Ended


class LineProcess(Protocol):
    """What works the pins. All methods are called on the loop thread."""

    def wait(self, timeout_s: float) -> None:
        """Until something has arrived."""

    def arrival(self) -> Arrival | None:
        """The oldest thing not yet taken."""

    def send(self, command: wire.Command) -> None:
        """Tell it; nothing happens when it is gone, for then Ended arrives."""

    def kill(self) -> None:
        """It does not answer: end it. The kernel lets its pins go."""

    def close(self) -> None:
        """Let it park the line and end; what arrives is of no interest any more."""


class PinProcess:
    """A LineProcess: a child with two pipes, of which a thread reads one.

    On that thread `hearing` hears everything first, and `wake()` is called after each arrival. The
    child's errors go where ours do: to the journal.
    """

    def __init__(
        self,
        line: str,
        wiring: Wiring,
        wake: Wake,
        hearing: Hearing,
        program: tuple[str, ...] = PROGRAM,
    ) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - a program of ours
            [*program, line, str(wiring)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._wake = wake
        self._hearing = hearing
        self._arrivals: deque[Arrival] = deque()
        self._arrived = threading.Event()
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin: IO[bytes] = self._child.stdin
        self._thread = threading.Thread(
            target=self._listen, args=(self._child.stdout,), name=f"tipring-{line}", daemon=True
        )
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._child.pid

    def wait(self, timeout_s: float) -> None:
        """Only at the start of the service: afterwards `wake` says when."""
        self._arrived.wait(timeout_s)

    def arrival(self) -> Arrival | None:
        """In the order in which the child sent them."""
        return self._arrivals.popleft() if self._arrivals else None

    def send(self, command: wire.Command) -> None:
        """A command is far shorter than a pipe is long: writing one never waits."""
        with suppress(OSError, ValueError):
            self._stdin.write(f"{wire.command_line(command)}\n".encode())
            self._stdin.flush()

    def kill(self) -> None:
        """SIGKILL: it ends stopped processes too."""
        self._child.kill()

    def close(self) -> None:
        """The end of its input is the end of its work."""
        with suppress(OSError):
            self._stdin.close()
        try:
            self._child.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._thread.join(CLOSE_S)

    def _listen(self, messages: IO[bytes]) -> None:
        with messages:
            for line in messages:
                with suppress(ValueError):  # half a line, of one that was killed
                    self._heard(wire.read_message(line.decode()))
        self._hearing.lost()
        status = self._child.wait()
        self._arrive(Ended(f"exit status {status}" if status >= 0 else f"signal {-status}"))

    def _heard(self, message: wire.Message) -> None:
        if self._hearing.hear(message):
            self._arrive(message)

    def _arrive(self, what: Arrival) -> None:
        self._arrivals.append(what)
        self._arrived.set()
        self._wake()
