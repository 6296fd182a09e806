"""A bare SIP socket that is called: it answers what a case says, as often as a case says."""

from __future__ import annotations

import select
import time

from tests.peers.host import udp_socket
from tests.peers.rtp_receiver import open_rtp
from tests.peers.sip_text import SipText, build, parse

COPIED = ("Via", "Record-Route", "From", "Call-ID", "CSeq")
ANSWER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)


class Callee:
    """`with Callee() as callee:` can be called at `callee.uri`."""

    def __init__(self) -> None:
        self._sock = udp_socket("127.0.0.1")
        self._rtp, self._rtcp = open_rtp("127.0.0.1")
        self._peer: tuple[str, int] = ("", 0)
        self.contact = self.uri

    def __enter__(self) -> Callee:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._sock, self._rtp, self._rtcp):
            sock.close()

    @property
    def address(self) -> str:
        """Host and port."""
        host, port = self._sock.getsockname()
        return f"{host}:{port}"

    @property
    def uri(self) -> str:
        return f"sip:callee@{self.address}"

    def next(self, seconds: float = 5.0) -> SipText | None:
        """The next message; None when nothing came in time."""
        ready, _, _ = select.select([self._sock], [], [], seconds)
        if not ready:
            return None
        data, self._peer = self._sock.recvfrom(65536)
        return parse(data)

    def expect(self, method: str, seconds: float = 5.0) -> SipText:
        """The next request of that method; other messages are passed over."""
        deadline = time.monotonic() + seconds
        passed = []
        while (left := deadline - time.monotonic()) > 0:
            message = self.next(left)
            if message is not None and message.status is None and message.method == method:
                return message
            passed.append(message.start if message else "silence")
        raise AssertionError(f"no {method} within {seconds} s, but {passed}")

    def reply(
        self,
        request: SipText,
        start: str,
        *,
        tag: str = "",
        media: bool = False,
        more: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        """Answer, as "200 OK"; returns what was sent, for `send` to send again."""
        headers = [(name, value) for name in COPIED for value in request.all(name)]
        headers.append(("To", request.get("To") + (f";tag={tag}" if tag else "")))
        headers += [("Contact", f"<{self.contact}>"), *more]
        body = ANSWER.format(port=self._rtp.getsockname()[1]).encode() if media else b""
        if body:
            headers.append(("Content-Type", "application/sdp"))
        data = build(f"SIP/2.0 {start}", headers, body)
        self.send(data)
        return data

    def send(self, data: bytes) -> None:
        self._sock.sendto(data, self._peer)
