"""Answers of one audio stream (RFC 3264): PCMU, PCMA and telephone-event."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip import sdes
from gateway.sip.media import Codec, LocalMedia, NegotiatedMedia, NotAcceptable, Srtp
from gateway.sip.sdp import Media, Session, parse_sdp

# RFC 3551: payload types that need no rtpmap.
_STATIC = {"0": "PCMU/8000", "8": "PCMA/8000"}
# RFC 4733 section 7.1.1: what we can hear: digits, * # A-D. Flash, 16, is ignored.
EVENTS = "0-15"

# RFC 3264 section 6.1: what we answer to each direction.
_MIRROR = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}

# Section 8.4: what is left of our direction while we hold the peer.
_HELD_BY_US = {"sendrecv": "sendonly", "recvonly": "inactive"}

# RFC 3261 section 20.43.
ADDRESS, TRANSPORT, MEDIA_TYPE, FORMAT = 301, 302, 304, 305

# IPv4address = 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT, without the zeros that mean octal
_OCTET = r"(0|[1-9][0-9]{0,2})"
_IPV4 = re.compile(r"\.".join([_OCTET] * 4))


class Settled(NamedTuple):
    """One accepted m= line: its place, what was agreed, and the direction that we answer.

    `crypto` is our a=crypto line, None for plain RTP.
    """

    place: int
    media: NegotiatedMedia
    direction: str
    crypto: sdes.Crypto | None = None


def settle(
    offer: Session,
    local: LocalMedia,
    keys: sdes.OurKeys | None = None,
    *,
    holding: bool = False,
) -> Settled:
    """Choose from an offer; raises NotAcceptable with the Warning that fits.

    `holding`: the peer is on hold with us, and stays so whatever it offers. `keys` are ours for
    SRTP, where it is not off.
    """
    problem: NotAcceptable | None = None
    for protocol in sdes.PROFILES[local.srtp]:
        for index, section in enumerate(offer.media):
            codec = _choose(section, local) if usable(section, protocol) else None
            if codec is None:
                continue
            try:
                return _accept(offer, index, codec, local, keys, holding=holding)
            except NotAcceptable as error:
                problem = problem or error
    raise problem or _why_not(offer, local)


def _accept(
    offer: Session,
    index: int,
    codec: Codec,
    local: LocalMedia,
    keys: sdes.OurKeys | None,
    *,
    holding: bool,
) -> Settled:
    section = offer.media[index]
    if keys is None or not usable(section, sdes.SAVP):
        return negotiated(offer, index, codec, local, holding=holding)
    theirs = sdes.choose(section.get_all("crypto"))
    ours = keys.crypto(theirs.tag, theirs.suite)
    srtp = Srtp(ours.suite, ours.key, theirs.key)
    settled = negotiated(offer, index, codec, local, srtp=srtp, holding=holding)
    return settled._replace(crypto=ours)


def usable(section: Media, protocol: str = sdes.AVP) -> bool:
    """Whether a section is audio that we could speak, under this protocol."""
    return section.kind == "audio" and section.port != 0 and section.protocol.upper() == protocol


def _why_not(offer: Session, local: LocalMedia) -> NotAcceptable:
    audio = [section for section in offer.media if section.kind == "audio" and section.port]
    protocols = sdes.PROFILES[local.srtp]
    if not audio:
        return NotAcceptable("No audio offered", code=MEDIA_TYPE)
    if not any(usable(section, protocol) for section in audio for protocol in protocols):
        # Never a silent downgrade: RTP/SAVP asks for SRTP, RTP/AVP has none (RFC 4568).
        only = " and ".join(protocols)
        return NotAcceptable(f"Transport protocol not available, {only} only", code=TRANSPORT)
    return NotAcceptable("No common codec, PCMU and PCMA only", code=FORMAT)


def encodings(section: Media) -> dict[str, str]:
    """Payload type -> `NAME/rate`, in upper case, for each format of the m= line in its order."""
    maps: dict[str, str] = {}
    for value in section.get_all("rtpmap"):
        number, _, encoding = value.partition(" ")
        name, _, rest = encoding.strip().partition("/")
        maps.setdefault(number, f"{name.upper()}/{rest.partition('/')[0]}")
    return {fmt: maps.get(fmt) or _STATIC.get(fmt, "") for fmt in section.formats}


def _choose(section: Media, local: LocalMedia) -> Codec | None:
    found = encodings(section)
    for ours in local.codecs:
        for number, encoding in found.items():
            if encoding == f"{ours.name}/8000" and _is_payload_type(number):
                return Codec(ours.name, int(number))
    return None


def codec_under(number: str, encoding: str, local: LocalMedia) -> Codec | None:
    """The codec of ours that an encoding is, None where we do not speak it."""
    for ours in local.codecs:
        if encoding == f"{ours.name}/8000" and _is_payload_type(number):
            return Codec(ours.name, int(number))
    return None


def _is_payload_type(number: str) -> bool:
    return len(number) < 4 and number.isascii() and number.isdigit() and int(number) < 128


def event_number(section: Media) -> int | None:
    """The payload type of telephone-event, None where there is none."""
    for number, encoding in encodings(section).items():
        if encoding == "TELEPHONE-EVENT/8000" and _is_payload_type(number):
            return int(number)
    return None


def _ptime(section: Media, local: LocalMedia) -> int:
    """The peer's wish when we can pace it: 10 to 60 ms in steps of 10, else our own."""
    ptime = _number(section.get("ptime"))
    if ptime is None or not 10 <= ptime <= 60 or ptime % 10:
        ptime = local.ptime
    longest = _number(section.get("maxptime"))
    if longest is not None and 10 <= longest < ptime:
        ptime = longest // 10 * 10
    return ptime


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 6 and text.isascii() and text.isdigit() else None


