"""SRTP in calls: item 25 of what Twilio sees on the wire, and what re-INVITEs make of keys."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    Flow,
    IncomingCall,
    InviteSession,
    LocalMedia,
    MediaChanged,
    NotAcceptable,
    Request,
    Response,
    SessionEnded,
    Srtp,
    StackSettings,
)
from gateway.sip.media import SrtpPolicy
from gateway.sip.sdes import Crypto, parse_crypto

from .callee import ANSWER, TO_BOB, accept, only_request, respond
from .harness import EDGE, FLOW, LOCAL, MEDIA, OFFER, Caller, World, connected, incoming, statuses

AES_80 = "AES_CM_128_HMAC_SHA1_80"
TLS = Flow("tls", (LOCAL[0], 5061), (EDGE[0], 58540), accepted=True)
THEIRS, OTHER = bytes(range(30)), bytes(range(30, 60))


def crypto(key: bytes, tag: str = "1", suite: str = AES_80) -> str:
    return f"a=crypto:{tag} {suite} inline:{b64encode(key).decode()}\n"


def secured(key: bytes = THEIRS, text: str = OFFER) -> str:
    """Twilio's offer, or another text, as RTP/SAVP."""
    head, m_line, rest = text.partition("m=audio")
    first, _, others = rest.partition("\n")
    return f"{head}{m_line}{first.replace('RTP/AVP', 'RTP/SAVP')}\n{crypto(key)}{others}"


def ours_in(message: Request | Response) -> Crypto:
    """The one key that we give in this message."""
    (line,) = [line for line in message.body.decode().split("\r\n") if "a=crypto" in line]
    return parse_crypto(line.removeprefix("a=crypto:"))


def local(policy: SrtpPolicy) -> LocalMedia:
    return replace(MEDIA, srtp=policy)


