"""Our own offers of one audio stream, and the answers to them (RFC 3264 sections 5, 7 and 8)."""

from __future__ import annotations

from typing import NamedTuple

from gateway.sip import sdes
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable, Srtp
from gateway.sip.offer_answer import (
    EVENTS,
    FORMAT,
    MEDIA_TYPE,
    Settled,
    codec_under,
    encodings,
    event_number,
    m_lines,
    negotiated,
    refused,
    usable,
)
from gateway.sip.sdp import Media, Session

# Our number for telephone-event where the peer has not named one; answers take the peer's.
_OUR_EVENT = 101


class Layout(NamedTuple):
    """The m= lines of a session: every later offer has them all, in the same order (section 8).

    `place` is that of our audio, `others` are the rest as they are refused, and `event` is the
    number of telephone-event, which must not change its meaning (section 8.3.2).
    """

    place: int = 0
    others: tuple[str, ...] = ()
    event: int = _OUR_EVENT


def layout_of(offer: Session, settled: Settled) -> Layout:
    """The layout that an offer of the peer has set."""
    others = [refused(m) for at, m in enumerate(offer.media) if at != settled.place]
    event = settled.media.telephone_event_receive
    if event is None:
        event = _free_number(offer.media[settled.place])
    return Layout(settled.place, tuple(others), event)


def _free_number(section: Media) -> int:
    taken = set(section.formats)
    free = (n for n in (_OUR_EVENT, *range(96, 128)) if str(n) not in taken)
    return next(free, _OUR_EVENT)


def offer_lines(
    local: LocalMedia,
    layout: Layout = Layout(),  # noqa: B008 (immutable)
    media: NegotiatedMedia | None = None,
    crypto: sdes.Crypto | None = None,
    *,
    holding: bool = False,
) -> list[str]:
    """Our full offer from m= on (RFC 3261 section 14.2 wants one for an INVITE without SDP).

    `media` is what holds now: what need not change is offered first. With `crypto`, our key, the
    offer is RTP/SAVP. `holding` says only what we
    want; what the peer wants, its answer says (RFC 6337 section 5.3).
    """
    current = None if media is None else media.codec.name
    codecs = sorted(local.codecs, key=lambda codec: codec.name != current)
    event = layout.event
    numbers = " ".join(str(number) for number in (*(c.payload_type for c in codecs), event))
    lines = m_lines(local, numbers, crypto)
    lines += [f"a=rtpmap:{codec.payload_type} {codec.name}/8000" for codec in codecs]
    lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} {EVENTS}"]
    lines.append(f"a=ptime:{local.ptime if media is None else media.ptime}")
    if media is not None and media.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines.append("a=sendonly" if holding else "a=sendrecv")
    return [*layout.others[: layout.place], *lines, *layout.others[layout.place :]]


def accept_answer(
    answer: Session,
    local: LocalMedia,
    layout: Layout = Layout(),  # noqa: B008 (immutable)
    crypto: sdes.Crypto | None = None,
    *,
    holding: bool = False,
) -> NegotiatedMedia:
    """What the peer's answer to our offer settles; raises NotAcceptable when it is unusable.

    `crypto` is what we offered: an answer without SRTP does not do then, nor one with it else.
    """
    place = layout.place
    protocol = sdes.AVP if crypto is None else sdes.SAVP
    if len(answer.media) <= place or not usable(answer.media[place], protocol):
        raise NotAcceptable("The answer refuses our audio", code=MEDIA_TYPE)
    section = answer.media[place]
    srtp = None if crypto is None else _srtp(section, crypto)
    # The peer lists what it wants first (RFC 3264 section 7): its order decides here.
    for number, encoding in encodings(section).items():
        codec = codec_under(number, encoding, local)
        if codec is not None:
            event = None if event_number(section) is None else layout.event
            return negotiated(answer, place, codec, local, event, srtp=srtp, holding=holding).media
    raise NotAcceptable("The answer has no codec that we offered", code=FORMAT)


def _srtp(section: Media, ours: sdes.Crypto) -> Srtp:
    theirs = sdes.agreed(section.get_all("crypto"), ours)
    return Srtp(ours.suite, ours.key, theirs.key)
