"""Parts of the module `alsaaudio` (pyalsaaudio 0.11) that tests can look into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PLAYBACK, CAPTURE = 0, 1


class ALSAAudioError(Exception):
    """As pyalsaaudio's: no OSError."""


class FakeMixer:
    """A control. `playback` and `capture`: its level in that direction, None for none."""

    def __init__(
        self,
        name: str,
        *,
        playback: int | None = None,
        capture: int | None = None,
        muted: bool | None = None,
        recorded: bool | None = None,
    ) -> None:
        self.name = name
        self.levels = {PLAYBACK: playback, CAPTURE: capture}
        self.muted = muted
        self.recorded = recorded

    def mixer(self) -> str:
        return self.name

    def volumecap(self) -> list[str]:
        names = {PLAYBACK: "Playback Volume", CAPTURE: "Capture Volume"}
        return [names[kind] for kind, level in self.levels.items() if level is not None]

    def switchcap(self) -> list[str]:
        switches = {"Playback Mute": self.muted, "Capture Mute": self.recorded}
        return [name for name, value in switches.items() if value is not None]

    def getvolume(self, kind: int) -> list[int]:
        return [self.levels[kind] or 0]

    def setvolume(self, percent: int, channel: int, kind: int) -> None:
        self.levels[kind] = percent

    def getmute(self) -> list[int]:
        return [int(bool(self.muted))]

    def setmute(self, muted: int) -> None:
        self.muted = bool(muted)

    def getrec(self) -> list[int]:
        return [int(bool(self.recorded))]

    def setrec(self, recorded: int) -> None:
        self.recorded = bool(recorded)


def good_mixer() -> list[FakeMixer]:
    return [
        FakeMixer("Speaker", playback=60, muted=False),
        FakeMixer("Mic", capture=70, recorded=True),
        FakeMixer("Auto Gain Control", muted=True),
    ]


@dataclass
class FakeAlsa:
    """A machine's cards by number, and what the one that is asked answers."""

    names: dict[int, str] = field(default_factory=lambda: {0: "Headphones", 2: "Device"})
    error: str = ""
    rates: int | list[int] = 48000
    controls: list[FakeMixer] = field(default_factory=good_mixer)

    PCM_CAPTURE, PCM_PLAYBACK, PCM_NONBLOCK = 1, 0, 1
    PCM_FORMAT_S16_LE, PCM_FORMAT_S16_BE = 2, 3
    ALSAAudioError = ALSAAudioError

    def cards(self) -> list[str]:
        return list(self.names.values())

    def card_indexes(self) -> list[int]:
        return list(self.names)

    def card_name(self, number: int) -> tuple[str, str]:
        return "USB Audio Device", "USB Audio Device at usb-1"

    def PCM(self, **asked: Any) -> FakeAlsa:
        if self.error:
            raise ALSAAudioError(f"{self.error} [{asked['device']}]")
        return self

    def info(self) -> dict[str, Any]:
        return {"card_no": 2, "name": "Device"}

    def getrates(self) -> int | list[int]:
        return self.rates

    def getchannels(self) -> list[int]:
        return [2]

    def close(self) -> None: ...

    def mixers(self, device: str) -> list[str]:
        return [control.name for control in self.controls]

    def Mixer(self, name: str, number: int, device: str) -> FakeMixer:
        return next(control for control in self.controls if control.name == name)