def negotiated(
    session: Session,
    index: int,
    codec: Codec,
    local: LocalMedia,
    receive_event: int | None = None,
    *,
    srtp: Srtp | None = None,
    holding: bool = False,
) -> Settled:
    """What a section of the peer's makes of the call. Raises NotAcceptable."""
    section = session.media[index]
    host = session.address(section)
    if not host or not _reachable(host, local):
        raise NotAcceptable("No address that we can send RTP to", code=ADDRESS)
    direction = _MIRROR[session.direction(section)]
    # RFC 3264 section 8.4: the old way to hold is an address of zeros: nothing may be sent there.
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (not a bind)
        direction = {"sendrecv": "recvonly", "sendonly": "inactive"}.get(direction, direction)
    if holding:
        direction = _HELD_BY_US.get(direction, direction)
    event = event_number(section)
    media = NegotiatedMedia(
        codec=codec,
        telephone_event=event,
        telephone_event_receive=event if receive_event is None else receive_event,
        ptime=_ptime(section, local),
        remote=(host, section.port),
        remote_rtcp=_rtcp(section, host, local),
        rtcp_mux=section.get("rtcp-mux") is not None,
        sending=direction in {"sendrecv", "sendonly"} and not holding,
        receiving=direction in {"sendrecv", "recvonly"} and not holding,
        holding=holding,
        srtp=srtp,
    )
    return Settled(index, media, direction)


def _reachable(host: str, local: LocalMedia) -> bool:
    """Whether RTP can go there: a literal address of our own family, to one host only.

    Names are refused, since the media path resolves nothing, and so are groups and broadcasts: a
    stranger's SDP must not make us send to a whole network.
    """
    if ":" in local.host:
        return _is_ipv6(host)
    match = _IPV4.fullmatch(host)
    if match is None or any(int(part) > 255 for part in match.groups()):
        return False
    return int(match[1]) < 224


def _is_ipv6(host: str) -> bool:
    from ipaddress import IPv6Address  # noqa: PLC0415 (large, and few calls need it)

    try:
        return not IPv6Address(host).is_multicast
    except ValueError:
        return False


def _rtcp(section: Media, host: str, local: LocalMedia) -> tuple[str, int]:
    """RFC 5761: the RTP port itself; RFC 3605: a=rtcp:port [IN IP4 address]; else the odd one."""
    if section.get("rtcp-mux") is not None:
        return (host, section.port)
    words = (section.get("rtcp") or "").split()
    port = _number(words[0]) if words else None
    if port is None or not 0 < port < 65536:
        return (host, min(section.port + 1, 65535))
    other = words[3] if len(words) == 4 else host
    return (other if _reachable(other, local) else host, port)


def answer_lines(offer: Session, settled: Settled, local: LocalMedia) -> list[str]:
    """Our answer from m= on: every m= line of the offer in its place, all but one refused."""
    lines: list[str] = []
    for index, section in enumerate(offer.media):
        if index == settled.place:
            lines += _audio(settled, local)
        else:
            lines.append(refused(section))
    return lines


def refused(section: Media) -> str:
    """The m= line that refuses a section: port 0; at least one format must stand there."""
    formats = " ".join(section.formats) or "0"
    return f"m={section.kind} 0 {section.protocol} {formats}"


def _audio(settled: Settled, local: LocalMedia) -> list[str]:
    media = settled.media
    number, event = media.codec.payload_type, media.telephone_event_receive
    formats = f"{number}" if event is None else f"{number} {event}"
    lines = m_lines(local, formats, settled.crypto)
    lines.append(f"a=rtpmap:{number} {media.codec.name}/8000")
    if event is not None:
        lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} {EVENTS}"]
    lines.append(f"a=ptime:{media.ptime}")
    if media.rtcp_mux:
        lines.append("a=rtcp-mux")
    return [*lines, f"a={settled.direction}"]


def m_lines(local: LocalMedia, formats: str, crypto: sdes.Crypto | None) -> list[str]:
    """Our m= line, with our key behind it where there is one."""
    if crypto is None:
        return [f"m=audio {local.port} {sdes.AVP} {formats}"]
    return [f"m=audio {local.port} {sdes.SAVP} {formats}", crypto.line]


def read(body: bytes) -> Session:
    """Parse SDP for a negotiation: what cannot be read is not acceptable either."""
    try:
        return parse_sdp(body)
    except RemoteProtocolError as error:
        raise NotAcceptable(str(error).replace('"', "'"), error.status_hint) from error
