"""What can be said about a line's sound cards without a call: for `tipring doctor`.

Pure over a module like `alsaaudio` and a folder like `/`: nothing is changed, and nothing is heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from gateway.errors import HardwareError
from gateway.hardware.audio.card import Kind, card_of, examine
from gateway.hardware.audio.levels import MixerOf, gain_is_on
from gateway.hardware.finding import Finding
from gateway.media.port import SAMPLE_RATE

# The board's own: an earphone socket without a microphone, and what the screen plays.
ON_BOARD: Final = re.compile(r"(headphones|bcm2835|vc4-?hdmi|hdmi)", re.IGNORECASE)
BOOT: Final = ("boot/firmware/config.txt", "boot/config.txt")
QUIET_PERCENT: Final = 5


def findings(
    devices: Iterable[tuple[Kind, str]],
    alsa: Any,
    root: Path = Path("/"),
) -> Iterator[Finding]:
    """One finding at least for each device: a direction and an ALSA name, as
    ("capture", "plughw:CARD=Device"). Asked while tipring has none of them open.
    """
    for kind, device in devices:
        looked = list(_look(kind, device, alsa, root))
        yield from looked
        if all(each.level == "ok" for each in looked):
            yield from _mixer(kind, device, alsa)


def _look(kind: Kind, device: str, alsa: Any, root: Path) -> Iterator[Finding]:
    subject = f"sound card {device} ({kind})"
    card = card_of(device)
    if card is not None and not _is_there(card, alsa):
        yield _missing(subject, card, alsa, root)
        return
    if card is not None and (on_board := _on_board(subject, kind, card, alsa)):
        yield on_board
        if kind == "capture":
            return
    try:
        rate, channels, name = examine(alsa, kind, device)
    except HardwareError as error:
        yield Finding("failure", subject, str(error), "use a card with 8000, 16000 or 48000 Hz")
    except (OSError, alsa.ALSAAudioError) as error:
        yield _refused(subject, kind, str(error), root)
    else:
        how = "" if rate == SAMPLE_RATE else ", converted by us"
        yield Finding("ok", subject, f"{name}: {rate} Hz{how}, {channels} channel(s)")


def _is_there(card: str, alsa: Any) -> bool:
    return card in alsa.cards() or (card.isdecimal() and int(card) in alsa.card_indexes())


def _missing(subject: str, card: str, alsa: Any, root: Path) -> Finding:
    there = ", ".join(f'"{name}"' for name in alsa.cards())
    text = f'there is no card "{card}"; there {f"are: {there}" if there else "is none at all"}'
    if ON_BOARD.search(card) and (setting := _disabled_by(root)):
        return Finding("failure", subject, f"{text}; {setting}", _ANOTHER)
    fix = "plug it in, or name one that is there in [[line]] audio" if there else "plug it in"
    return Finding("failure", subject, text, fix)


_ANOTHER: Final = (
    "a line circuit needs a card with a microphone, as a USB one: name that in [[line]] audio"
)


def _disabled_by(root: Path) -> str:
    """The setting of the boot configuration that switches the board's own sound off."""
    for name in BOOT:
        file = root / name
        lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
        for line in lines:
            if re.match(r"\s*dtparam=(.*,)?audio=off", line):
                return f"/{name} has {line.strip()}, which switches the board's own sound off"
    return ""


def _on_board(subject: str, kind: Kind, card: str, alsa: Any) -> Finding | None:
    name = _plain_name(card, alsa)
    if not ON_BOARD.match(name):
        return None
    if kind == "capture":
        return Finding(
            "failure", subject, f"{name} is the board's own sound: it has no microphone", _ANOTHER
        )
    text = f"{name} is the board's own sound: its socket is for ears, and hisses"
    return Finding("warning", subject, text, _ANOTHER)


def _plain_name(card: str, alsa: Any) -> str:
    """The id of a card that may be named by its number."""
    names: list[str] = alsa.cards()
    return dict(zip(map(str, alsa.card_indexes()), names, strict=True)).get(card, card)


def _refused(subject: str, kind: Kind, text: str, root: Path) -> Finding:
    if "busy" in text:
        return _busy(subject, kind, root)
    if "Permission denied" in text or "Operation not permitted" in text:
        fix = "add the user to the group audio: `usermod -aG audio USER`, and log in again"
        return Finding("failure", subject, text, fix)
    fix = f"`{'arecord' if kind == 'capture' else 'aplay'} -L` lists the names that work"
    return Finding("failure", subject, text, fix)


def _busy(subject: str, kind: Kind, root: Path) -> Finding:
    holders = sorted(dict(_holders(root, kind)).items())
    named = ", ".join(f"{name} (process {pid})" for pid, name in holders)
    return Finding(
        "failure",
        subject,
        f"it is in use by {named or 'another program'}",
        f"end {named or 'that program'}: a sound server that starts by itself, for good",
    )


def _holders(root: Path, kind: Kind) -> Iterator[tuple[int, str]]:
    """Who has a card open, as /proc/asound tells."""
    side = kind[0]
    for status in sorted((root / "proc/asound").glob(f"card*/pcm*{side}/sub*/status")):
        found = re.search(r"owner_pid\s*:\s*(\d+)", status.read_text("ascii", "replace"))
        if found:
            name = root / "proc" / found[1] / "comm"
            yield int(found[1]), name.read_text("utf-8").strip() if name.is_file() else "a program"


def _mixer(kind: Kind, device: str, alsa: Any) -> Iterator[Finding]:
    subject = f"mixer of {device} ({kind})"
    try:
        mixer = MixerOf(alsa, device)
        yield from _level(subject, kind, mixer)
        if kind == "capture":
            yield from _gain(subject, mixer)
    except (OSError, alsa.ALSAAudioError) as error:
        yield Finding("warning", subject, f"it cannot be read: {error}", "look with `alsamixer`")


def _level(subject: str, kind: Kind, mixer: MixerOf) -> Iterator[Finding]:
    control = mixer.level(kind)
    if control is None:
        return
    percent, name = mixer.percent(control, kind), control.mixer()
    fix = f"set {kind}_level in [[line]] audio, as {kind}_level = 60"
    if mixer.is_off(control, kind):
        yield Finding("failure", subject, f"{name} is muted", fix)
    elif percent == 0:
        yield Finding("failure", subject, f"{name} is at 0 %", fix)
    elif percent < QUIET_PERCENT:
        yield Finding("warning", subject, f"{name} is at {percent} %", fix)
    else:
        yield Finding("ok", subject, f"{name} is at {percent} %")


def _gain(subject: str, mixer: MixerOf) -> Iterator[Finding]:
    for control in mixer.gains():
        if gain_is_on(control):
            text = f"{control.mixer()} is on: it pumps, and upsets an echo canceller"
            yield Finding("warning", subject, text, "set agc = false in [[line]] audio")
