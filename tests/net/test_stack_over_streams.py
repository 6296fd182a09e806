"""The real stack behind the pump, over TCP and TLS (twilio.md 33): bytes in, bytes out."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from gateway.net.pump import Pump
from gateway.net.tls import TlsFiles, build
from gateway.sip import Stack, StackSettings
from gateway.sip.settings import Limits
from tests.fakes.certificates import Authority
from tests.net.streams import HERE

HEAD = (
    "OPTIONS sip:phone@192.0.2.1 SIP/2.0\r\n"
    "Via: SIP/2.0/{via} 192.0.2.9:5060;branch=z9hG4bKa{n};rport\r\n"
    "From: <sip:tester@192.0.2.9>;tag=1\r\nTo: <sip:phone@192.0.2.1>\r\n"
    "Call-ID: {n}\r\nCSeq: 1 OPTIONS\r\n"
)


class Tokens:
    def hex(self, nbytes: int) -> str:
        return secrets.token_hex(nbytes)


def talk(transport: str, data: bytes, authority: Authority, *, ends: bool) -> bytes:
    """Send bytes to a stack byte by byte; what comes back until it closes, or until our FIN."""

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        stack = Stack(StackSettings(limits=Limits(message_bytes=4096)), Tokens())
        tls = build(TlsFiles(*authority.issue("sip.example.com"), ca=authority.ca))
        pump = Pump(loop, stack, lambda _: True, lambda _: pump.flush(), tls=tls)
        port = pump.listen(transport, HERE, 0).port
        secure = {"ssl": tls.client, "server_hostname": "sip.example.com"}
        reader, writer = await asyncio.open_connection(
            HERE,
            port,
            **(secure if transport == "tls" else {}),  # type: ignore[arg-type]
        )
        for at in range(len(data)):
            writer.write(data[at : at + 1])
            await writer.drain()
        got = b""
        async with asyncio.timeout(5):
            while (ends or got.count(b"\r\n\r\n") < 2) and (more := await reader.read(4096)):
                got += more
        writer.close()
        await writer.wait_closed()
        pump.close()
        return got

    return asyncio.run(run())


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_requests_are_answered_on_their_connection(transport: str, authority: Authority) -> None:
    requests = [HEAD.format(n=n, via=transport.upper()) + "l: 0\r\n\r\n" for n in (1, 2)]
    got = talk(transport, "\r\n".join(requests).encode(), authority, ends=False).decode()
    assert got.count("SIP/2.0 200 OK\r\n") == 2
    assert f"Via: SIP/2.0/{transport.upper()} 192.0.2.9:5060;branch=z9hG4bKa2" in got
    assert "received=127.0.0.1" in got


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("", "400"),
        ("Content-Length: -1\r\n", "400"),
        ("Content-Length: 0\r\nl: 1\r\n", "400"),
        ("Content-Length: 5000\r\n", "4"),
        ("X: " + "y" * 5000 + "\r\n", "513"),
    ],
)
def test_what_cannot_be_framed_is_refused_and_closed(
    lines: str, status: str, authority: Authority
) -> None:
    head = HEAD.format(n=1, via="TCP").replace(";rport", "")
    data = f"{head}{lines}\r\n".encode()
    got = talk("tcp", data, authority, ends=True).decode()
    assert got.startswith(f"SIP/2.0 {status}")
    assert got.count("SIP/2.0 ") == 1