def secured_call(world: World, caller: Caller, flow: Flow = TLS) -> tuple[InviteSession, bytes]:
    """A call with SRTP that is up, and our key in it."""
    caller.hear(world.receive(caller.invite(secured()), flow))
    session = world.event(IncomingCall).session
    session.prepare(local("optional"), world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    caller.hear([ok])
    world.receive(caller.ack(), flow)
    world.events()
    return session, ours_in(ok).key


@pytest.mark.parametrize("policy", ["optional", "required"])
def test_twilio_25_savp_is_answered_with_one_line_and_its_tag(
    policy: SrtpPolicy, world: World, caller: Caller
) -> None:
    offer = secured().replace("a=crypto:1", "a=crypto:3")
    session = incoming(world, caller, body=offer)
    session.prepare(local(policy), world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    lines = ok.body.decode().split("\r\n")
    assert [line for line in lines if line.startswith("m=")] == ["m=audio 10000 RTP/SAVP 0 101"]
    ours = ours_in(ok)
    assert (ours.tag, ours.suite) == ("3", AES_80)
    assert ours.line in lines  # no MKI, no lifetime, no parameters
    assert session.media is not None
    assert session.media.srtp == Srtp(AES_80, ours.key, THEIRS)


@pytest.mark.parametrize(
    ("body", "policy"),
    [(secured(), "off"), (OFFER, "required")],
    ids=["SAVP, off", "AVP, required"],
)
def test_twilio_25_never_a_silent_downgrade(
    body: str, policy: SrtpPolicy, world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=body)
    with pytest.raises(NotAcceptable) as caught:
        session.prepare(local(policy), world.now)
    session.reject(caught.value.status, world.now, warning=caught.value.warning)
    (refusal,) = world.sent()
    assert statuses([refusal]) == [488]
    assert (refusal.headers.get("Warning") or "").startswith("302 tipring ")
    assert world.event(SessionEnded).cause is EndCause.REJECTED


@pytest.mark.parametrize(
    ("policy", "answered"),
    [
        ("off", ["m=audio 0 RTP/SAVP 0 8 101", "m=audio 10000 RTP/AVP 0 101"]),
        ("optional", ["m=audio 10000 RTP/SAVP 0 101", "m=audio 0 RTP/AVP 0 8 101"]),
        ("required", ["m=audio 10000 RTP/SAVP 0 101", "m=audio 0 RTP/AVP 0 8 101"]),
    ],
)
def test_twilio_25_of_two_lines_one_is_taken(
    policy: SrtpPolicy, answered: list[str], world: World, caller: Caller
) -> None:
    _, m_line, media = OFFER.partition("m=audio")
    session = incoming(world, caller, body=secured() + m_line + media)
    session.prepare(local(policy), world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    assert [line for line in ok.body.decode().split("\r\n") if line[:2] == "m="] == answered


def test_twilio_25_a_real_offer_is_answered_like_the_good_answer(
    captures: Path, world: World, caller: Caller
) -> None:
    (file,) = captures.glob("08_*")
    (good,) = captures.glob("10_*")
    world.receive(file.read_bytes(), TLS)
    session = world.event(IncomingCall).session
    session.prepare(local("required"), world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    wanted = {"m=audio", "a=crypto:1", "a=ptime:20", "a=sendrecv"}
    for body in (ok.body.decode(), good.read_text("utf-8")):
        starts = [line.split(" ")[0].strip() for line in body.split("\n")]
        assert wanted <= set(starts)
    assert "RTP/SAVP 0 101" in ok.body.decode()
    assert not session.keys_exposed


@pytest.mark.parametrize(("flow", "exposed"), [(TLS, False), (FLOW, True)])
def test_keys_in_the_open_are_told(flow: Flow, exposed: bool, world: World, caller: Caller) -> None:
    session, _ = secured_call(world, caller, flow)
    assert session.keys_exposed is exposed


def test_nothing_is_exposed_without_keys(world: World, caller: Caller) -> None:
    assert not connected(world, caller).keys_exposed


@pytest.mark.parametrize("key", [THEIRS, OTHER], ids=["their key stays", "their key is new"])
def test_a_re_invite_keeps_our_key(key: bytes, world: World, caller: Caller) -> None:
    _, ours = secured_call(world, caller)
    hold = secured(key).replace("a=sendrecv", "a=sendonly").replace("a=crypto:1", "a=crypto:2")
    ok = world.receive(caller.reinvite(hold), TLS)[-1]
    assert (ours_in(ok).tag, ours_in(ok).key) == ("2", ours)
    media = world.event(MediaChanged).media
    assert media.srtp == Srtp(AES_80, ours, key)


def test_a_re_invite_without_srtp_is_refused_where_it_is_required(
    world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=secured())
    session.prepare(local("required"), world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    before = session.media
    assert statuses(world.receive(caller.reinvite(OFFER))) == [100, 488]
    assert session.media == before


def test_our_hold_offers_the_same_key(world: World, caller: Caller) -> None:
    session, ours = secured_call(world, caller)
    session.hold(world.now)
    (invite,) = world.sent()
    assert b"RTP/SAVP" in invite.body
    assert (ours_in(invite).tag, ours_in(invite).key) == ("1", ours)


def test_a_new_address_of_ours_brings_a_new_key(world: World, caller: Caller) -> None:
    """RFC 4568 section 7.1.4; until the peer agrees, the old one holds."""
    session, before = secured_call(world, caller)
    world.stack.settings = StackSettings(public_host="198.51.100.20")
    world.stack.addresses_changed(world.now)
    (invite,) = world.sent()
    assert isinstance(invite, Request)
    now = ours_in(invite).key
    assert now != before
    assert session.media is not None
    assert session.media.srtp == Srtp(AES_80, before, THEIRS)
    world.receive(respond(invite, 200, contact="<sip:a@172.25.75.240>", body=secured()), TLS)
    assert world.event(MediaChanged).media.srtp == Srtp(AES_80, now, THEIRS)
    session.hold(world.now)
    (hold,) = [one for one in world.sent() if isinstance(one, Request) and one.method == "INVITE"]
    assert ours_in(hold).key == now


@pytest.mark.parametrize(
    ("policy", "flow", "protocol"),
    [
        ("off", TLS, b"RTP/AVP"),
        ("optional", FLOW, b"RTP/AVP"),
        ("optional", TLS, b"RTP/SAVP"),
        ("required", FLOW, b"RTP/SAVP"),
    ],
)
def test_an_invite_without_sdp_gets_our_offer(
    policy: SrtpPolicy, flow: Flow, protocol: bytes, world: World, caller: Caller
) -> None:
    caller.hear(world.receive(caller.invite(None), flow))
    session = world.event(IncomingCall).session
    session.prepare(local(policy), world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    caller.hear([ok])
    assert b"m=audio 10000 " + protocol + b" 0 8 101" in ok.body
    with_srtp = protocol == b"RTP/SAVP"
    world.receive(caller.ack(secured() if with_srtp else OFFER), flow)
    assert session.media is not None
    wanted = Srtp(AES_80, ours_in(ok).key, THEIRS) if with_srtp else None
    assert session.media.srtp == wanted


# --- calls of ours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "policy", "protocol"),
    [
        ("sip:bob@198.51.100.7", "off", "RTP/AVP"),
        ("sip:bob@198.51.100.7", "optional", "RTP/AVP"),
        ("sip:bob@198.51.100.7;transport=tls", "optional", "RTP/SAVP"),
        ("sips:bob@198.51.100.7", "optional", "RTP/SAVP"),
        ("sip:bob@198.51.100.7", "required", "RTP/SAVP"),
    ],
)
def test_what_we_offer(to: str, policy: SrtpPolicy, protocol: str, world: World) -> None:
    world.stack.place_call(to, None, local(policy), world.now)
    invite = only_request(world)
    assert f"m=audio 10000 {protocol} 0 8 101" in invite.body.decode()
    assert ("a=crypto" in invite.body.decode()) == (protocol == "RTP/SAVP")


def test_our_call_with_srtp(world: World) -> None:
    call = world.stack.place_call("sip:bob@198.51.100.7", None, local("required"), world.now)
    invite = only_request(world)
    text = secured(text=ANSWER)
    ok = respond(invite, 200, tag="b", contact="<sip:bob@198.51.100.7>", body=text)
    world.receive(ok, TO_BOB)
    world.event(Answered)
    assert call.media is not None
    assert call.media.srtp == Srtp(AES_80, ours_in(invite).key, THEIRS)
    assert call.keys_exposed


def test_an_answer_without_srtp_ends_our_call(world: World) -> None:
    world.stack.place_call("sip:bob@198.51.100.7", None, local("required"), world.now)
    invite = only_request(world)
    sent = world.receive(accept(invite), TO_BOB)
    assert [one.method for one in sent if isinstance(one, Request)] == ["ACK", "BYE"]
    assert world.event(SessionEnded)
