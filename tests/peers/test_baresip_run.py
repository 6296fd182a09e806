"""baresip against the echo: its recording holds its own words, so the driver can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import read_wav, write_wav
from tests.peers import baresip_run
from tests.peers.baresip_run import Baresip
from tests.peers.echo_gateway import EchoGateway

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not baresip_run.installed(), reason="apt install baresip-core"),
]


def test_it_hears_itself_from_the_echo(tmp_path: Path) -> None:
    try:
        said = utterance("caller", 2.0)
    except NoSpeechError as missing:
        pytest.skip(str(missing))
    write_wav(tmp_path / "speech.wav", said)
    with EchoGateway() as gateway, Baresip(tmp_path / "baresip", tmp_path / "speech.wav") as peer:
        peer.command("dial", f"sip:echo@127.0.0.1:{gateway.port}")
        peer.wait_for("CALL_ESTABLISHED")
        peer.press("15")
        assert peer.digits(2) == "15"
        peer.command("hangup")
        peer.wait_for("CALL_CLOSED")
    verdict = compare(said[:8000], read_wav(peer.heard()), Limits(correlation=0.8, pesq=2.5))
    assert verdict.correlation > 0.8, verdict
