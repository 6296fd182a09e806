"""Who calls, from the INVITE to the telephone's display: what the earpiece sounds like before an
answer, read by another's receiver."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.audio.dtmf import digits_of
from tests.audio.wav import Pcm, read_wav
from tests.judges import adsi
from tests.peers.probe import Probe
from tests.scenario.gateway_process import GatewayProcess

pytestmark = pytest.mark.slow

NUMBER, NO_NUMBER, NAME = 2, 4, 7  # EN 300 659-3 section 5.3
RINGS_S = 4.6  # two seconds of ringing, and what is told in the pause
BRANCH = "z9hG4bKwho"

# A telephone's display, who calls, and what it shows.
CASES = [
    (
        "us",
        "bell202",
        '"Ann Smith" <sip:+15557654321@a.example>',
        {NUMBER: b"+15557654321", NAME: b"Ann Smith"},
    ),
    (
        "uk",
        "v23",
        '"J\u00f6rg Meier" <sip:02079460000@a.example>',
        {NUMBER: b"02079460000", NAME: b"Jorg Meier"},
    ),
    ("de", "v23", "<sip:anonymous@anonymous.invalid>", {NO_NUMBER: b"P"}),
]


@pytest.mark.skipif(adsi.LIBRARY is None, reason=adsi.MISSING)
@pytest.mark.parametrize(("display", "standard", "caller", "shown"), CASES)
def test_a_display_shows_who_calls(
    tmp_path: Path, display: str, standard: str, caller: str, shown: dict[int, bytes]
) -> None:
    pcm = _heard_before_an_answer(tmp_path, display, caller)
    (message,) = adsi.read(pcm, standard)
    judge = adsi.Display(standard)
    fields = dict(judge.fields(message)[1:])
    judge.close()
    assert {kind: fields.get(kind) for kind in shown} == shown


def test_a_display_that_is_told_in_keys(tmp_path: Path) -> None:
    pcm = _heard_before_an_answer(tmp_path, "nl", '"Piet" <sip:0201234567@a.example>')
    assert digits_of(pcm) == "D0201234567C"


def _heard_before_an_answer(tmp_path: Path, display: str, caller: str) -> Pcm:
    """The earpiece of a telephone that rings for a while and is not lifted."""
    with (
        GatewayProcess.usual(tmp_path, line_more=f'display = "{display}"') as gateway,
        Probe(gateway.sip_port) as probe,
    ):
        recording = gateway.phone.record(tmp_path / "heard.wav")
        probe.send(probe.request("INVITE", branch=BRANCH, payloads="0 101", caller=caller))
        end = time.monotonic() + RINGS_S
        while (left := end - time.monotonic()) > 0:
            probe.receive(left)
        pcm = read_wav(recording.stop())
        assert probe.ask(probe.request("CANCEL", branch=BRANCH)).status == 200
    return pcm
