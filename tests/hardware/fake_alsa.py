"""Parts of the module `alsaaudio` (pyalsaaudio 0.11) that tests can look into."""

from __future__ import annotations

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
