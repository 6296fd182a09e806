"""Calls that a real dial and real keys place: dial tone, digits, ringback, answer, hang-up."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.audio.tones import tones_of
from tests.peers.callee import Callee
from tests.scenario.gateway_process import GatewayProcess
from tests.vm.guest import gestures, service
from tests.vm.guest.gestures import Gesture
from tests.vm.guest.handset import Handset, ahead_of_others
from tests.vm.guest.sound import Sound

ACCOUNT = """
[[account]]
name = "trunk"
register = false
registrar = ["sip:{address}"]
domain = "town.example"
username = "alice"
"""
LONGEST_PAUSE_S = 12.0  # until a number counts as dialled, and a little more


@pytest.fixture(scope="module")
def callee() -> Iterator[Callee]:
    with Callee() as callee:
        yield callee


@pytest.fixture(scope="module")
def gateway(callee: Callee, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("tipring")
    account = ACCOUNT.format(address=callee.address)
    with service.gateway(folder, account, 'account = "trunk"\n') as running:
        yield running


@pytest.mark.parametrize(
    ("number", "gesture"),
    [
        ("4711", gestures.rotary("4711", pulses_s=8, break_percent=50)),
        ("90", gestures.rotary("90", pulses_s=12, break_percent=75)),
        ("159", gestures.keys("159#", on_s=0.05, off_s=0.05)),
    ],
)
def test_dialled_answered_and_hung_up(
    gateway: GatewayProcess, callee: Callee, handset: Handset, number: str, gesture: Gesture
) -> None:
    phone = gateway.phone
    phone.await_state("idle")
    with Sound() as sound:
        handset.play(gestures.lift())
        phone.await_state("off-hook")
        time.sleep(1.0)
        with ahead_of_others():
            handset.play(gesture)
        invite = callee.expect("INVITE", LONGEST_PAUSE_S)
        before_s = sound.heard_s
        callee.reply(invite, "180 Ringing", tag="one")
        time.sleep(2.5)
        callee.reply(invite, "200 OK", tag="one", media=True)
        callee.expect("ACK")
        time.sleep(0.5)
        handset.play(gestures.hang_up())
        callee.reply(callee.expect("BYE"), "200 OK")
        phone.await_state("idle")
    assert invite.start.split()[1].startswith(f"sip:{number}@")
    assert tones_of(sound.heard())[0] == "dial"
    assert tones_of(sound.heard(before_s)) == ["ringback"]
