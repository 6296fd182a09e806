"""The caller against an echo: it hears itself, its digits, and names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.damage import through_g711
from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import RATE, Pcm, read_wav, write_wav
from tests.peers.driver import JsonPeer, Row, twilio_caller
from tests.peers.echo_gateway import EchoGateway, Headers

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def speech() -> Pcm:
    try:
        return utterance("caller", 2.0)
    except NoSpeechError as missing:
        pytest.skip(str(missing))


def call(gateway: EchoGateway, folder: Path, speech: Pcm, *more: str) -> tuple[Row, JsonPeer]:
    """Speak, press 1590, hang up."""
    write_wav(folder / "said.wav", speech)
    with twilio_caller(f"sip:echo@127.0.0.1:{gateway.port}", folder, *more) as peer:
        peer.wait_for("answered")
        peer.order(f"speak {folder / 'said.wav'}")
        peer.order("digits 1590 60")
        peer.wait_for("spoken")
        peer.wait_until(lambda _: len(peer.told("digit-heard")) == 4, 5, "four digits")
        peer.order("wait 100")
        peer.order("bye")
        return peer.over(), peer


def test_a_clean_call_has_no_faults(tmp_path: Path, speech: Pcm) -> None:
    with EchoGateway() as gateway:
        over, peer = call(gateway, tmp_path, speech)
    assert over["faults"] == []
    assert peer.process.returncode == 0
    assert over["digits"] == "1590"
    assert over["lost"] == 0
    assert [row["status"] for row in peer.told("response", method="INVITE")] == [100, 180, 200]
    assert peer.told("response", status=200, method="BYE")[0]["x"] == {"X-Echo": "yes"}
    assert gateway.methods == ["INVITE", "ACK", "BYE"]
    expected = (peer.told("speaking")[0]["t"] - over["begin"]) * RATE
    limits = Limits(lag_ms=(-30, 60))
    heard = read_wav(over["wav"])
    verdict = compare(through_g711(speech), heard, limits, expected_offset=expected)
    assert verdict.passed, verdict.reasons


IMPAIRED: list[tuple[list[str], str, str]] = [
    (["--mute"], "1590", "aligned"),
    (["--delay-ms", "400"], "1590", "lag"),
    (["--alter-digit", "2"], "1510", ""),
    (["--loss", "10"], "1590", "drop-outs"),
]


@pytest.mark.parametrize(
    ("option", "digits", "reason"), IMPAIRED, ids=[row[0][0] for row in IMPAIRED]
)
def test_impairments_are_real(
    tmp_path: Path, speech: Pcm, option: list[str], digits: str, reason: str
) -> None:
    with EchoGateway() as gateway:
        over, peer = call(gateway, tmp_path, speech, *option)
    assert over["digits"] == digits
    expected = (peer.told("speaking")[0]["t"] - over["begin"]) * RATE
    limits = Limits(lag_ms=(-30, 60))
    verdict = compare(speech, read_wav(over["wav"]), limits, expected_offset=expected)
    assert verdict.passed == (reason == "")
    assert any(text.startswith(reason) for text in verdict.reasons or [""])


def without(name: str) -> Callable[[Headers], Headers]:
    return lambda headers: [(n, v) for n, v in headers if n != name]


def replaced(name: str, value: str) -> Callable[[Headers], Headers]:
    return lambda headers: [(n, value if n == name else v) for n, v in headers]


def first_via_alone(headers: Headers) -> Headers:
    vias = [v for n, v in headers if n == "Via"]
    return [("Via", vias[0]), *without("Via")(headers)]


SPOILT: list[tuple[str, Callable[[Headers], Headers], str]] = [
    ("one Via of two", first_via_alone, "1 Via of 2"),
    ("no Record-Route", without("Record-Route"), "Record-Route changed"),
    ("other From", replaced("From", "<sip:x@y>;tag=1"), "From changed"),
    ("no Allow", without("Allow"), "no Allow"),
    ("a Require", lambda headers: [*headers, ("Require", "100rel")], "Require"),
    ("no Contact host", replaced("Contact", "<sip:0.0.0.0:5060>"), "Contact names no host"),
]


@pytest.mark.parametrize(("name", "spoil", "fault"), SPOILT, ids=[row[0] for row in SPOILT])
def test_bad_responses_are_named(
    tmp_path: Path, name: str, spoil: Callable[[Headers], Headers], fault: str
) -> None:
    with EchoGateway(spoil) as gateway:
        target = f"sip:echo@127.0.0.1:{gateway.port}"
        with twilio_caller(target, tmp_path) as peer:
            peer.wait_for("answered")
            peer.order("quit")
            over = peer.over()
    assert any(fault in text for text in over["faults"]), over["faults"]
    assert peer.process.returncode == 1
