"""baresip and the gateway without anybody between them, by TCP and TLS, each calling the other."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers import baresip_run
from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.certificates import Authority
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.hearing import assert_heard
from tests.scenario.phone import Phone
from tests.scenario.trunk import with_account

pytestmark = pytest.mark.skipif(not baresip_run.installed(), reason="apt install baresip-core")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", name="gateway")
def _gateway(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[GatewayProcess]:
    """Without an account, and glad of a client's certificate."""
    folder = tmp_path_factory.mktemp("gateway")
    with with_account(folder, "", authority=authority, client_auth="optional") as running:
        yield running
        assert running.running, running.log_text()
        assert "Traceback" not in running.log_text()


def who(authority: Authority) -> BaresipAccount:
    """With a certificate of its own, and belief in those of the authority."""
    own = authority.issue("baresip", "DNS:localhost", "IP:127.0.0.1")
    return BaresipAccount(ca=authority.ca, certificate=own.with_suffix(".both.pem"))


def gateway_uri(gateway: GatewayProcess, transport: str) -> str:
    port = gateway.tls_port if transport == "tls" else gateway.sip_port
    return f"sip:alice@127.0.0.1:{port};transport={transport}"


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_called(
    gateway: GatewayProcess,
    phone: Phone,
    authority: Authority,
    speech: dict[str, Path],
    tmp_path: Path,
    transport: str,
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"], who(authority)) as peer:
        peer.command("dial", gateway_uri(gateway, transport))
        phone.await_state("ringing")
        recording = phone.record(tmp_path / "heard.wav")
        phone.lift()
        peer.wait_for("CALL_ESTABLISHED")
        phone.play(speech["phone"], wait=True)
        phone.dial("12")
        assert peer.digits(2) == "12"
        phone.put_down()
        peer.wait_for("CALL_CLOSED")
        recording.wait()
    assert_heard(speech["caller"], recording.path, speech["phone"])
    assert_heard(speech["phone"], peer.heard(), speech["caller"])


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_calling(
    gateway: GatewayProcess,
    phone: Phone,
    authority: Authority,
    speech: dict[str, Path],
    tmp_path: Path,
    transport: str,
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"], who(authority)) as peer:
        phone.lift()
        gateway.call("dial", peer.uri(transport))
        peer.wait_for("CALL_INCOMING")
        peer.command("accept")
        peer.wait_for("CALL_ESTABLISHED")
        peer.press("42")
        phone.await_digits("42")
        peer.command("hold")
        phone.await_hold(True)
        peer.wait_for("CALL_REMOTE_SDP", param="answer")
        peer.command("resume")
        phone.await_hold(False)
        phone.dial("7")
        assert peer.digits(1) == "7"
        peer.command("hangup")
        phone.await_calls(0)
    assert phone.await_record()["reason"] == "remote-hangup"


def test_a_certificate_is_required_of_callers(
    authority: Authority, speech: dict[str, Path], tmp_path: Path
) -> None:
    """With the right one the phone rings; without one nothing is even said."""
    folder = tmp_path / "gateway"
    with with_account(folder, "", authority=authority, client_auth="required") as gateway:
        with Baresip(tmp_path / "baresip", speech["caller"], who(authority)) as peer:
            peer.command("dial", gateway_uri(gateway, "tls"))
            gateway.phone.await_state("ringing")
            peer.command("hangup")
            gateway.phone.await_calls(0)
        nameless = ssl.create_default_context(cafile=authority.ca)
        with socket.create_connection(("127.0.0.1", gateway.tls_port), 5) as sock:
            assert answer_to(nameless, sock) in {"refused", ""}


def answer_to(context: ssl.SSLContext, sock: socket.socket) -> str:
    """What a client with that context hears when it asks; in TLS 1.3 a refusal comes late."""
    try:
        with context.wrap_socket(sock, server_hostname="localhost") as client:
            client.sendall(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n\r\n")
            return client.recv(4096).decode()
    except (ssl.SSLError, ConnectionError):
        return "refused"


def test_transferred_to_a_third(
    gateway: GatewayProcess,
    phone: Phone,
    authority: Authority,
    speech: dict[str, Path],
    tmp_path: Path,
) -> None:
    with (
        Baresip(tmp_path / "second", speech["caller"]) as second,
        Baresip(tmp_path / "third", speech["phone"]) as third,
    ):
        second.command("dial", gateway_uri(gateway, "tcp"))
        phone.await_state("ringing")
        phone.lift()
        second.wait_for("CALL_ESTABLISHED")
        second.command("transfer", third.uri("tcp"))
        third.wait_for("CALL_INCOMING")
        third.command("accept")
        third.wait_for("CALL_ESTABLISHED")
        second.wait_for("CALL_CLOSED")
        third.press("9")
        phone.await_digits("9")
        phone.put_down()
        third.wait_for("CALL_CLOSED")
