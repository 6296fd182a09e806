"""A call whose caller says in its SDP, and sends from, what the case wants: packet by packet.

The gateway's own packets are the clock: it sends one each 20 ms to the caller, so nothing sleeps.
"""

from __future__ import annotations

import random
import re
import select
import socket
from types import TracebackType

from tests.peers.probe import Probe
from tests.peers.rtp_wire import TICK, Packet, header, read
from tests.peers.sip_text import tag_of
from tests.scenario.gateway_process import GatewayProcess

PATIENCE_S = 3.0
SDP = (
    "v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {payload_type}\r\na=rtpmap:{payload_type} {codec}/8000\r\n"
)


class Talker:
    """A socket that RTP comes from and goes to."""

    def __init__(self, host: str = "127.0.0.1", payload_type: int = 0) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((host, 0))
        self.address: tuple[str, int] = self._sock.getsockname()
        self.payload_type = payload_type
        self.ssrc, self.number = random.getrandbits(32), 0

    def close(self) -> None:
        self._sock.close()

    def go_on_from(self, other: Talker) -> None:
        """Be the same sender at another address."""
        self.ssrc, self.number = other.ssrc, other.number

    def send(self, to: tuple[str, int], fill: bytes = b"\xff") -> None:
        """The next packet of 20 ms."""
        head = header(
            self.payload_type, self.number, self.number * TICK, self.ssrc, marker=self.number == 0
        )
        self._sock.sendto(head + fill * TICK, to)
        self.number += 1

    def next(self, seconds: float = PATIENCE_S) -> Packet | None:
        """The next packet that arrives; None when none does in time."""
        ready, _, _ = select.select([self._sock], [], [], seconds)
        return read(self._sock.recv(2048), 0) if ready else None

    def drain(self) -> int:
        """Forget what has come; returns how many that were."""
        count = 0
        while self.next(0) is not None:
            count += 1
        return count


class RtpCall:
    """`with RtpCall(gateway) as call:`; `ring`, then lift the phone, `answered`, and speak."""

    def __init__(
        self, gateway: GatewayProcess, talker: Talker | None = None, codec: str = "PCMU"
    ) -> None:
        self._gateway, self._codec, self._cseq = gateway, codec, 0
        self._probe = Probe(gateway.sip_port)
        self.talker = talker or Talker()
        self.to: tuple[str, int] = ("", 0)
        self._to_tag = ""

    def __enter__(self) -> RtpCall:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._to_tag:
            self._cseq += 1
            self._probe.ask(self._probe.request("BYE", cseq=self._cseq, to_tag=self._to_tag))
        self._probe.__exit__()
        self.talker.close()

    def ring(self) -> None:
        """INVITE, until the phone rings."""
        self._invite()
        statuses = [self._probe.status(), self._probe.status()]
        assert statuses == [100, 180], statuses

    def answered(self) -> None:
        """Take the 200 and acknowledge it; RTP may go to `to` from now on."""
        answer = self._probe.final("INVITE")
        assert answer.status == 200
        self._to_tag = tag_of(answer.get("To"))
        text = answer.body.decode()
        host, port = re.search(r"c=IN IP4 (\S+)", text), re.search(r"m=audio (\d+)", text)
        assert host is not None
        assert port is not None
        self.to = host[1], int(port[1])
        self._probe.send(self._probe.request("ACK", cseq=self._cseq, to_tag=self._to_tag))

    def move(self, talker: Talker) -> None:
        """re-INVITE to another address of ours."""
        self.talker = talker
        self._invite()
        self.answered()

    def tick(self) -> Packet:
        """Until the gateway's next packet reaches the address that signalling named last."""
        packet = self.talker.next()
        assert packet is not None, "no RTP came"
        return packet

    def speak(self, talker: Talker, count: int) -> int:
        """A packet each 20 ms; returns how many were taken of what came meanwhile."""
        before = self.received()
        self.talker.drain()
        for _ in range(count):
            talker.send(self.to)
            self.tick()
        return self.received() - before

    def received(self) -> int:
        """How many packets the gateway has taken, a few of its ticks from now."""
        self.talker.drain()
        for _ in range(3):
            self.tick()
        (call,) = self._gateway.phone.status()["calls"]
        return int(call["rtp"]["received"])

    def _invite(self) -> None:
        self._cseq += 1
        host, port = self.talker.address
        offer = SDP.format(
            version=self._cseq,
            host=host,
            port=port,
            payload_type=self.talker.payload_type,
            codec=self._codec,
        )
        request = self._probe.request("INVITE", cseq=self._cseq, to_tag=self._to_tag, offer=offer)
        self._probe.send(request)
