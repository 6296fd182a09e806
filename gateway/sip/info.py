"""Digits and hook flash in INFO (RFC 6086); the bodies are customs of vendors, in no standard."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError

RELAY: Final = "application/dtmf-relay"
DTMF: Final = "application/dtmf"
BROADSOFT: Final = "application/broadsoft"
HOOK_FLASH: Final = "application/hook-flash"
_KINDS: Final = (RELAY, DTMF, BROADSOFT, HOOK_FLASH)
ACCEPT: Final = ", ".join(_KINDS)

FLASH: Final = "flash"
_DEFAULT_MS: Final = 250
_LONGEST_MS: Final = 5000

# Signal=5 / Duration=160, one a line; spaces around the equals sign are seen.
_SIGNAL = re.compile(r"^[ \t]*signal[ \t]*=[ \t]*([!-~]{1,8})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(
    r"^[ \t]*duration[ \t]*=[ \t]*([0-9]{1,6})[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_DIGIT = re.compile(r"[0-9*#A-D]")

# RFC 4733 numbers its events; 16 is flash. Some gateways write the number, some a word.
_WORDS: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D", "star": "*",
                 "pound": "#", "16": FLASH, "flash": FLASH, "hf": FLASH, "!": FLASH}  # fmt: skip


class Signal(NamedTuple):
    """A digit (0-9 * # A-D) or `FLASH`, and how long it lasts in ms."""

    what: str
    duration_ms: int


def read_info(content_type: str, body: bytes) -> Signal:
    """What an INFO asks for. Raises RemoteProtocolError: 415 for another kind of body, else 400."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise RemoteProtocolError(f"no INFO that we know: {kind!r}", 415)
    signal = _signal(kind, body)
    if signal is None:
        raise RemoteProtocolError(f"{kind} without a digit or flash")
    return signal


def _signal(kind: str, body: bytes) -> Signal | None:
    text = body.decode("utf-8", "replace").replace("\r", "\n")
    if kind == BROADSOFT:
        return Signal(FLASH, 0) if "flashhook" in text.lower() else None
    if kind == HOOK_FLASH:
        return Signal(FLASH, 0)
    # Each kind is seen with the body of the other.
    signal, lasts = _SIGNAL.search(text), _DURATION.search(text)
    what = _digit(signal[1] if signal else text.strip()[:8])
    duration = min(int(lasts[1]), _LONGEST_MS) if lasts else _DEFAULT_MS
    return Signal(what, duration) if what else None


def _digit(given: str) -> str:
    plain = given.upper()
    if _DIGIT.fullmatch(plain):
        return plain
    return _WORDS.get(given.lower(), "")


def is_digit(text: str) -> bool:
    """Whether it is what `digit_body` can say."""
    return _DIGIT.fullmatch(text) is not None


def digit_body(digit: str, duration_ms: int) -> bytes:
    """The body of an INFO for one digit, of the kind `RELAY`."""
    return f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()


def flash_body() -> bytes:
    """The body of an INFO for a hook flash, of the kind `BROADSOFT`."""
    return b"event flashhook\r\n"
