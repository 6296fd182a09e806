"""The least that answers a caller: a UAS on a thread that sends the caller's RTP back to it.

It lets the caller be tested without the gateway. `spoil` alters each response's headers.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable

from tests.peers.sip_text import SipText, build, parse, parse_sdp

Headers = list[tuple[str, str]]
TAG = ";tag=echo1234"


class EchoGateway:
    """`with EchoGateway() as gateway:` listens at `gateway.port` until the block ends."""

    def __init__(self, spoil: Callable[[Headers], Headers] | None = None) -> None:
        self._spoil = spoil or (lambda headers: headers)
        self._sip, self._rtp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
        for sock in (self._sip, self._rtp):
            sock.bind(("127.0.0.1", 0))
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port: int = self._sip.getsockname()[1]
        self.methods: list[str] = []

    def __enter__(self) -> EchoGateway:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_write.send(b"!")
        self._thread.join(2)
        for sock in (self._sip, self._rtp, self._stop_read, self._stop_write):
            sock.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (self._sip, self._rtp, self._stop_read):
                selector.register(sock, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._stop_read in ready:
                    return
                if self._sip in ready:
                    self._answer(*self._sip.recvfrom(65536))
                if self._rtp in ready:
                    data, source = self._rtp.recvfrom(65536)
                    self._rtp.sendto(data, source)

    def _answer(self, data: bytes, source: tuple[str, int]) -> None:
        request = parse(data)
        self.methods.append(request.method)
        if request.method == "INVITE":
            for start in ("100 Trying", "180 Ringing", "200 OK"):
                self._sip.sendto(self._response(request, start), source)
        elif request.method != "ACK":
            self._sip.sendto(self._response(request, "200 OK"), source)

    def _response(self, request: SipText, start: str) -> bytes:
        names = ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq")
        headers = [(n, v) for n in names for v in request.all(n)]
        if start != "100 Trying":
            headers = [(n, v + TAG if n == "To" and "tag=" not in v else v) for n, v in headers]
        headers += [("Contact", f"<sip:127.0.0.1:{self.port}>"), ("Server", "echo")]
        headers += [("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"), ("X-Echo", "yes")]
        body = self._answer_sdp(request) if start == "200 OK" and request.body else b""
        return build(f"SIP/2.0 {start}", self._spoil(headers), body)

    def _answer_sdp(self, request: SipText) -> bytes:
        law = next(p for p in parse_sdp(request.body).payloads if p in {"0", "8"})
        name = {"0": "PCMU", "8": "PCMA"}[law]
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        lines.append(f"m=audio {self._rtp.getsockname()[1]} RTP/AVP {law} 101")
        lines += [f"a=rtpmap:{law} {name}/8000", "a=rtpmap:101 telephone-event/8000", "a=ptime:20"]
        return "".join(line + "\r\n" for line in lines).encode()
