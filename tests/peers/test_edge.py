"""The peers among themselves, through the edge: whatever fails with them is not the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import write_wav
from tests.peers import baresip_run, kamailio_run, linphone_run
from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.peers.linphone_run import Linphone, LinphoneAccount
from tests.scenario.hearing import LINPHONE, PACED, assert_heard

PROGRAMS = (baresip_run, kamailio_run, linphone_run)
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not all(program.installed() for program in PROGRAMS),
        reason="apt install baresip-core kamailio kamailio-tls-modules linphone-cli",
    ),
]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with Kamailio(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("said")
    files = {who: folder / f"{who}.wav" for who in ("caller", "phone")}
    try:
        for who, path in files.items():
            write_wav(path, utterance(who, 3.0))
    except NoSpeechError as missing:
        pytest.skip(str(missing))
    return files


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_baresip_calls_linphone(
    edge: Kamailio, said: dict[str, Path], tmp_path: Path, transport: str
) -> None:
    """A password asked for, TLS bridged to UDP, words, digits, hold, BYE along the route."""
    own = edge.authority.issue("baresip", "IP:127.0.0.1").with_suffix(".both.pem")
    registrar = edge.uri("edge_tls" if transport == "tls" else "edge", transport)
    alice = BaresipAccount(
        "alice", registrar, password="secret", ca=edge.authority.ca, certificate=own
    )
    with (
        Baresip(tmp_path / "baresip", said["caller"], alice) as caller,
        Linphone(tmp_path / "linphone", said["phone"], LinphoneAccount(edge.uri("inner"))) as other,
    ):
        for user in ("alice", "lin"):
            edge.await_contacts(user, 1)
        other.record()
        caller.command("dial", "sip:lin@example.test")
        other.wait_for("Receiving new incoming call")
        other.order("answer")
        caller.wait_for("CALL_ESTABLISHED")
        other.wait_for("Media streams established")
        other.speak()
        other.await_recorded(4)
        caller.press("34")
        assert other.digits(2) == "34"
        other.order("pause")
        other.wait_for("is now paused", 12)
        other.order("resume")
        other.wait_for("Media streams established", count=2)
        caller.command("hangup")
        other.wait_for("ended")
    (invite,) = edge.told(method="INVITE", kind="request", proto=transport, to_tag="<null>")[-1:]
    within = edge.told(kind="request", call_id=invite["call_id"], proto=transport, method="BYE")
    assert [row["routes"] for row in within] == ["2"]
    edge.await_contacts("alice", 0)
    assert_heard(said["phone"], caller.heard(), said["caller"], PACED)
    assert_heard(said["caller"], other.recording, said["phone"], LINPHONE)


@pytest.mark.parametrize("port", ["edge", "inner"])
def test_a_restart_forgets(
    edge: Kamailio, said: dict[str, Path], tmp_path: Path, port: str
) -> None:
    who = BaresipAccount("alice", edge.uri(port), password="secret")
    with Baresip(tmp_path / "baresip", said["caller"], who):
        edge.await_contacts("alice", 1)
        edge.restart()
        assert edge.contacts("alice") == []
