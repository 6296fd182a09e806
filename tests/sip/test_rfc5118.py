"""RFC 5118: every section as a row, read and answered; and answers on flows of IPv6."""

from __future__ import annotations

import pytest

from gateway.sip import Flow, IncomingCall, LocalMedia, NotAcceptable, parse

from .harness import FLOW, MEDIA, World
from .ipv6_rows import BOTH, MAPPED, ONLY_IPV6, RFC_5118
from .torture import assert_answered, assert_read, case_name
from .torture_rows import Case, invite, options

HERE = ("2001:db8::1", 5060)
THERE = ("2001:db8::9:1", 6050)
MEDIA_6 = LocalMedia("2001:db8::1", 10000)


@pytest.mark.parametrize("case", RFC_5118, ids=case_name)
def test_reading(case: Case) -> None:
    assert_read(case)


@pytest.mark.parametrize("case", RFC_5118, ids=case_name)
@pytest.mark.parametrize("flow", [Flow("udp", HERE, THERE), FLOW], ids=["ipv6", "ipv4"])
def test_answering(case: Case, flow: Flow) -> None:
    """Offers whose sound is on IPv6 are taken by media on IPv6, the others by media on IPv4."""
    offers_ipv6 = b"c=IN IP6" in case.data.partition(b"m=audio")[0]
    assert_answered(case.data, case.answers, flow, MEDIA_6 if offers_ipv6 else MEDIA)


@pytest.mark.parametrize(("body", "media"), [(ONLY_IPV6, MEDIA), (MAPPED, MEDIA), (BOTH, MEDIA_6)])
def test_media_of_the_other_family_is_refused(body: str, media: LocalMedia) -> None:
    """RFC 3261 section 20.43: 488 with a Warning that names the addresses."""
    world = World()
    world.receive(invite(body=body))
    session = world.event(IncomingCall).session
    with pytest.raises(NotAcceptable) as caught:
        session.prepare(media, world.now)
    status = caught.value.status
    assert status == 488
    assert caught.value.warning.startswith("301 ")


@pytest.mark.parametrize(
    ("via", "answered", "port"),
    [
        ("SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bK1", "{}", 6050),
        ("SIP/2.0/UDP [2001:DB8::9:1];branch=z9hG4bK1", "{}", 5060),
        (
            "SIP/2.0/UDP [2001:db8::9:1]:7;branch=z9hG4bK1;rport",
            "SIP/2.0/UDP [2001:db8::9:1]:7;branch=z9hG4bK1;rport=6050;received=2001:db8::9:1",
            6050,
        ),
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "{};received=2001:db8::9:1", 5060),
        (
            "SIP/2.0/UDP [2001:db8::7];received=[2001:db8::8];branch=z9hG4bK1",
            "SIP/2.0/UDP [2001:db8::7];received=2001:db8::9:1;branch=z9hG4bK1",
            5060,
        ),
    ],
)
def test_received_is_written_without_brackets(via: str, answered: str, port: int) -> None:
    """RFC 3261 section 25.1, via-received: an IPv6address, where a host is an IPv6reference."""
    world = World()
    world.stack.receive(options({"Via": via}), Flow("udp", HERE, THERE), world.now)
    (datagram,) = world.stack.to_send()
    assert parse(datagram.data).headers.get("Via") == answered.format(via)
    assert datagram.flow.remote == (THERE[0], port)
