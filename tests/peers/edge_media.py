"""The caller's voice and ears: RTP both ways, RTCP, live figures, and files at the end."""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import time
from pathlib import Path

from tests.audio.g711 import alaw_encode, ulaw_encode
from tests.audio.wav import read_wav, write_wav
from tests.peers import rtcp
from tests.peers.edge_loop import Loop, Timeline
from tests.peers.impairments import Impairments, Network
from tests.peers.rtp_plan import RtpPlan
from tests.peers.rtp_receiver import RtpReceiver, open_rtp, receive
from tests.peers.rtp_sender import RtpSender

LIVE_S, RTCP_S = 0.5, 2.5


class EdgeMedia:
    """Opened with the call; `start` comes with the answer."""

    def __init__(self, host: str, how: Impairments, loop: Loop, timeline: Timeline) -> None:
        self._how, self._loop, self._timeline = how, loop, timeline
        self._rtp, self._rtcp = open_rtp(host)
        self.address: tuple[str, int] = self._rtp.getsockname()
        self.receiver: RtpReceiver | None = None
        self.sender: RtpSender | None = None
        self._remote = ("", 0)
        self._report = rtcp.Report(())
        self._report_came = 0.0
        self._told: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._awake, self._waker = socket.socketpair()
        loop.reads(self._rtp, self.on_rtp)
        loop.reads(self._rtcp, self._on_rtcp)
        loop.reads(self._awake, self._on_told)

    def start(self, codec: int, event_type: int | None) -> None:
        self.receiver = RtpReceiver(payload_type=codec, event_type=event_type)
        plan = RtpPlan(payload_type=codec, event_type=event_type, timestamp=secrets.randbits(32))
        self.sender = RtpSender(
            self._rtp,
            plan,
            Network(self._how),
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(16),
            tell=self._tell,
        )
        self.sender.start()
        self._loop.at(LIVE_S, self._live)
        self._loop.at(RTCP_S, self._send_rtcp)

    def send_to(self, remote: tuple[str, int], *, sending: bool) -> None:
        """Obey the direction that the answer leaves to us."""
        self._remote = remote
        if self.sender is not None:
            self.sender.send_to(remote if sending else None)

    def obey(self, order: str, words: list[str]) -> None:
        """speak FILE | digits STRING [MS] | wait MS. Raises ValueError for anything else."""
        if self.sender is None:
            raise ValueError(f"order {order!r} before the answer")
        if order == "speak":
            octets, late = self._speech(words[0]), self._how.delay_ms
            self.sender.order(lambda plan: plan.speak(octets, words[0], late))
        elif order == "digits":
            digits, ms = self._how.digits(words[0]), int(words[1]) if len(words) > 1 else 100
            self.sender.order(lambda plan: plan.press(digits, ms))
        elif order == "wait":
            self.sender.order(lambda plan: plan.wait(int(words[0])))
        else:
            raise ValueError(f"unknown order {order!r}")

    def finish(self, folder: Path) -> dict[str, object]:
        """Stop, write heard.wav and packets.jsonl, and return the figures of the call."""
        if self.sender is None or self.receiver is None:
            return {}
        self.sender.stop()
        self.on_rtp()
        heard = self.receiver
        wav, log = folder / "heard.wav", folder / "packets.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(wav, heard.sound())
        heard.write_log(log)
        self._timeline.fault(*heard.faults)
        self._timeline.fault(*(f"digit {e.digit}: {f}" for e in heard.events for f in e.faults))
        return {
            "wav": str(wav),
            "log": str(log),
            "begin": heard.begin,
            "sent": self.sender.packets,
            "late_ms": round(self.sender.late_ms, 3),
            "received": len(heard.packets),
            "lost": heard.lost,
            "jitter_ms": round(heard.jitter_ms, 3),
            "digits": heard.digits,
            "ends": [event.ends for event in heard.events],
        }

    def _speech(self, path: str) -> bytes:
        pcm = read_wav(self._how.swap_speech or path)
        law = self.receiver.payload_type if self.receiver is not None else 0
        octets = ulaw_encode(pcm) if law == 0 else alaw_encode(pcm)
        silence = b"\xff" if law == 0 else b"\xd5"
        return silence * len(octets) if self._how.mute else octets

    def on_rtp(self) -> None:
        """Take everything that has come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, t_ns, source = receive(self._rtp)
                self._take(data, t_ns, source)

    def _take(self, data: bytes, t_ns: int, source: tuple[str, int]) -> None:
        if self.receiver is None:
            self._timeline.say("early-rtp", t_ns / 1e9, size=len(data))
            return
        if source != self._remote:
            self._timeline.fault(f"RTP from {source}, announced was {self._remote}")
        if not self.receiver.packets:
            self._timeline.say("first-rtp", t_ns / 1e9)
        event = self.receiver.feed(data, t_ns)
        if event is not None:
            self._timeline.say("digit-heard", t_ns / 1e9, what=event.digit)

    def _on_rtcp(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, t_ns, _ = receive(self._rtcp)
                try:
                    report = rtcp.parse(data)
                except (ValueError, IndexError) as error:
                    self._timeline.fault(f"RTCP: {error}")
                    continue
                self._report, self._report_came = report, t_ns / 1e9
                facts = {"packets": report.packets, "lost": report.lost, "bye": report.bye}
                self._timeline.say("rtcp", **facts)

    def _live(self) -> None:
        if self.receiver is None:
            return
        heard = self.receiver
        jitter = round(heard.jitter_ms, 3)
        facts = {"received": len(heard.packets), "lost": heard.lost, "jitter_ms": jitter}
        self._timeline.say("live", **facts)
        self._loop.at(LIVE_S, self._live)

    def _send_rtcp(self) -> None:
        if self.sender is None or self.receiver is None:
            return
        block = b""
        if self.receiver.packets:
            last = self.receiver.packets[-1]
            since = time.monotonic() - self._report_came
            middle, lost = self._report.ntp_middle, self.receiver.lost
            block = rtcp.report_block(last.ssrc, lost, last.sequence, middle, since)
        t_ns, rtp_time = self.sender.last
        now = rtp_time + (time.monotonic_ns() - t_ns) * 8 // 1_000_000
        counts = (self.sender.packets, self.sender.octets)
        data = rtcp.sender_report(self.sender.ssrc, now, counts, block)
        with contextlib.suppress(OSError):
            self._rtcp.sendto(data, (self._remote[0], self._remote[1] + 1))
        self._loop.at(RTCP_S, self._send_rtcp)

    def _tell(self, t: float, text: str) -> None:
        """From the sender's thread."""
        self._told.put((t, text))
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def _on_told(self) -> None:
        self._awake.recv(4096)
        with contextlib.suppress(queue.Empty):
            while True:
                t, text = self._told.get_nowait()
                event, _, what = text.partition(" ")
                self._timeline.say("digit-sent" if event == "digit" else event, t, what=what)
