"""A caller just big enough to measure an endpoint: INVITE with digest, ACK, CANCEL, BYE, OPTIONS.

Requests carry what Twilio's do (two Vias, Record-Route, X-Twilio headers), so that the work asked
of an endpoint is the real one. Nothing is retransmitted: loopback loses nothing, and a missing
answer is a finding.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field

from tests.bench import stamps
from tests.bench.sip import Message, NoAnswerError, Target, digest, md5, parse
from tests.bench.stamps import Address


@dataclass(slots=True)
class Dialog:
    """One call's identity and how far it has come. Times are CLOCK_MONOTONIC nanoseconds."""

    target: Target
    call_id: str
    from_tag: str
    sdp: str
    cseq: int = 1
    branch: str = ""
    to: str = ""
    remote_target: str = ""
    sent_ns: int = 0
    answered: Message | None = None
    provisional: dict[int, Message] = field(default_factory=dict)


class Caller:
    """One UDP socket that places calls, one after another or side by side."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.socket = stamps.bound(host, port)
        self.address: Address = self.socket.getsockname()

    def close(self) -> None:
        """Let the socket go."""
        self.socket.close()

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _headers(self, dialog: Dialog, method: str, cseq: int, branch: str) -> list[str]:
        host, port = self.address
        return [
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch={branch}",
            f"From: <sip:+15005550006@{host}>;tag={dialog.from_tag}",
            f"To: {dialog.to or f'<{dialog.target.uri}>'}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 68",
        ]

    def send(
        self, dialog: Dialog, method: str, uri: str, headers: list[str], body: str = ""
    ) -> int:
        """Send a request; returns the time just before it left."""
        lines = [f"{method} {uri} SIP/2.0", *headers, f"Content-Length: {len(body)}", "", body]
        data = "\r\n".join(lines).encode()
        now = time.monotonic_ns()
        self.socket.sendto(data, dialog.target.address)
        return now

    def dialog(self, target: Target, sdp: str) -> Dialog:
        """The identity of a new call."""
        return Dialog(target, f"{secrets.token_hex(12)}@bench", secrets.token_hex(6), sdp)

    def invite(self, dialog: Dialog, authorization: str = "") -> None:
        """Send an INVITE as Twilio writes it."""
        host, port = self.address
        dialog.branch = f"z9hG4bK{secrets.token_hex(8)}"
        inner = secrets.token_hex(8)
        headers = [
            f"Record-Route: <sip:{host}:{port};lr;ftag={dialog.from_tag}>",
            *self._headers(dialog, "INVITE", dialog.cseq, dialog.branch),
            f"Via: SIP/2.0/UDP 172.18.26.4:5060;rport=5060;received=10.0.0.4;branch=z9hG4bK{inner}",
            f"Contact: <sip:+15005550006@{host}:{port};transport=udp>",
            "Allow: INVITE,ACK,CANCEL,BYE,REFER,NOTIFY,OPTIONS",
            "User-Agent: Twilio Gateway",
            f"X-Twilio-CallSid: CA{md5(dialog.call_id)}",
            f"X-Twilio-AccountSid: AC{'0' * 32}",
            "X-Twilio-ApiVersion: 2010-04-01",
            "X-Account-Number: 4711",
            *([f"Authorization: {authorization}"] if authorization else []),
            "Content-Type: application/sdp",
        ]
        dialog.sent_ns = self.send(dialog, "INVITE", dialog.target.uri, headers, dialog.sdp)

    def call(self, dialog: Dialog, until: int = 200, timeout: float = 5.0) -> Message:
        """INVITE, then `proceed`."""
        self.invite(dialog)
        return self.proceed(dialog, until, timeout)

    def proceed(self, dialog: Dialog, until: int = 200, timeout: float = 5.0) -> Message:
        """Pass the challenge; return the provisional response `until`, or the acknowledged 2xx.

        `dialog.sent_ns` is that of the INVITE that was let in. Raises NoAnswerError.
        """
        deadline = time.monotonic() + timeout
        while True:
            response = self.response(dialog, "INVITE", deadline)
            if response.status in (401, 407):
                self._authenticate(dialog, response)
            elif response.status >= 300:
                self.ack(dialog, response)
                raise NoAnswerError(response.start)
            elif response.status >= 200:
                return self._establish(dialog, response)
            else:
                dialog.provisional.setdefault(response.status, response)
                if response.status == until:
                    return response

    def _authenticate(self, dialog: Dialog, response: Message) -> None:
        self.ack(dialog, response)
        if dialog.cseq > 1:
            raise NoAnswerError("the credentials were refused")
        dialog.cseq += 1
        challenge = response.get("www-authenticate") or response.get("proxy-authenticate")
        self.invite(dialog, digest(challenge, "INVITE", dialog.target.uri, dialog.target))

    def _establish(self, dialog: Dialog, response: Message) -> Message:
        dialog.to = response.get("to")
        contact = re.search(r"<([^>]+)>", response.get("contact"))
        dialog.remote_target = contact[1] if contact else dialog.target.uri
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        headers = self._headers(dialog, "ACK", dialog.cseq, branch)
        self.send(dialog, "ACK", dialog.remote_target, headers)
        dialog.answered = response
        return response

    def ack(self, dialog: Dialog, response: Message) -> None:
        """ACK to a final response of 300 and above, in the INVITE's transaction."""
        headers = self._headers(dialog, "ACK", dialog.cseq, dialog.branch)
        headers[2] = f"To: {response.get('to')}"
        self.send(dialog, "ACK", dialog.target.uri, headers)

    def cancel(self, dialog: Dialog, timeout: float = 2.0) -> int:
        """CANCEL, wait for 487 to the INVITE and acknowledge it; returns its status."""
        headers = self._headers(dialog, "CANCEL", dialog.cseq, dialog.branch)
        self.send(dialog, "CANCEL", dialog.target.uri, headers)
        deadline = time.monotonic() + timeout
        while (final := self.response(dialog, "INVITE", deadline)).status < 200:
            pass
        if final.status >= 300:
            self.ack(dialog, final)
        return final.status

    def bye(self, dialog: Dialog, timeout: float = 2.0) -> Message:
        """Hang up; returns the answer."""
        dialog.cseq += 1
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        headers = self._headers(dialog, "BYE", dialog.cseq, branch)
        self.send(dialog, "BYE", dialog.remote_target, headers)
        return self.response(dialog, "BYE", time.monotonic() + timeout)

    def options(self, target: Target, wait: float) -> Message | None:
        """One OPTIONS; None when nothing came within `wait` seconds."""
        dialog = self.dialog(target, "")
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        try:
            self.send(dialog, "OPTIONS", target.uri, self._headers(dialog, "OPTIONS", 1, branch))
            return self.response(dialog, "OPTIONS", time.monotonic() + wait)
        except (NoAnswerError, ConnectionRefusedError):
            return None

    def response(self, dialog: Dialog, method: str, deadline: float) -> Message:
        """The next response of this call to that method; requests in between are answered 200."""
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, source, t_ns = stamps.receive(self.socket)
            except TimeoutError:
                break
            message = parse(data, t_ns)
            if not message.status:
                self._answer(message, source)
            elif message.get("call-id") == dialog.call_id and message.get("cseq").endswith(method):
                return message
        raise NoAnswerError(f"no answer to {method} from {dialog.target.uri}")

    def _answer(self, request: Message, source: Address) -> None:
        if request.start.startswith("ACK"):
            return
        copied = ("via", "from", "to", "call-id", "cseq")
        lines = [f"{k.title()}: {v}" for k, v in request.headers if k in copied]
        data = "\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""])
        self.socket.sendto(data.encode(), source)
