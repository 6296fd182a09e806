"""A Twilio-like edge as a process: places one call, speaks, presses digits, listens and judges.

    python -m tests.peers.twilio_caller sip:alice@127.0.0.1:5060 --folder out

Orders come on stdin, one a line: speak FILE.wav | digits 159# [MS] | wait MS | hold [WAY] | resume
| options | cancel | bye | quit. The timeline goes to stdout, a JSON object a line, each with the
monotonic time `t` and an `event`. The folder gets heard.wav, packets.jsonl. Exit 0 without faults.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.peers.edge_judge import answer_faults, bye_faults, response_faults
from tests.peers.edge_loop import Loop, Timeline
from tests.peers.edge_media import EdgeMedia
from tests.peers.edge_messages import Edge, answer_ok
from tests.peers.impairments import Impairments
from tests.peers.rtp_sender import PRIORITY, be_prompt
from tests.peers.sip_text import SipText, digest_answer, host_port, parse, parse_sdp

T1, T2 = 0.5, 4.0
INVITE_LIMIT = 64 * T1


class Caller:
    """One call: its SIP side, and the orders from stdin."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._loop, self._timeline = Loop(), Timeline()
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind((options.local, 0))
        self._gateway = host_port(options.target)
        self._media = EdgeMedia(options.local, options.impairments, self._loop, self._timeline)
        self._edge = Edge(
            target=options.target,
            address=self._sip.getsockname(),
            rtp=self._media.address,
            token=secrets.token_hex(32),
            codecs=tuple(int(number) for number in options.codecs.split(",")),
            extra=tuple(tuple(h.split(": ", 1)) for h in options.header),
        )
        self._ending = ""
        self._open: dict[str, SipText] = {}  # requests without a response, by CSeq
        self._finals: set[str] = set()
        self._challenged = self._hung_up = False
        self._orders = b""

    def run(self) -> int:
        self._loop.reads(self._sip, self._on_sip)
        self._loop.reads(sys.stdin.fileno(), self._on_orders)
        self._loop.at(self._options.max_seconds, self._time_is_up)
        self._invite(self._edge.make_invite(sdp=not self._options.delayed_offer))
        self._loop.run(lambda: self._ending != "")
        facts = self._media.finish(Path(self._options.folder))
        faults, sid = self._timeline.faults, self._edge.call_sid
        self._timeline.say("over", why=self._ending, call_sid=sid, faults=faults, **facts)
        return 1 if faults else 0

    # --- requests out --------------------------------------------------------------------------

    def _request(self, data: bytes, limit: float = T2) -> None:
        """Send, again and again until a response comes (RFC 3261 timers A and E, B and F)."""
        message = parse(data)
        key = message.get("CSeq")
        self._open[key] = message
        self._sip.sendto(data, self._gateway)
        self._timeline.say("sent", what=key)
        give_up = time.monotonic() + 64 * T1

        def again(interval: float) -> None:
            if key not in self._open:
                return
            if time.monotonic() >= give_up:
                self._timeline.fault(f"no response to {key}")
                self._ending = "no response"
                return
            self._sip.sendto(data, self._gateway)
            self._timeline.say("repeated", what=key)
            longer = min(2 * interval, limit)
            self._loop.at(longer, lambda: again(longer))

        self._loop.at(T1, lambda: again(T1))

    def _invite(self, data: bytes) -> None:
        self._request(data, INVITE_LIMIT)

    # --- SIP in --------------------------------------------------------------------------------

    def _on_sip(self) -> None:
        data, source = self._sip.recvfrom(65536)
        if source != self._gateway:
            self._timeline.fault(f"SIP from {source}, not from {self._gateway}")
        try:
            message = parse(data)
        except ValueError as error:
            self._timeline.fault(f"unreadable: {error}")
            return
        if message.status is None:
            self._on_request(message)
        else:
            self._on_response(message, message.status)

    def _on_request(self, request: SipText) -> None:
        self._timeline.fault(*bye_faults(self._edge, request))
        self._sip.sendto(answer_ok(request), self._gateway)
        x, reason = request.x_headers(), request.get("Reason")
        self._timeline.say("request", method=request.method, x=x, reason=reason)
        if request.method == "BYE":
            self._ending = self._ending or "the gateway hung up"

    def _on_response(self, answer: SipText, status: int) -> None:
        phrase, x = answer.start.split(" ", 2)[2], answer.x_headers()
        facts = {"status": status, "method": answer.method, "phrase": phrase, "x": x}
        self._timeline.say("response", **facts)
        key = answer.get("CSeq")
        asked = self._edge.invite if key == self._edge.invite.get("CSeq") else self._open.get(key)
        if asked is not None:
            self._timeline.fault(*response_faults(self._edge, asked, answer))
        self._open.pop(key, None)
        if status >= 200 and answer.method == "INVITE":
            self._on_final(answer, status)
        elif status >= 200 and answer.method == "BYE":
            self._ending = "we hung up"

    def _on_final(self, answer: SipText, status: int) -> None:
        if status < 300:
            self._edge.take_answer(answer)
        self._sip.sendto(self._edge.make_ack(answer), self._gateway)
        key = answer.get("CSeq")
        if key in self._finals:
            return  # a retransmission: the ACK was all it wanted
        self._finals.add(key)
        if status in {401, 407} and self._options.user and not self._challenged:
            self._challenged = True
            self._invite(self._edge.make_invite(credentials=self._credentials(answer, status)))
        elif status < 300:
            self._on_answer(answer)
        elif not self._edge.answer_to:
            self._ending = f"refused with {status}"

    def _credentials(self, answer: SipText, status: int) -> str:
        challenge = answer.get("WWW-Authenticate" if status == 401 else "Proxy-Authenticate")
        who = (self._options.user, self._options.password)
        return digest_answer(challenge, who, "INVITE", self._edge.target, secrets.token_hex(8))

    def _on_answer(self, answer: SipText) -> None:
        self._timeline.fault(*answer_faults(self._edge, answer))
        sdp = parse_sdp(answer.body)
        codec = next((int(p) for p in sdp.payloads if p in {"0", "8"}), 0)
        if self._media.receiver is None:
            self._media.start(codec, sdp.payload_of("telephone-event/8000"))
        sending = sdp.direction in {"sendrecv", "recvonly"}
        self._media.send_to((sdp.host, sdp.port), sending=sending)
        where = f"{sdp.host}:{sdp.port}"
        self._timeline.say("answered", media=where, codec=codec, direction=sdp.direction)

    # --- orders --------------------------------------------------------------------------------

    def _on_orders(self) -> None:
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:  # nobody gives orders any more: the call may end by itself
            self._loop.forget(sys.stdin.fileno())
            return
        *lines, self._orders = (self._orders + data).split(b"\n")
        for line in lines:
            words = line.decode().split()
            if words:
                self._obey(words[0], words[1:])

    def _obey(self, order: str, words: list[str]) -> None:
        simple: dict[str, Callable[[], None]] = {
            "bye": self._hang_up,
            "cancel": lambda: self._request(self._edge.make_cancel()),
            "options": lambda: self._request(self._edge.make_options()),
            "hold": lambda: self._hold(words[0] if words else "sendonly"),
            "resume": lambda: self._invite(self._edge.make_invite()),
            "quit": lambda: self._end("told to quit"),
        }
        try:
            simple[order]() if order in simple else self._media.obey(order, words)
        except (ValueError, IndexError, OSError) as error:
            self._timeline.fault(f"order {order}: {error}")

    def _hold(self, way: str) -> None:
        """`way`: sendonly, inactive, or zero for RFC 2543's c=0.0.0.0."""
        direction, host = ("sendrecv", "0.0.0.0") if way == "zero" else (way, "")
        self._invite(self._edge.make_invite(direction, host=host))

    def _hang_up(self) -> None:
        if self._edge.answer_to:
            self._request(self._edge.make_bye())
        else:
            self._end("hung up before an answer")

    def _time_is_up(self) -> None:
        self._timeline.fault(f"not over after {self._options.max_seconds} s")
        if self._edge.answer_to:
            self._sip.sendto(self._edge.make_bye(), self._gateway)
        self._end("time is up")

    def _end(self, why: str) -> None:
        self._ending = self._ending or why


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a Twilio-like edge that places one call")
    parser.add_argument("target", help="Request-URI, such as sip:alice@127.0.0.1:5060")
    parser.add_argument("--local", default="127.0.0.1", help="address to call from")
    parser.add_argument("--folder", default=".", help="where heard.wav and packets.jsonl go")
    parser.add_argument("--max-seconds", type=float, default=60)
    parser.add_argument("--codecs", default="0,8,101", help="payload types offered")
    parser.add_argument("--header", action="append", default=[], help="'X-Name: value'")
    parser.add_argument("--user", default="", help="answers a digest challenge")
    parser.add_argument("--password", default="")
    parser.add_argument("--delayed-offer", action="store_true", help="an INVITE without SDP")
    bad = parser.add_argument_group("impairments")
    bad.add_argument("--mute", action="store_true", help="speech leaves as silence")
    bad.add_argument("--delay-ms", type=int, default=0, help="speech leaves later than announced")
    bad.add_argument("--swap-speech", metavar="WAV", help="another voice than announced")
    bad.add_argument("--alter-digit", type=int, metavar="N", help="the N-th leaves as another")
    for name in ("loss", "duplicate", "reorder"):
        bad.add_argument(f"--{name}", type=float, default=0, metavar="PERCENT")
    chosen = parser.parse_args(arguments)
    chosen.impairments = Impairments(
        mute=chosen.mute,
        delay_ms=chosen.delay_ms,
        swap_speech=chosen.swap_speech,
        alter_digit=chosen.alter_digit,
        loss=chosen.loss,
        duplicate=chosen.duplicate,
        reorder=chosen.reorder,
    )
    return chosen


def main(arguments: list[str] | None = None) -> int:
    # The sender's thread must wait for nobody: not for this thread's slice of the interpreter, nor
    # for this thread to be given a processor while it holds the interpreter.
    sys.setswitchinterval(0.0005)
    be_prompt(PRIORITY - 1)
    return Caller(options(arguments)).run()


if __name__ == "__main__":
    sys.exit(main())
