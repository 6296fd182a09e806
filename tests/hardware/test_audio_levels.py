"""Levels and automatic gain of a card's mixer, as the configuration wants them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.hardware.audio.capture import Capture
from gateway.hardware.audio.card import card_of, direct
from gateway.hardware.audio.levels import Levels
from gateway.hardware.audio.playback import Playback
from tests.hardware.fake_alsa import CAPTURE, PLAYBACK, ALSAAudioError, FakeMixer
from tests.hardware.virtual_sound import CardSettings, run


def dongle() -> list[FakeMixer]:
    """What a CM108 has: the microphone's own loudness in the earpiece, too."""
    return [
        FakeMixer("Speaker", playback=20, muted=True),
        FakeMixer("Mic", playback=0, capture=30, muted=True, recorded=False),
        FakeMixer("Auto Gain Control", muted=False),
    ]


def state(controls: Sequence[FakeMixer]) -> dict[str, object]:
    return {
        each.name: (each.levels[PLAYBACK], each.levels[CAPTURE], each.muted, each.recorded)
        for each in controls
    }


AS_IT_WAS = state(dongle())
SET: list[tuple[str, type[Capture] | type[Playback], Levels, dict[str, object]]] = [
    ("nothing is wanted", Capture, Levels(), {}),
    ("not this direction's", Playback, Levels(capture=50, agc=False), {}),
    ("microphone", Capture, Levels(capture=75), {"Mic": (0, 75, True, True)}),
    ("earpiece", Playback, Levels(playback=60), {"Speaker": (60, None, False, None)}),
    ("gain off", Capture, Levels(agc=False), {"Auto Gain Control": (None, None, True, None)}),
    ("gain on", Capture, Levels(agc=True), {"Auto Gain Control": (None, None, False, None)}),
]


@pytest.mark.parametrize(
    ("side", "levels", "changed"), [r[1:] for r in SET], ids=[r[0] for r in SET]
)
def test_levels_are_set(
    side: type[Capture] | type[Playback], levels: Levels, changed: dict[str, object]
) -> None:
    controls = dongle()
    done = run(side, CardSettings(controls=controls), seconds=1, levels=levels)
    assert state(controls) == AS_IT_WAS | changed
    assert done.warnings == []


def test_levels_are_set_again_when_the_card_is_back() -> None:
    controls = dongle()
    card = CardSettings(controls=controls, lost=(2.0, ALSAAudioError("gone")))
    done = run(Capture, card, seconds=6, levels=Levels(capture=75))
    assert len(done.alsa.asked) == 4  # each time once to ask what it can
    assert done.alsa.mixers_asked == ["hw:Device"] * 2


LACKING: list[tuple[str, type[Capture] | type[Playback], Levels, list[FakeMixer], str]] = [
    (
        "no microphone",
        Capture,
        Levels(capture=50),
        [FakeMixer("PCM", playback=50), FakeMixer("Mic", playback=0)],
        "capture_level: the card has no such control; it has PCM, Mic",
    ),
    (
        "no mixer",
        Playback,
        Levels(playback=50),
        [],
        "playback_level: the card has no such control; it has none at all",
    ),
    (
        "no automatic gain",
        Capture,
        Levels(agc=True),
        [FakeMixer("Mic", capture=50)],
        "agc: the card has no such control; it has Mic",
    ),
]


@pytest.mark.parametrize(
    ("side", "levels", "controls", "said"), [r[1:] for r in LACKING], ids=[r[0] for r in LACKING]
)
def test_what_the_card_lacks_is_said_once(
    side: type[Capture] | type[Playback], levels: Levels, controls: list[FakeMixer], said: str
) -> None:
    card = CardSettings(controls=controls, lost=(2.0, ALSAAudioError("gone")))
    done = run(side, card, seconds=6, levels=levels)
    assert done.warnings == [said]


def test_no_automatic_gain_need_not_be_switched_off() -> None:
    card = CardSettings(controls=[FakeMixer("Mic", capture=50)])
    assert run(Capture, card, seconds=1, levels=Levels(agc=False)).warnings == []


NAMES = [
    ("plughw:CARD=Device,DEV=0", "Device", "hw:CARD=Device,DEV=0"),
    ("hw:CARD=Device", "Device", "hw:CARD=Device"),
    ("plughw:Device", "Device", "hw:Device"),
    ("hw:1,0", "1", "hw:1,0"),
    ("sysdefault:CARD=Device", "Device", None),
    ("dsnoop:DEV=0,CARD=Device", "Device", None),
    ("default", None, None),
    ("pulse", None, None),
]


@pytest.mark.parametrize(("device", "card", "behind"), NAMES)
def test_names_of_devices(device: str, card: str | None, behind: str | None) -> None:
    assert card_of(device) == card
    assert direct(device) == behind
