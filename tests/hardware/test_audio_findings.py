"""What a look at the sound cards finds, and what it tells the owner to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.hardware.audio.card import Kind
from gateway.hardware.audio.findings import findings
from gateway.hardware.finding import Finding
from tests.hardware.fake_alsa import ALSAAudioError, FakeMixer


def good_mixer() -> list[FakeMixer]:
    return [
        FakeMixer("Speaker", playback=60, muted=False),
        FakeMixer("Mic", capture=70, recorded=True),
        FakeMixer("Auto Gain Control", muted=True),
    ]


@dataclass
class Alsa:
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

    def PCM(self, **asked: Any) -> Alsa:
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


def look(
    alsa: Alsa, kind: Kind = "capture", device: str = "plughw:CARD=Device", **how: Any
) -> list[Finding]:
    return list(findings([(kind, device)], alsa, **how))


def without(mixer: FakeMixer) -> list[FakeMixer]:
    """The good mixer, with one control another."""
    return [mixer if each.name == mixer.name else each for each in good_mixer()]


CASES: list[tuple[str, Alsa, Kind, str, str, str, str]] = [
    (
        "not there",
        Alsa(),
        "capture",
        "plughw:CARD=Phone",
        "failure",
        'there is no card "Phone"; there are: "Headphones", "Device"',
        "plug it in, or name one that is there",
    ),
    ("none at all", Alsa({}), "playback", "hw:Phone", "failure", "there is none at all", "plug"),
    ("no such number", Alsa(), "playback", "hw:1,0", "failure", 'no card "1"', "plug it in"),
    (
        "busy",
        Alsa(error="Device or resource busy"),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "it is in use by another program",
        "end that program",
    ),
    (
        "not allowed",
        Alsa(error="Permission denied"),
        "playback",
        "plughw:CARD=Device",
        "failure",
        "Permission denied",
        "usermod -aG audio USER",
    ),
    (
        "no such device of the card",
        Alsa(error="No such file or directory"),
        "playback",
        "plughw:CARD=Device,DEV=7",
        "failure",
        "No such file or directory",
        "`aplay -L` lists",
    ),
    (
        "no rate of use",
        Alsa(rates=[5512, 6000]),
        "capture",
        "hw:Device",
        "failure",
        "none of the usual rates; it has [5512, 6000]",
        "8000, 16000 or 48000 Hz",
    ),
    (
        "the board's socket as a microphone",
        Alsa(),
        "capture",
        "plughw:CARD=Headphones",
        "failure",
        "the board's own sound: it has no microphone",
        "needs a card with a microphone",
    ),
    (
        "the board's socket, by number",
        Alsa(),
        "playback",
        "hw:0",
        "warning",
        "Headphones is the board's own sound",
        "USB",
    ),
    (
        "muted",
        Alsa(controls=without(FakeMixer("Speaker", playback=60, muted=True))),
        "playback",
        "plughw:CARD=Device",
        "failure",
        "Speaker is muted",
        "playback_level = 60",
    ),
    (
        "not recorded from",
        Alsa(controls=without(FakeMixer("Mic", capture=60, recorded=False))),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "Mic is muted",
        "capture_level = 60",
    ),
    (
        "level 0",
        Alsa(controls=without(FakeMixer("Mic", capture=0, recorded=True))),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "Mic is at 0 %",
        "capture_level = 60",
    ),
    (
        "hardly a level",
        Alsa(controls=without(FakeMixer("Speaker", playback=3, muted=False))),
        "playback",
        "plughw:CARD=Device",
        "warning",
        "Speaker is at 3 %",
        "playback_level",
    ),
    (
        "automatic gain",
        Alsa(controls=without(FakeMixer("Auto Gain Control", muted=False))),
        "capture",
        "plughw:CARD=Device",
        "warning",
        "Auto Gain Control is on",
        "agc = false",
    ),
]


@pytest.mark.parametrize(
    ("alsa", "kind", "device", "level", "said", "fix"),
    [r[1:] for r in CASES],
    ids=[r[0] for r in CASES],
)
def test_what_is_wrong_comes_with_what_to_do(
    tmp_path: Path, alsa: Alsa, kind: Kind, device: str, level: str, said: str, fix: str
) -> None:
    (found,) = (each for each in look(alsa, kind, device, root=tmp_path) if each.level != "ok")
    assert found.level == level
    assert device in found.subject
    assert said in found.text
    assert fix in found.fix


@pytest.mark.parametrize(
    ("kind", "rates", "told"),
    [
        ("capture", 48000, ["USB Audio Device: 48000 Hz, converted by us, 2", "Mic is at 70 %"]),
        ("playback", [8000, 48000], ["USB Audio Device: 8000 Hz, 2 ch", "Speaker is at 60 %"]),
    ],
)
def test_all_is_well(tmp_path: Path, kind: Kind, rates: int | list[int], told: list[str]) -> None:
    found = look(Alsa(rates=rates), kind, root=tmp_path)
    assert [each.level for each in found] == ["ok"] * len(told)
    assert all(text in each.text for text, each in zip(told, found, strict=True))
    assert {each.fix for each in found} == {""}


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A root in which process 321, pulseaudio, has a card's microphone open."""
    status = tmp_path / "proc/asound/card2/pcm0c/sub0/status"
    status.parent.mkdir(parents=True)
    status.write_text("state: RUNNING\nowner_pid   : 321\n", "ascii")
    name = tmp_path / "proc/321/comm"
    name.parent.mkdir()
    name.write_text("pulseaudio\n", "ascii")
    return tmp_path


def test_who_has_the_card(held: Path) -> None:
    (found,) = look(Alsa(error="Device or resource busy"), root=held)
    assert found.level == "failure"
    assert found.text == "it is in use by pulseaudio (process 321)"
    assert found.fix.startswith("end pulseaudio (process 321)")


def test_the_service_may_have_it(held: Path) -> None:
    found, *_ = look(Alsa(error="Device or resource busy"), root=held, ours=[321])
    assert (found.level, found.text) == ("ok", "in use by tipring")


@pytest.mark.parametrize(
    ("line", "is_off"),
    [
        ("dtparam=audio=off", True),
        ("dtparam=i2c=on,audio=off", True),
        ("#dtparam=audio=off", False),
    ],
)
def test_the_boards_own_sound_is_switched_off(tmp_path: Path, line: str, is_off: bool) -> None:
    boot = tmp_path / "boot/firmware/config.txt"
    boot.parent.mkdir(parents=True)
    boot.write_text(f"# a comment\n{line}\n", "utf-8")
    (found,) = look(Alsa({2: "Device"}), "playback", "plughw:CARD=Headphones", root=tmp_path)
    assert found.level == "failure"
    assert ("switches the board's own sound off" in found.text) == is_off
