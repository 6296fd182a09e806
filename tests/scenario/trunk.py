"""A gateway with an account: its configuration, and what it says of its registration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.peers.certificates import Authority
from tests.peers.host import HERE, Host, free_port
from tests.peers.kamailio_run import Kamailio
from tests.scenario.gateway_process import GatewayProcess, configuration
from tests.scenario.phone import Phone

ACCOUNT = """\
[[account]]
name = "trunk"
registrar = [{registrars}]
domain = "{domain}"
username = "alice"
password = "{password}"
register = {register}
"""
TLS = """\
[sip.tls]
certificate = "{certificate}"
key = "{key}"
ca = "{ca}"
client_auth = "{client_auth}"
"""
PORTS = {"udp": "edge", "tcp": "edge", "tls": "edge_tls"}


def account(
    *registrars: str,
    domain: str = "example.test",
    password: str = "secret",
    register: bool = True,
    more: str = "",
) -> str:
    """An [[account]] for alice. Registrars are SIP URIs, in order of preference."""
    text = ACCOUNT.format(
        registrars=", ".join(f'"{uri}"' for uri in registrars),
        domain=domain,
        password=password,
        register="true" if register else "false",
    )
    return text + more


def tls(certificate: Path, ca: Path, client_auth: str = "off") -> str:
    """[sip.tls], with the key beside the certificate."""
    return TLS.format(
        certificate=certificate,
        key=certificate.with_suffix(".key"),
        ca=ca,
        client_auth=client_auth,
    )


def edge_uri(edge: Kamailio, transport: str) -> str:
    """The edge as a registrar by that transport; by TLS under the name in its certificate."""
    name = "localhost" if transport == "tls" else ""
    return edge.uri(PORTS[transport], "" if transport == "udp" else transport, name)


def with_account(
    folder: Path,
    text: str,
    *,
    authority: Authority | None = None,
    client_auth: str = "off",
    host: Host = HERE,
    **how: Any,
) -> GatewayProcess:
    """A gateway whose phone1 calls through the account in `text`.

    It listens on UDP and TCP, and on TLS at the next port with a certificate of `authority`.
    """
    port, tls_port = free_port(), free_port()
    where = "127.0.0.1" if host is HERE else "0.0.0.0"  # elsewhere, addresses may change
    listen = [f"udp:{where}:{port}", f"tcp:{where}:{port}"]
    more = text
    if authority is not None:
        listen.append(f"tls:{where}:{tls_port}")
        own = authority.issue("gateway", "DNS:localhost", f"IP:{host.address}")
        more = tls(own, authority.ca, client_auth) + more
    how = {"listen": str(listen).replace("'", '"'), "sip_more": 'profile = "full"'} | how
    line_more = 'account = "trunk"' if "[[account]]" in text else ""
    config = configuration(port, more=more, line_more=line_more, **how)
    gateway = GatewayProcess(folder, config, port, host)
    gateway.tls_port = tls_port
    return gateway


def registration(phone: Phone) -> dict[str, Any]:
    """What the service says of its only account."""
    (found,) = phone.status()["registrations"]
    return dict(found)


def await_registration(phone: Phone, state: str, seconds: float = 10) -> dict[str, Any]:
    """Until the only account is in that state."""
    status = phone.await_status(
        lambda status: [r["state"] for r in status["registrations"]] == [state], seconds, state
    )
    return dict(status["registrations"][0])
