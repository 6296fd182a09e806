"""The messages of a Twilio-like edge: private hosts behind two proxies, headers in its order."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.peers.sip_text import SipText, build, tag_of, uri_of

PRIVATE_SIP = "172.25.75.240"  # the media server behind the edge; nothing may ever be sent there
PRIVATE_RTP = "172.18.165.214"
PASSED_ON = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(slots=True)
class Edge:
    """One call's identity and its dialog state. `address` is where the edge itself listens."""

    target: str
    address: tuple[str, int]
    rtp: tuple[str, int]
    token: str  # random hexadecimal digits, 32 or more
    caller: str = "+15557654321"
    codecs: tuple[int, ...] = (0, 8, 101)
    extra: tuple[tuple[str, str], ...] = ()
    cseq: int = 29044
    branch: int = 0
    version: int = 1311022221
    answer_to: str = ""  # To of the 2xx, with the gateway's tag
    remote_target: str = ""
    invite: SipText = field(default_factory=lambda: SipText("", ()))

    @property
    def call_sid(self) -> str:
        return "CA" + self.token[:32]

    @property
    def contact(self) -> str:
        return f"sip:{self.caller}@{PRIVATE_SIP}:5060;transport=udp"

    @property
    def record_routes(self) -> list[str]:
        host, port = self.address
        return [f"<sip:{host}:{port};r2=on;lr>", f"<sip:{host}:{port};transport=udp;r2=on;lr>"]

    @property
    def from_value(self) -> str:
        return f"<sip:{self.caller}@example.pstn.twilio.com:5060>;tag={self.token[:8]}_c3356d0b"

    def make_invite(
        self,
        direction: str = "sendrecv",
        *,
        sdp: bool = True,
        host: str = "",
        credentials: str = "",
    ) -> bytes:
        """The next INVITE (or re-INVITE once a 2xx came); remembered as `invite`."""
        self.cseq += 1
        self.branch += 1
        body = self.offer(direction, host) if sdp else b""
        again = bool(self.answer_to)
        headers = [] if again else [("Record-Route", route) for route in self.record_routes]
        headers += [
            ("From", self.from_value),
            ("To", self.answer_to or f"<{self.target}>"),
            ("CSeq", f"{self.cseq} INVITE"),
            ("Max-Forwards", "60"),
            ("P-Asserted-Identity", f"<sip:{self.caller}@198.51.100.12:5060>"),
            ("Diversion", "<sip:+15551230000@twilio.com>;reason=unconditional"),
            ("Call-ID", f"{self.token[:32]}@0.0.0.0"),
            *self._vias(),
            ("Contact", f"<{self.contact}>"),
            ("Allow", "ACK,BYE,CANCEL,INVITE,OPTIONS,REFER,NOTIFY"),
            ("X-Twilio-AccountSid", "AC" + self.token[-32:]),
            ("User-Agent", "Twilio Gateway"),
            ("X-Twilio-ApiVersion", "2010-04-01"),
            ("X-Twilio-CallSid", self.call_sid),
            *self.extra,
        ]
        if credentials:
            headers.append(("Authorization", credentials))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        uri = self.remote_target or self.target
        self.invite = SipText(f"INVITE {uri} SIP/2.0", tuple(headers), body)
        return build(self.invite.start, headers, body)

    def make_ack(self, answer: SipText) -> bytes:
        """For a 2xx a request of its own with a new branch; else in the INVITE's transaction."""
        good = (answer.status or 0) < 300
        vias = self._new_vias() if good else [("Via", self.invite.get("Via"))]
        uri = uri_of(answer.get("Contact")) if good else self.invite.uri
        return self._request("ACK", uri, answer.get("To"), answer.get("CSeq").split()[0], vias)

    def make_cancel(self) -> bytes:
        """RFC 3261 section 9.1: the INVITE's URI, To, CSeq number and top Via alone."""
        number = self.invite.get("CSeq").split()[0]
        vias = [("Via", self.invite.get("Via"))]
        return self._request("CANCEL", self.invite.uri, self.invite.get("To"), number, vias)

    def make_bye(self) -> bytes:
        self.cseq += 1
        to = self.answer_to
        return self._request("BYE", self.remote_target, to, str(self.cseq), self._new_vias())

    def make_options(self) -> bytes:
        """Outside the dialog."""
        self.cseq += 1
        uri = self.target
        return self._request("OPTIONS", uri, f"<{uri}>", str(self.cseq), self._new_vias())

    def take_answer(self, answer: SipText) -> None:
        """A 2xx sets the dialog (RFC 3261 section 12.1.2)."""
        self.answer_to = answer.get("To")
        self.remote_target = uri_of(answer.get("Contact"))

    def offer(self, direction: str = "sendrecv", host: str = "") -> bytes:
        self.version += 1
        names = {0: "PCMU/8000", 8: "PCMA/8000", 101: "telephone-event/8000"}
        lines = [
            "v=0",
            f"o=root 1311022221 {self.version} IN IP4 {PRIVATE_RTP}",
            "s=Twilio Media Gateway",
            f"c=IN IP4 {host or self.rtp[0]}",
            "t=0 0",
            f"m=audio {self.rtp[1]} RTP/AVP {' '.join(map(str, self.codecs))}",
            *(f"a=rtpmap:{codec} {names[codec]}" for codec in self.codecs),
            *(["a=fmtp:101 0-16"] if 101 in self.codecs else []),
            "a=ptime:20",
            "a=maxptime:20",
            f"a={direction}",
        ]
        return "".join(line + "\r\n" for line in lines).encode()

    def _request(
        self, method: str, uri: str, to: str, number: str, vias: list[tuple[str, str]]
    ) -> bytes:
        headers = [
            ("Call-ID", f"{self.token[:32]}@0.0.0.0"),
            ("CSeq", f"{number} {method}"),
            ("From", self.from_value),
            ("To", to),
            ("Max-Forwards", "69"),
            ("User-Agent", "Twilio Gateway"),
            ("X-Twilio-CallSid", self.call_sid),
            *vias,
        ]
        return build(f"{method} {uri} SIP/2.0", headers)

    def _new_vias(self) -> list[tuple[str, str]]:
        self.branch += 1
        return self._vias()

    def _vias(self) -> list[tuple[str, str]]:
        host, port = self.address
        outer = (
            f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK1dc3.{self.token[:24]}.{self.branch}"
        )
        inner = (
            f"SIP/2.0/UDP {PRIVATE_SIP}:5060;rport=5060;received={PRIVATE_SIP};"
            f"branch=z9hG4bK{self.token[8:32]}_c3356d0b_{self.branch}"
        )
        return [("Via", outer), ("Via", inner)]


def answer_ok(request: SipText) -> bytes:
    """200 to a request of the gateway."""
    headers = [(name, value) for name in PASSED_ON for value in request.all(name)]
    return build("SIP/2.0 200 OK", [*headers, ("User-Agent", "Twilio Gateway")])


def gateway_tag(message: SipText) -> str:
    return tag_of(message.get("To"))
