"""Sound cards: as a running service has them, or as they are found while none runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.hardware.audio.card import Kind
from gateway.hardware.audio.findings import findings
from gateway.hardware.finding import Finding
from gateway.service import commands
from gateway.service.doctor.case import Case, Silence

_AWAY: Final = "plug it in, or name one that is there in [[line]] audio"


def check(case: Case) -> Iterable[Finding]:
    """The cards of a running service are in its hands: its status is asked."""
    for line in case.running.values():
        if isinstance(line.audio, commands.AudioStatus):
            yield _moved("capture", line.audio.capture)
            yield _moved("playback", line.audio.playback)
    if isinstance(case.service, Silence) and not case.service.hangs:
        yield from findings(_configured(case), case.alsa(), case.root)


def _configured(case: Case) -> Iterator[tuple[Kind, str]]:
    config = case.reading.config
    for line in () if config is None else config.line:
        if line.audio is not None:
            yield "capture", line.audio.capture
            yield "playback", line.audio.playback


def _moved(kind: Kind, status: commands.SoundStatus) -> Finding:
    subject = f"sound card {status.device} ({kind})"
    if status.fault or status.card is None:
        return Finding("failure", subject, status.fault or "it is being opened", _AWAY)
    text = f"{status.card}: {status.rate} Hz, periods of {status.period_ms:g} ms"
    return Finding("ok", subject, f"{text}, {status.delay_ms or 0:g} ms of delay")
