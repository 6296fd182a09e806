"""What a caller-ID display is sent: the data messages of on-hook and off-hook data transmission.

Single data messages (SDMF) have a date and a number; multiple ones (MDMF) have parameters, the
name among them. Sources: Bellcore GR-30 and GR-31 by way of ETSI EN 300 659-3, whose tables name
the same types. The bytes are what the modem sends, checksum included; start and stop bits are its
business.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from gateway.line.display import DtmfWords

# Message types (EN 300 659-3 section 5.2; the first two are GR-30's single data messages).
_SINGLE_CALL: Final = 0x04
_CALL_SETUP: Final = 0x80
_MESSAGE_WAITING: Final = 0x82

# Parameter types (EN 300 659-3 section 5.3).
_TIME: Final = 0x01
_NUMBER: Final = 0x02
_NO_NUMBER: Final = 0x04
_NAME: Final = 0x07
_NO_NAME: Final = 0x08
_INDICATOR: Final = 0x0B

# What displays are sure to have room for.
MOST_DIGITS: Final = 20
LONGEST_NAME: Final = 15

_SHOWN: Final = frozenset("0123456789*#+")

# Letters that have no other letter inside.
_SPELT: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)

Absence = Literal["unavailable", "private"]
_REASONS: Final = {"unavailable": b"O", "private": b"P"}


@dataclass(frozen=True, slots=True)
class LocalTime:
    """When the call came, as a clock on the wall shows it."""

    month: int
    day: int
    hour: int
    minute: int

    def __post_init__(self) -> None:
        fits = 1 <= self.month <= 12 and 1 <= self.day <= 31
        if not (fits and 0 <= self.hour <= 23 and 0 <= self.minute <= 59):
            raise ValueError(f"{self} is no time")

    def digits(self) -> bytes:
        """MMDDHHMM."""
        return b"%02d%02d%02d%02d" % (self.month, self.day, self.hour, self.minute)


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who calls, for a display. "" is not known; `absence` says why nothing is shown then."""

    number: str = ""
    name: str = ""
    absence: Absence = "unavailable"


def multiple_data_message(who: CallerIdentity, when: LocalTime) -> bytes:
    """Call set-up in MDMF: time, then number and name, or the reason why there is none."""
    reason = _REASONS[who.absence]
    number, name = shown_number(who.number), shown_name(who.name)
    return _message(
        _CALL_SETUP,
        _parameter(_TIME, when.digits())
        + (_parameter(_NUMBER, number) if number else _parameter(_NO_NUMBER, reason))
        + (_parameter(_NAME, name) if name else _parameter(_NO_NAME, reason)),
    )


def single_data_message(who: CallerIdentity, when: LocalTime) -> bytes:
    """Call set-up in SDMF, for displays that know no names."""
    number = shown_number(who.number) or _REASONS[who.absence]
    return _message(_SINGLE_CALL, when.digits() + number)


def message_waiting(waiting: bool) -> bytes:
    """Turns a telephone's message lamp on or off (EN 300 659-3 section 5.4.11)."""
    return _message(_MESSAGE_WAITING, _parameter(_INDICATOR, b"\xff" if waiting else b"\x00"))


def number_in_keys(who: CallerIdentity, words: DtmfWords) -> str:
    """The caller in DTMF keys (EN 300 659-1 annex B): the number between two keys, or a code."""
    digits = "".join(character for character in who.number if character in "0123456789")
    if digits:
        return words.start + digits[-MOST_DIGITS:] + words.end
    return words.private if who.absence == "private" else words.unavailable


def shown_number(number: str) -> bytes:
    """What of a number a display can show: its digits, the last ones where there are too many."""
    kept = "".join(character for character in number if character in _SHOWN)
    return kept[-MOST_DIGITS:].encode("ascii")


def shown_name(name: str) -> bytes:
    """A name in the displays' ASCII: letters without their marks, else a question mark."""
    bare = unicodedata.normalize("NFKD", name.translate(_SPELT))
    kept = (character for character in bare if not unicodedata.combining(character))
    plain = "".join(character if character.isprintable() else " " for character in kept)
    return " ".join(plain.split()).encode("ascii", "replace")[:LONGEST_NAME]


def _parameter(kind: int, data: bytes) -> bytes:
    return bytes([kind, len(data)]) + data


def _message(kind: int, body: bytes) -> bytes:
    """Type, length, body, and what makes the sum of all zero (modulo 256)."""
    head = bytes([kind, len(body)]) + body
    return head + bytes([-sum(head) % 256])
