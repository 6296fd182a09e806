"""The mixer of a card: its levels and its automatic gain, as the configuration wants them.

Cards call the same thing by many names, so a control is chosen by what it can do, and by its name
only among several that can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.hardware.audio.card import Kind, card_of

# Of several controls with a level, the one that belongs to the socket; then the card's overall one.
FIRST: Final[dict[Kind, tuple[str, ...]]] = {
    "capture": ("Mic", "Capture", "Headset", "Line"),
    "playback": ("Speaker", "Headphone", "Headset", "PCM", "Master"),
}
_OWN_SIDE: Final[dict[Kind, str]] = {"capture": "Capture", "playback": "Playback"}
_COMMON: Final[dict[str, tuple[str, ...]]] = {
    "Volume": ("Volume", "Joined Volume"),
    "Mute": ("Mute", "Joined Mute"),
}


@dataclass(frozen=True, slots=True)
class Levels:
    """What is wanted; None leaves it as it is. Levels are percent of the control's range."""

    capture: int | None = None
    playback: int | None = None
    agc: bool | None = None

    def of(self, kind: Kind) -> int | None:
        """The level of one direction."""
        return self.capture if kind == "capture" else self.playback


class MixerOf:
    """The mixer of the card that a device names. Raises ALSAAudioError where there is none."""

    def __init__(self, alsa: Any, device: str) -> None:
        card = card_of(device)
        self._alsa = alsa
        self._device = "default" if card is None else f"hw:{card}"
        names = list(alsa.mixers(device=self._device))
        self.names = list(dict.fromkeys(names))
        """What the card calls its controls."""
        self.controls = [
            alsa.Mixer(name, names[:place].count(name), device=self._device)
            for place, name in enumerate(names)
        ]

    def level(self, kind: Kind) -> Any:
        """The control of a direction's level, None where the card has none."""
        able = [each for each in self.controls if _has(each.volumecap(), kind, "Volume")]
        order = {name: place for place, name in enumerate(FIRST[kind])}
        return min(able, key=lambda each: order.get(each.mixer(), len(order)), default=None)

    def gains(self) -> Iterator[Any]:
        """The switches of an automatic gain control."""
        for each in self.controls:
            name = each.mixer().lower()
            if each.switchcap() and ("auto gain" in name or "agc" in name.split()):
                yield each

    def percent(self, control: Any, kind: Kind) -> int:
        """The level of the loudest channel."""
        return max(map(int, control.getvolume(self._pcm(kind))), default=0)

    def is_off(self, control: Any, kind: Kind) -> bool:
        """Muted, or not chosen to be captured from."""
        if not _has(control.switchcap(), kind, "Mute"):
            return False
        if kind == "playback":
            return all(control.getmute())
        return not any(control.getrec())

    def set_level(self, control: Any, kind: Kind, percent: int) -> None:
        """The level, and the control switched on."""
        control.setvolume(percent, self._alsa.MIXER_CHANNEL_ALL, self._pcm(kind))
        if _has(control.switchcap(), kind, "Mute"):
            switch(control, kind, on=True)

    def _pcm(self, kind: Kind) -> int:
        return int(self._alsa.PCM_CAPTURE if kind == "capture" else self._alsa.PCM_PLAYBACK)


def apply(alsa: Any, kind: Kind, device: str, levels: Levels) -> Iterator[str]:
    """Set what belongs to this direction; yields what could not be, for the owner."""
    level = levels.of(kind)
    agc = levels.agc if kind == "capture" else None
    if level is None and agc is None:
        return
    try:
        mixer = MixerOf(alsa, device)
        if level is not None:
            yield from _set_level(mixer, kind, level)
        if agc is not None:
            yield from _set_gain(mixer, on=agc)
    except (OSError, alsa.ALSAAudioError) as error:
        yield f"the mixer of sound card {device} cannot be set: {error}"


def _set_level(mixer: MixerOf, kind: Kind, percent: int) -> Iterator[str]:
    control = mixer.level(kind)
    if control is None:
        yield f"{kind}_level: the card has no such control; it has {_named(mixer.names)}"
    else:
        mixer.set_level(control, kind, percent)


def _set_gain(mixer: MixerOf, *, on: bool) -> Iterator[str]:
    found = list(mixer.gains())
    for control in found:
        set_gain(control, on=on)
    if on and not found:
        yield f"agc: the card has no such control; it has {_named(mixer.names)}"


def gain_is_on(control: Any) -> bool:
    """Whether an automatic gain control works now. USB cards show it as a playback switch."""
    if _has(control.switchcap(), "capture", "Mute"):
        return any(control.getrec())
    return not all(control.getmute())


def set_gain(control: Any, *, on: bool) -> None:
    """Switch an automatic gain control."""
    kind: Kind = "capture" if _has(control.switchcap(), "capture", "Mute") else "playback"
    switch(control, kind, on=on)


def switch(control: Any, kind: Kind, *, on: bool) -> None:
    """A control's switch: what ALSA calls mute for one direction it calls record for the other."""
    if kind == "capture":
        control.setrec(int(on))
    else:
        control.setmute(int(not on))


def _has(abilities: list[str], kind: Kind, what: str) -> bool:
    return any(
        each in _COMMON[what] or (_OWN_SIDE[kind] in each and what in each) for each in abilities
    )


def _named(names: list[str]) -> str:
    return ", ".join(names) or "none at all"
