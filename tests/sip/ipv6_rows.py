"""IPv6 where it is hard to read: one row or more for each section of RFC 5118, in our own words."""

from __future__ import annotations

from gateway.sip import Request, Response
from gateway.sip.sdp import parse_sdp

from .torture_rows import Case, invite, message, options

# 4.6: every address of the body is of IPv6.
ONLY_IPV6 = (
    "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=Live feed\r\n"
    "c=IN IP6 2001:db8::20\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n"
)

# 4.8: sound by IPv4, pictures by IPv6, no address for both.
BOTH = (
    "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=-\r\nt=0 0\r\n"
    "m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"
    "m=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n"
)

# 4.9: addresses of IPv4 in the clothes of IPv6.
MAPPED = ONLY_IPV6.replace("2001:db8::20", "::ffff:192.0.2.2")


def _register(uri: str, **changes: str) -> bytes:
    return message(
        f"REGISTER {uri} SIP/2.0", {name.title(): text for name, text in changes.items()}
    )


def _bye(received: str) -> bytes:
    via = f"SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3-111"
    return message("BYE sip:user@example.com SIP/2.0", {"Via": via, "To": "<sip:u@h>;tag=bd76ya"})


def _media(parsed: Request | Response) -> list[tuple[str, str | None]]:
    session = parse_sdp(parsed.body)
    return [(media.kind, session.address(media)) for media in session.media]


_MIXED_VIAS = (
    "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111, "
    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144,"
    "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200"
)

RFC_5118 = [
    Case(
        "4.1", "an address in brackets in URIs and Via",
        _register("sip:[2001:db8::10]", via="SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111",
                  contact='"Caller" <sip:caller@[2001:db8::1]>'),
        "405|501",
        lambda m: (m.uri.host, m.uri.port, m.vias[0].host, m.vias[0].port, m.contacts[0].uri.host),
        ("[2001:db8::10]", None, "[2001:db8::9:1]", None, "[2001:db8::1]"),
    ),
    Case("4.2", "an address without brackets", _register("sip:2001:db8::10"), "400"),
    Case("4.2", "the same in a Via",
         options({"Via": "SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bKas3"}), "400"),
    Case("4.2", "the same in From", options({"From": "<sip:u@2001:db8::9:1>;tag=1"}), "400"),
    Case(
        "4.3", "a port inside the brackets is no port", _register("sip:[2001:db8::10:5070]"),
        "405|501", lambda m: (m.uri.host, m.uri.port), ("[2001:db8::10:5070]", None),
    ),
    Case(
        "4.4", "a port outside is one", _register("sip:[2001:db8::10]:5070"), "405|501",
        lambda m: (m.uri.host, m.uri.port), ("[2001:db8::10]", 5070),
    ),
    Case(
        "4.5", "received with brackets", _bye("[2001:db8::9:255]"), "481",
        lambda m: m.vias[0].params["received"], "[2001:db8::9:255]",
    ),
    Case(
        "4.5", "received without", _bye("2001:db8::9:255"), "481",
        lambda m: m.vias[0].params["received"], "2001:db8::9:255",
    ),
    Case(
        "4.6", "addresses in the session description",
        invite({"Contact": '"C" <sip:c@[2001:db8::1]>'}, body=ONLY_IPV6), "ok",
        _media, [("audio", "2001:db8::20"), ("video", "2001:db8::20")],
    ),
    Case(
        "4.7", "both families in the Vias", options({"Via": _MIXED_VIAS}), "ok",
        lambda m: [(via.host, via.port) for via in m.vias],
        [("[2001:db8::9:1]", 6050), ("192.0.2.1", None), ("[2001:db8::9:255]", None)],
    ),
    Case(
        "4.8", "both families in the session description", invite(body=BOTH), "ok",
        _media, [("audio", "192.0.2.1"), ("video", "2001:db8::1")],
    ),
    Case(
        "4.9", "IPv4 as IPv6",
        invite({"Via": "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19, "
                       "SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111",
                "Contact": '"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>'}, body=MAPPED),
        "ok",
        lambda m: (m.vias[0].host, m.vias[0].port, m.contacts[0].uri.host, _media(m)[0]),
        ("[::ffff:192.0.2.10]", 19823, "[::ffff:192.0.2.2]", ("audio", "::ffff:192.0.2.2")),
    ),
    Case(
        "4.10", "three colons, which the grammar of RFC 3261 can make",
        options({"To": "sip:u@[2001:db8:::192.0.2.1]"}, "sip:u@[2001:db8:::192.0.2.1]"), "ok",
        lambda m: m.uri.host, "[2001:db8:::192.0.2.1]",
    ),
    Case(
        "4.10", "two colons", options(uri="sip:u@[2001:db8::192.0.2.1]"), "ok",
        lambda m: m.uri.host, "[2001:db8::192.0.2.1]",
    ),
]  # fmt: skip
