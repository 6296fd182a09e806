"""A handset in a process of its own: nothing that a test does to its interpreter slows its finger.

Gestures are told to it as lines of JSON, and are played one after another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import IO, Final, Self

from tests.vm.guest.board import Board
from tests.vm.guest.gestures import Gesture, Turn
from tests.vm.guest.handset import Handset, Turned, ahead_of_others


class Hand:
    """Plays gestures while the test goes on."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._told: Final[IO[bytes]] = self._process.stdin
        self._answers: Final[IO[bytes]] = self._process.stdout
        self._owed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._told.close()
        self._process.wait()
        self._answers.close()

    def play(self, gesture: Gesture) -> float:
        """Begin it now, or when the one before it is done; returns how many seconds it takes."""
        turns = [(turn.at_s, turn.signal, turn.level) for turn in gesture]
        self._told.write(json.dumps(turns).encode() + b"\n")
        self._told.flush()
        self._owed += 1
        return gesture[-1].at_s

    def turned(self) -> list[Turned]:
        """When each line was turned by the gestures since the last asking; waits for their end."""
        found: list[Turned] = []
        while self._owed:
            found += [Turned(*each) for each in json.loads(self._answers.readline())]
            self._owed -= 1
        return found


def main() -> None:
    handset = Handset(Board())
    with ahead_of_others():
        for line in sys.stdin.buffer:
            turned = handset.play([Turn(*each) for each in json.loads(line)])
            answer = [(each.t_ns, each.signal, each.level) for each in turned]
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
