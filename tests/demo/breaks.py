"""Ways to spoil the demonstration on purpose: each must be found by a check, which is named."""

from __future__ import annotations

from dataclasses import dataclass

DELAY_MS = 600


@dataclass(frozen=True, slots=True)
class Break:
    """`caller`: its further options, {phone_wav} filled in. `found_by`: part of a check's name."""

    caller: tuple[str, ...] = ()
    phone_silent: bool = False
    phone_says_callers: bool = False
    phone_digit: bool = False
    found_by: str = ""


NONE = Break()

BREAKS: dict[str, Break] = {
    "muted-caller": Break(caller=("--mute",), found_by="caller to phone: aligned"),
    "muted-phone": Break(phone_silent=True, found_by="phone to caller: aligned"),
    "delayed": Break(caller=("--delay-ms", str(DELAY_MS)), found_by="caller to phone: lag"),
    "swapped": Break(
        caller=("--swap-speech", "{phone_wav}"),
        phone_says_callers=True,
        found_by="caller to phone: aligned",
    ),
    "digit-caller": Break(
        caller=("--alter-digit", "2"), found_by="caller's digits heard at the earpiece"
    ),
    "digit-phone": Break(phone_digit=True, found_by="phone's digits received by the caller"),
}


def altered(digits: str) -> str:
    """The third digit becomes another."""
    other = "1" if digits[2] != "1" else "2"
    return digits[:2] + other + digits[3:]
