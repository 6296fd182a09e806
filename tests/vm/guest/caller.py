"""Who calls: SIP by a probe, RTP by two threads, each packet with the time at which it passed."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from tests.peers.probe import Probe
from tests.peers.rtp_wire import TICK, header, read
from tests.peers.sip_text import tag_of
from tests.scenario.rtp_call import SDP
from tests.vm.guest import pattern
from tests.vm.guest.handset import ahead_of_others

PACKET_S: Final = 0.02
SO_TIMESTAMPNS: Final = 35


@dataclass(frozen=True, slots=True)
class Passed:
    """A packet, when it left its sender, and where its payload stands in the stream of samples."""

    t_s: float
    sequence: int
    first: int
    payload: bytes


class Caller:
    """`with Caller(port) as caller:` is answered inside, by a phone that lifts itself."""

    def __init__(self, sip_port: int) -> None:
        self._probe = Probe(sip_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.settimeout(0.5)
        self._halt = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._hear, self._speak)]
        self._to: tuple[str, int] = ("", 0)
        self._tag = ""
        self._delay_s = 0.0
        self.heard: list[Passed] = []
        self.spoken: list[Passed] = []

    def __enter__(self) -> Caller:
        host, port = self._socket.getsockname()
        offer = SDP.format(version=1, host=host, port=port, payload_type=0, codec="PCMU")
        self._probe.send(self._probe.request("INVITE", offer=offer))
        answer = self._probe.final("INVITE", 20)
        assert answer.status == 200, answer.status
        found = re.search(r"m=audio (\d+)", answer.body.decode())
        assert found is not None
        self._to, self._tag = (host, int(found[1])), tag_of(answer.get("To"))
        self._probe.send(self._probe.request("ACK", to_tag=self._tag))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        for thread in self._threads:
            thread.join()
        self._probe.ask(self._probe.request("BYE", cseq=2, to_tag=self._tag))
        self._probe.__exit__()
        self._socket.close()

    def shift(self, seconds: float) -> None:
        """Send so much later from now on: another phase of the two clocks."""
        self._delay_s += seconds

    def _hear(self) -> None:
        offset_s = time.time() - time.monotonic()
        while not self._halt.is_set():
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except TimeoutError:
                continue
            packet = read(data, 0)
            assert packet is not None
            self.heard.append(
                Passed(
                    _stamp_s(ancillary) - offset_s,
                    packet.sequence,
                    packet.timestamp,
                    packet.payload,
                )
            )

    def _speak(self) -> None:
        begin_s = time.monotonic()
        with ahead_of_others():
            for number in range(1 << 30):
                due_s = begin_s + number * PACKET_S + self._delay_s
                if self._halt.wait(max(0.0, due_s - time.monotonic())):
                    return
                payload = pattern.codes(number * TICK, TICK)
                head = header(0, number, number * TICK, 7, marker=number == 0)
                self.spoken.append(Passed(time.monotonic(), number, number * TICK, payload))
                self._socket.sendto(head + payload, self._to)


def _stamp_s(ancillary: list[Any]) -> float:
    (data,) = (data for _, kind, data in ancillary if kind == SO_TIMESTAMPNS)
    seconds, nanoseconds = struct.unpack("qq", data[:16])
    return float(seconds) + float(nanoseconds) / 1e9
