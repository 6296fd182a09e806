"""What happens to lines between a card and the gateway: lost, broken, doubled, held back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeAlias

from gateway.hardware.serial_card.card.framing import LineReader, frame, unframe
from gateway.line.events import Fault
from tests.hardware.conformance import Watched
from tests.hardware.serial_rig import SerialRig
from tests.line.traces import country

Tamper: TypeAlias = Callable[[bytes], bytes]


def started(rig: SerialRig, settle_s: float = 1.5) -> Watched:
    line = Watched(rig, country("us")).start()
    line.run_for(settle_s)
    return line


def faults(line: Watched) -> list[str]:
    return [event.text for event in line.raw if isinstance(event, Fault)]


def each_line(change: Callable[[str], bytes]) -> Tamper:
    """A wire that does `change` to every line, given its text."""
    reader = LineReader()

    def tamper(data: bytes) -> bytes:
        return b"".join(change(unframe(line) or "") for line in reader.feed(data))

    return tamper


def once(word: str, change: Callable[[bytes], bytes]) -> Tamper:
    """A wire that does `change` to the first line that begins so."""
    done: list[str] = []

    def one(text: str) -> bytes:
        if not done and text.startswith(word):
            done.append(text)
            return change(frame(text))
        return frame(text)

    return each_line(one)


class Heard:
    """A wire that keeps note of the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._reader = LineReader()

    def __call__(self, data: bytes) -> bytes:
        self.lines += [text for line in self._reader.feed(data) if (text := unframe(line))]
        return data

    def commands(self) -> list[str]:
        return [text for text in self.lines if text != "BEAT"]


def lose(line: bytes) -> bytes:
    return b""


def break_(line: bytes) -> bytes:
    return line.replace(b" ", b"\x80", 1) if b" " in line else b"\x80" + line


def double(line: bytes) -> bytes:
    return line + line


class Adapter:
    """Collects what the card says and hands it over in blocks, as USB adapters do."""

    def __init__(self, rig: SerialRig, longest_ms: float, seed: int) -> None:
        self._rig = rig
        self._longest_s = longest_ms / 1e3
        self._dice = random.Random(seed)
        self._kept = b""
        self._due = 0.0

    def __call__(self, data: bytes) -> bytes:
        if data and not self._kept:
            self._due = self._rig.now + self._dice.random() * self._longest_s
        self._kept += data
        if not self._kept or self._rig.now < self._due:
            return b""
        out, self._kept = self._kept, b""
        return out
