"""What a look at the sound cards finds, and what it tells the owner to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.hardware.audio.card import Kind
from gateway.hardware.audio.findings import findings
from gateway.hardware.finding import Finding
from tests.hardware.fake_alsa import FakeAlsa, FakeMixer, good_mixer


def look(
    alsa: FakeAlsa, kind: Kind = "capture", device: str = "plughw:CARD=Device", **how: Any
) -> list[Finding]:
    return list(findings([(kind, device)], alsa, **how))


def without(mixer: FakeMixer) -> list[FakeMixer]:
    """The good mixer, with one control another."""
    return [mixer if each.name == mixer.name else each for each in good_mixer()]


CASES: list[tuple[str, FakeAlsa, Kind, str, str, str, str]] = [
    (
        "not there",
        FakeAlsa(),
        "capture",
        "plughw:CARD=Phone",
        "failure",
        'there is no card "Phone"; there are: "Headphones", "Device"',
        "plug it in, or name one that is there",
    ),
    (
        "none at all",
        FakeAlsa({}),
        "playback",
        "hw:Phone",
        "failure",
        "there is none at all",
        "plug",
    ),
    ("no such number", FakeAlsa(), "playback", "hw:1,0", "failure", 'no card "1"', "plug it in"),
    (
        "busy",
        FakeAlsa(error="Device or resource busy"),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "it is in use by another program",
        "end that program",
    ),
    (
        "not allowed",
        FakeAlsa(error="Permission denied"),
        "playback",
        "plughw:CARD=Device",
        "failure",
        "Permission denied",
        "usermod -aG audio USER",
    ),
    (
        "no such device of the card",
        FakeAlsa(error="No such file or directory"),
        "playback",
        "plughw:CARD=Device,DEV=7",
        "failure",
        "No such file or directory",
        "`aplay -L` lists",
    ),
    (
        "no rate of use",
        FakeAlsa(rates=[5512, 6000]),
        "capture",
        "hw:Device",
        "failure",
        "none of the usual rates; it has [5512, 6000]",
        "8000, 16000 or 48000 Hz",
    ),
    (
        "the board's socket as a microphone",
        FakeAlsa(),
        "capture",
        "plughw:CARD=Headphones",
        "failure",
        "the board's own sound: it has no microphone",
        "needs a card with a microphone",
    ),
    (
        "the board's socket, by number",
        FakeAlsa(),
        "playback",
        "hw:0",
        "warning",
        "Headphones is the board's own sound",
        "USB",
    ),
    (
        "muted",
        FakeAlsa(controls=without(FakeMixer("Speaker", playback=60, muted=True))),
        "playback",
        "plughw:CARD=Device",
        "failure",
        "Speaker is muted",
        "playback_level = 60",
    ),
    (
        "not recorded from",
        FakeAlsa(controls=without(FakeMixer("Mic", capture=60, recorded=False))),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "Mic is muted",
        "capture_level = 60",
    ),
    (
        "level 0",
        FakeAlsa(controls=without(FakeMixer("Mic", capture=0, recorded=True))),
        "capture",
        "plughw:CARD=Device",
        "failure",
        "Mic is at 0 %",
        "capture_level = 60",
    ),
    (
        "hardly a level",
        FakeAlsa(controls=without(FakeMixer("Speaker", playback=3, muted=False))),
        "playback",
        "plughw:CARD=Device",
        "warning",
        "Speaker is at 3 %",
        "playback_level",
    ),
    (
        "automatic gain",
        FakeAlsa(controls=without(FakeMixer("Auto Gain Control", muted=False))),
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
    tmp_path: Path, alsa: FakeAlsa, kind: Kind, device: str, level: str, said: str, fix: str
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
    found = look(FakeAlsa(rates=rates), kind, root=tmp_path)
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
    (found,) = look(FakeAlsa(error="Device or resource busy"), root=held)
    assert found.level == "failure"
    assert found.text == "it is in use by pulseaudio (process 321)"
    assert found.fix.startswith("end pulseaudio (process 321)")


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
    (found,) = look(FakeAlsa({2: "Device"}), "playback", "plughw:CARD=Headphones", root=tmp_path)
    assert found.level == "failure"
    assert ("switches the board's own sound off" in found.text) == is_off
