"""Messages that are hard to read, as rows: in the manner of RFC 4475, and RFC 5118 for IPv6.

Written for these tests, so that they need no other files; the section of the RFC that a row has
its idea from stands first. `answers` are the final statuses that a user agent that is no registrar
may give; "ok" is a 200, or a call that rings; "drop" is silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.sip import Request, Response

Meaning = Callable[[Any], object]


class Case(NamedTuple):
    """`meaning` takes the parsed message to what must equal `expected`; `hint` is for rejects."""

    section: str
    name: str
    data: bytes
    answers: str
    meaning: Meaning | None = None
    expected: object = None
    hint: int = 400

    @property
    def good(self) -> bool:
        """Whether the parser must take it."""
        return self.meaning is not None


SDP = (
    "v=0\r\no=- 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    "m=audio 49218 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)

_HEADERS = {
    "Via": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw",
    "Max-Forwards": "70",
    "From": "<sip:caller@example.org>;tag=33242",
    "To": "<sip:user@example.com>",
    "Call-ID": "hard.0ha0isnda",
    "CSeq": "8 OPTIONS",
    "Contact": "<sip:caller@192.0.2.1>",
}


def message(start: str, changes: dict[str, str | None] | None = None, body: str = "") -> bytes:
    """A message of usual headers, some changed, added or (None) left out."""
    method = start.partition(" ")[0]
    headers = _HEADERS | ({} if method == "SIP/2.0" else {"CSeq": f"8 {method}"})
    if body and "Content-Type" not in (changes or {}):
        headers["Content-Type"] = "application/sdp"
    # `l` stands alone so that a row can replace or drop it.
    kept = headers | {"l": str(len(body.encode()))} | (changes or {})
    lines = [f"{name}: {value}\r\n" for name, value in kept.items() if value is not None]
    return (start + "\r\n" + "".join(lines) + "\r\n" + body).encode("utf-8", "surrogateescape")


def options(changes: dict[str, str | None] | None = None, uri: str = "sip:u@example.com") -> bytes:
    """An OPTIONS."""
    return message(f"OPTIONS {uri} SIP/2.0", changes)


def invite(
    changes: dict[str, str | None] | None = None, uri: str = "sip:u@example.com", body: str = SDP
) -> bytes:
    """An INVITE with an offer."""
    return message(f"INVITE {uri} SIP/2.0", changes, body)


def _vias(parsed: Request | Response) -> list[tuple[str, str, int | None, str]]:
    return [(via.transport, via.host, via.port, via.branch) for via in parsed.vias]


_ODD_METHOD = "!x-Method0_*+`.%ab'~"

RFC_4475 = [
    Case(
        "3.1.1.1", "white space and folds everywhere",
        b"OPTIONS sip:u@chair.example.com;unknownparam SIP/2.0\r\nTO :\r\n sip:u@chair.example.com"
        b" ;   tag    = 1918n\r\nfrom   : \"J \\\\\\\"\"       <sip:j@example.com>\r\n  ;\r\n  tag "
        b"= 98\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: ws@192.0.2.1\r\ncseq: 0009\r\n  OPTIONS\r\n"
        b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390s\r\ns :\r\nNewFangled:   new"
        b"\r\n fangled\r\nUnknown: ;;,,;;,;\r\nv:  SIP  / 2.0  / TCP     s.example.com   ;\r\n"
        b"  branch  =   z9hG4bK9  ,\r\n SIP  /    2.0   / UDP  192.0.2.9   ; branch=\r\n z9hG4bK3"
        b"\r\nm:\"Q \\\"\\\"\" <sip:j@example.com> ; newparam =\r\n      new ;\r\n  second ; q = 0."
        b"33\r\n\r\n",
        "481",
        lambda m: (
            _vias(m), m.cseq, m.to.tag, m.from_.display_name, m.from_.tag, m.uri.params,
            m.headers.get("Subject"), m.headers.get("newfangled"), m.headers.get("unknown"),
            m.contacts[0].display_name, m.contacts[0].params, m.headers.get("max-forwards"),
        ),
        (
            [("UDP", "192.0.2.2", None, "390s"), ("TCP", "s.example.com", None, "z9hG4bK9"),
             ("UDP", "192.0.2.9", None, "z9hG4bK3")],
            (9, "OPTIONS"), "1918n", 'J \\"', "98", {"unknownparam": None}, "", "new fangled",
            ";;,,;;,;", 'Q ""', {"newparam": "new", "second": None, "q": "0.33"}, "0068",
        ),
    ),
    Case(
        "3.1.1.2", "every character that a token may have",
        message(
            f"{_ODD_METHOD} sip:1_u~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_"
            "too.@h SIP/2.0",
            {
                "To": '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_u;;*@example.com>',
                "From": "token1~` token2'+_ token3*%!.- <sip:m@h>;p''~+*_!.-%=\"\u0440\u0430\""
                ";tag=_t~1'+`*%!-.",
                "Call-ID": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
                "extensionHeader-!.%*+_`'~": "\ufeff\u5927\u505c\u96fb",
                "Via": "SIP/2.0/TCP h;branch=z9hG4bK-.!%66*_+`'~",
            },
        ),
        "405|501",
        lambda m: (
            m.method, m.uri.user, m.uri.password, m.uri.host, m.to.display_name,
            m.from_.display_name, m.from_.tag, m.call_id[-9:], m.vias[0].branch,
            m.headers.get("EXTENSIONheader-!.%*+_`'~"),
        ),
        (
            _ODD_METHOD, "1_u~(to-be!sure)&isn't+it$/crazy?,/;;*", "&it+has=1,weird!*pas$wo~d_too.",
            "h", "BEL:\x07 NUL:\0 DEL:\x7f", "token1~` token2'+_ token3*%!.-", "_t~1'+`*%!-.",
            ":\\/\"][?}{", "z9hG4bK-.!%66*_+`'~", "\ufeff\u5927\u505c\u96fb",
        ),
    ),
    Case(
        "3.1.1.3", "escapes are resolved once",
        invite(
            {
                "To": "sip:%75se%72@example.com",
                "From": "<sip:I%20have%20spaces@example.net>;tag=938",
                "Contact": "<sip:cal%6Cer@192.0.2.5;%6C%72;n%61me=v%61lue%25%34%31>",
            },
            "sip:sips%3Auser%40example.com@example.net",
        ),
        "ok|404",
        lambda m: (
            m.uri.plain_user, m.uri.host, m.to.uri.plain_user, m.from_.uri.plain_user,
            m.contacts[0].uri.plain_user, m.contacts[0].uri.params,
        ),
        (
            "sips:user@example.com", "example.net", "user", "I have spaces", "caller",
            {"lr": None, "name": "value%41"},
        ),
    ),
    Case(
        "3.1.1.4", "an escaped NUL ends nothing",
        message("REGISTER sip:h SIP/2.0", {"To": "sip:null-%00-null@h", "Contact": "<sip:%00@h>",
                                           "m": "<sip:%00%00@h>"}),
        "405|501",
        lambda m: (m.to.uri.plain_user, [one.uri.plain_user for one in m.contacts]),
        ("null-\0-null", ["\0", "\0\0"]),
    ),
    Case(
        "3.1.1.5", "a percent sign outside a URI is no escape",
        message("RE%47IST%45R sip:h SIP/2.0",
                {"To": '"%Z%45" <sip:r@h>', "C%6Fntact": "<sip:x@h>"}),
        "405|501",
        lambda m: (m.method, m.to.display_name, len(m.contacts)),
        ("RE%47IST%45R", "%Z%45", 1),
    ),
    Case(
        "3.1.1.6", "no white space between display name and <",
        options({"From": "caller<sip:caller@example.com>;tag=323"}), "ok",
        lambda m: (m.from_.display_name, m.from_.tag), ("caller", "323"),
    ),
    Case(
        "3.1.1.7", "many and long values",
        options({"Via": ", ".join(f"SIP/2.0/TCP sip{n}.example.com" for n in range(34, 0, -1)),
                 "From": f"sip:{'long' * 60}@h;tag={'1298' * 60};{'name' * 30}={'value' * 30}",
                 "Call-ID": "really" * 60}),
        "ok",
        lambda m: (len(m.vias), m.vias[33].host, len(m.from_.tag), m.from_.uri.user, m.call_id),
        (34, "sip1.example.com", 240, "long" * 60, "really" * 60),
    ),
    Case(
        "3.1.1.8", "more bytes than the message has",
        options() + b"INVITE sip:other@example.com SIP/2.0\r\nTo: nobody\r\n\r\n", "ok",
        lambda m: (m.method, m.body), ("OPTIONS", b""),
    ),
    Case(
        "3.1.1.9", "semicolons before @ are the user's",
        options(uri="sip:user;par=u%40example.net@example.com"), "ok",
        lambda m: (m.uri.user, m.uri.plain_user, m.uri.params),
        ("user;par=u%40example.net", "user;par=u@example.net", {}),
    ),
    Case(
        "3.1.1.10", "transports known and unknown",
        options({"Via": ",".join(f"SIP/2.0/{name} t.example.com;branch=z9hG4bK{name}" for name in
                                 ("UDP", "SCTP", "TLS", "UNKNOWN", "TCP"))}),
        "ok", lambda m: [via.transport for via in m.vias], ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"],
    ),
    Case(
        "3.1.1.11", "a body of any bytes",
        message("MESSAGE sip:u@h SIP/2.0", {"Content-Type": "multipart/mixed;boundary=7a9c",
                                            "l": "12"}) + b"--7a9c\r\n\0\xff\n\r",
        "405|501|415", lambda m: m.body, b"--7a9c\r\n\0\xff\n\r",
    ),
    Case(
        "3.1.1.12", "a reason phrase in UTF-8",
        message("SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e"), "drop",
        lambda m: (m.status, m.reason), (200, "= 2**3 * 5**2 \u043d\u043e"),
    ),
    Case(
        "3.1.1.13", "no reason phrase", message("SIP/2.0 100 "), "drop",
        lambda m: (m.status, m.reason), (100, ""),
    ),
    Case("3.1.2.1", "separators without parameters",
         invite({"Via": "SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact": '"J" <sip:j@h>;;;;'}), "400"),
    Case("3.1.2.2", "a body cut short", invite({"l": "9999"}), "400"),
    Case("3.1.2.3", "a negative length", invite({"l": "-999"}), "400"),
    Case("3.1.2.4", "a number of more than 32 bits",
         message("REGISTER sip:h SIP/2.0", {"CSeq": "36893488147419103232 REGISTER"}), "400"),
    Case("3.1.2.5", "the same in a response",
         message("SIP/2.0 503 Service Unavailable", {"CSeq": "9292394834772304023312 OPTIONS"}),
         "drop"),
    Case("3.1.2.6", "a quote that nothing closes",
         invite({"To": '"Mr. J. User <sip:j.user@example.com>'}), "400"),
    Case("3.1.2.7", "a Request-URI in <>", options(uri="<sip:user@example.com>"), "400"),
    Case("3.1.2.8", "white space inside the Request-URI",
         options(uri="sip:user@example.com; lr"), "400"),
    Case("3.1.2.9", "two spaces after the method", options(uri=" sip:user@example.com"), "400"),
    Case("3.1.2.10", "a space after the version",
         message("OPTIONS sip:user@example.com SIP/2.0 "), "400"),
    Case(
        "3.1.2.11", "headers in the Request-URI are nobody's headers",
        options(uri="sip:user@example.com?Route=%3Csip:example.com%3E"), "ok|404|400",
        lambda m: (m.uri.header_list(), m.headers.get("Route")),
        ([("Route", "<sip:example.com>")], None),
    ),
    Case(
        "3.1.2.12", "a date in another zone",
        options({"Date": "Fri, 01 Jan 2010 16:00:00 EST"}), "ok",
        lambda m: m.headers.get("date"), "Fri, 01 Jan 2010 16:00:00 EST",
    ),
    Case("3.1.2.14", "spaces inside <>", options({"To": '"Watson, T" < sip:t@h >'}), "400"),
    Case("3.1.2.15", "a comma outside quotes",
         options({"From": "Bell, Alexander <sip:a.g.bell@example.com>;tag=43"}), "400"),
    Case("3.1.2.16", "a version that is not ours", message("OPTIONS sip:u@h SIP/7.0"), "505",
         hint=505),
    Case("3.1.2.17", "CSeq names another method", options({"CSeq": "8 INVITE"}), "400"),
    Case("3.1.2.18", "the same with a method nobody knows",
         message("NEWMETHOD sip:u@h SIP/2.0", {"CSeq": "8 INVITE"}), "400|501"),
    Case("3.1.2.19", "a status of ten digits", message("SIP/2.0 4294967301 Better"), "drop"),
    Case(
        "3.2.1", "a branch of only the cookie",
        options({"Via": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"}), "ok|400",
        lambda m: m.vias[0].branch, "z9hG4bK",
    ),
    Case("3.3.1", "no To, From and Call-ID",
         invite({"To": None, "From": None, "Call-ID": None}), "400"),
    Case(
        "3.3.2", "a scheme that nobody knows", options(uri="nobodyKnowsThisScheme:opaque"), "416",
        lambda m: (m.uri.scheme, m.uri.opaque, m.uri.is_sip),
        ("nobodyKnowsThisScheme", "opaque", False),
    ),
    Case(
        "3.3.3", "a scheme with a dot", options(uri="soap.beep://192.0.2.103:3002"), "416",
        lambda m: str(m.uri), "soap.beep://192.0.2.103:3002",
    ),
    Case(
        "3.3.4", "other schemes in the headers",
        message("REGISTER sip:h SIP/2.0", {"To": "isbn:2983792873", "Contact": "<name:John_Smith>",
                                           "From": "<http://www.example.com>;tag=3"}),
        "400|405|501|416", lambda m: (str(m.to.uri), m.from_.tag, m.contacts[0].uri.scheme),
        ("isbn:2983792873", "3", "name"),
    ),
    Case(
        "3.3.5", "extensions that nobody has",
        options({"Require": "nothingA, nothingB", "Proxy-Require": "noProxy"}), "420",
        lambda m: m.headers.get("require"), "nothingA, nothingB",
    ),
    Case(
        "3.3.6", "a body of an unknown kind",
        invite({"Content-Type": "application/unknown"}, body="<x/>"), "415",
        lambda m: m.headers.get("c"), "application/unknown",
    ),
    Case(
        "3.3.7", "an authorization scheme that nobody knows",
        message("REGISTER sip:h SIP/2.0", {"Authorization": "NoOneKnows opaque-data=here"}),
        "405|501", lambda m: m.headers.get("authorization"), "NoOneKnows opaque-data=here",
    ),
    Case("3.3.8", "headers that come twice", invite({"t": "sip:b@h", "f": "sip:c@h;tag=2"}), "400"),
    Case("3.3.9", "two lengths", invite({"Content-Length": "5"}), "400"),
    Case(
        "3.3.10", "a response with somebody else's Via",
        message("SIP/2.0 200 OK", {"v": "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber"}),
        "drop",
        lambda m: _vias(m)[1][1], "255.255.255.255",
    ),
    Case("3.3.11", "Max-Forwards of zero", options({"Max-Forwards": "0"}), "ok",
         lambda m: m.headers.get("max-forwards"), "0"),
    Case(
        "3.3.12", "without <> a parameter is the header's",
        message("REGISTER sip:h SIP/2.0", {"Contact": "sip:+1@h;unknownparam"}), "405|501",
        lambda m: (m.contacts[0].params, m.contacts[0].uri.params), ({"unknownparam": None}, {}),
    ),
    Case(
        "3.3.13", "inside <> it is the URI's",
        message("REGISTER sip:h SIP/2.0", {"Contact": "<sip:+1@h;unknownparam>"}), "405|501",
        lambda m: (m.contacts[0].params, m.contacts[0].uri.params), ({}, {"unknownparam": None}),
    ),
    Case(
        "3.3.14", "a header in the URI of a Contact",
        message("REGISTER sip:h SIP/2.0", {"Contact": "<sip:u@h?Route=%3Csip:s.h%3E>"}), "405|501",
        lambda m: m.contacts[0].uri.header_list(), [("Route", "<sip:s.h>")],
    ),
    Case(
        "3.3.15", "an answer that nobody could write",
        invite({"Accept": "text/nobodyKnowsThis"}), "406|400",
        lambda m: m.headers.get("accept"), "text/nobodyKnowsThis",
    ),
    Case(
        "3.4.1", "an INVITE from before RFC 3261",
        invite({"Via": "SIP/2.0/UDP iftgw.example.com", "From": "<sip:+13035551111@h;user=phone>",
                "To": "sip:+16505552222@ss1.example.net;user=phone", "Max-Forwards": None,
                "Record-Route": "<sip:UserB@example.com;maddr=ss1.example.com>", "l": None}),
        "ok|400",
        lambda m: (m.vias[0].branch, m.from_.tag, m.to.params, m.to.uri.params, m.body[:3]),
        ("", "", {"user": "phone"}, {}, b"v=0"),
    ),
]  # fmt: skip
