"""What a running service says of its lines: in service or not, and how the link to a card does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from gateway.hardware.finding import Finding
from gateway.service import commands
from gateway.service.doctor.case import Case

# One line in so many may be damaged; more is a fault of the wiring.
_DAMAGED_SHARE: Final = 1000
_CABLE: Final = "use a shorter or better cable, and one ground for card and board"
_POWER: Final = "check the card's supply and its plug"


def check(case: Case) -> Iterator[Finding]:
    """Each line's state, and its link's."""
    for line in case.running.values():
        subject = f"line {line.name}"
        if line.state == "fault":
            text, _, fix = (line.fault or "out of service").partition("; ")
            yield Finding("failure", subject, text, fix or "the journal says more")
        else:
            yield Finding("ok", subject, f"in service ({line.driver}), {line.state}")
        if line.link is not UNSET:
            yield from _link(subject, line.link)


def _link(subject: str, link: commands.LinkStatus) -> Iterator[Finding]:
    heard = f"{link.lines} lines heard, {link.damaged} damaged, {link.retries} commands sent again"
    if link.damaged * _DAMAGED_SHARE > link.lines + link.damaged:
        yield Finding("warning", subject, f"the link is noisy: {heard}", _CABLE)
    elif link.version is not None:
        yield Finding("ok", subject, f"card version {link.version}: {heard}")
    lost = link.reconnects + link.resets
    if lost:
        text = f"the device was opened again {link.reconnects} times, the card began again"
        yield Finding("warning", subject, f"{text} {link.resets} times", _POWER)
