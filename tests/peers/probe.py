"""A bare SIP socket on any loopback address: sends what a case says and collects every answer."""

from __future__ import annotations

import secrets
import select
import socket
import time

from tests.peers.sip_text import SipText, build, parse

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP {payloads}\r\na=ptime:20\r\n"
)


class Probe:
    """`with Probe(port) as probe:`; each instance has its own Call-ID and From tag."""

    def __init__(self, port: int, *, local: str = "127.0.0.1") -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((local, 0))
        self.port = port
        self._remote = ("127.0.0.1", port)
        self.address: tuple[str, int] = self._sock.getsockname()
        self.call_id = f"{secrets.token_hex(8)}@probe.example"
        self.tag = secrets.token_hex(4)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def request(
        self,
        method: str,
        *,
        user: str = "alice",
        cseq: int = 1,
        branch: str = "",
        to_tag: str = "",
        more: tuple[tuple[str, str], ...] = (),
        payloads: str = "",
        offer: str = "",
        caller: str = "",
    ) -> bytes:
        """A request as bytes; `payloads` such as "0 101" gives it an offer, `offer` a whole one.

        `caller`: what From says before its tag.
        """
        host, port = self.address
        uri = f"sip:{user}@127.0.0.1:{self._remote[1]}" if user else f"sip:127.0.0.1:{port}"
        branch = branch or "z9hG4bK" + secrets.token_hex(8)
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch={branch}"),
            ("From", (caller or f"<sip:probe@{host}>") + f";tag={self.tag}"),
            ("To", f"<{uri}>" + (f";tag={to_tag}" if to_tag else "")),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Max-Forwards", "70"),
            ("Contact", f"<sip:probe@{host}:{port}>"),
            *more,
        ]
        body = (OFFER.format(payloads=payloads) if payloads else offer).encode()
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return build(f"{method} {uri} SIP/2.0", headers, body)

    def send(self, data: bytes) -> None:
        self._sock.sendto(data, self._remote)

    def receive(self, seconds: float = 3.0) -> SipText | None:
        """The next message; None when nothing came in time."""
        ready, _, _ = select.select([self._sock], [], [], seconds)
        return parse(self._sock.recv(65536)) if ready else None

    def status(self, seconds: float = 3.0) -> int | None:
        """The status of the next message."""
        message = self.receive(seconds)
        return message.status if message is not None else None

    def final(self, method: str, seconds: float = 3.0) -> SipText:
        """The final response to that method; others are passed over."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message is not None and message.method == method and (message.status or 0) >= 200:
                return message
        raise AssertionError(f"no final response to {method} within {seconds} s")

    def ask(self, data: bytes, seconds: float = 3.0) -> SipText:
        """Send, and wait for the final response; one to an INVITE is acknowledged if refused."""
        self.send(data)
        sent = parse(data)
        answer = self.final(sent.method, seconds)
        if sent.method == "INVITE" and (answer.status or 0) >= 300:
            self.acknowledge(sent, answer)
        return answer

    def acknowledge(self, invite: SipText, answer: SipText) -> None:
        """The ACK of a refused INVITE, inside its transaction (RFC 3261 section 17.1.1.3)."""
        headers = [(name, invite.get(name)) for name in ("Via", "From", "Call-ID")]
        number = invite.get("CSeq").split()[0]
        headers += [("To", answer.get("To")), ("CSeq", f"{number} ACK"), ("Max-Forwards", "70")]
        self.send(build(f"ACK {invite.uri} SIP/2.0", headers))
