"""What is wrong with a line card, in the owner's words: what is seen; what to do about it."""

from __future__ import annotations

from typing import Final

SILENT: Final = "it has been silent for 3 s; check its power and its cable"


def refuses_to_ring(why: str) -> str:
    """The card's own words."""
    return f"it refuses to ring: {why}"


def never_in_order(*, beating: bool, damaged: int) -> str:
    """The port is open for 3 s, and still no card does what it is told."""
    if beating:
        return "it lives, but does not obey; its program may be of another version: update it"
    if damaged:
        return (
            f"only garbage is heard of it ({damaged} lines); check that it speaks 57600 bit/s, 8N1,"
            " and that it is a line card of tipring's protocol"
        )
    return "nothing is heard of it; check its power and its cable, and that it is on this port"
