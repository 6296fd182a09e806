"""Hold and resume, by both ends, in both kinds of call; re-INVITEs and their accidents."""

from __future__ import annotations

import pytest

from gateway.errors import LocalProtocolError
from gateway.sip import (
    EndCause,
    MediaChanged,
    OfferRefused,
    Request,
    Response,
    Session,
    SessionEnded,
    SessionOver,
    StackSettings,
    parse,
)

from .harness import MEDIA, OFFER, Caller, World, incoming
from .peer import ANSWER, KINDS, Peer, hold, one, requests, up

OURS_HELD = hold("recvonly", ANSWER)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def version(message: Request | Response) -> tuple[str, int]:
    """Session id and version of an SDP body."""
    origin = message.body.decode().split("o=- ")[1].split()
    return origin[0], int(origin[1])


def direction(message: Request | Response) -> str:
    lines = message.body.decode().split()
    return next(d for d in ("sendrecv", "sendonly", "recvonly", "inactive") if f"a={d}" in lines)


def held(world: World, kind: str) -> tuple[Session, Peer, Request]:
    """A call that we hold."""
    session, peer = up(world, kind)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    one(peer.reply(invite, 200, OURS_HELD), "ACK")
    world.events()
    return session, peer, invite


# --- ours --------------------------------------------------------------------------------------


def test_twilio_24_we_hold_and_resume(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    before = session.media
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    assert (direction(invite), version(invite)) == ("sendonly", ("4711", 2))
    assert invite.headers.get("Contact") is not None
    assert session.on_hold
    ack = one(peer.reply(invite, 200, OURS_HELD), "ACK")
    assert (ack.cseq.number, ack.body) == (invite.cseq.number, b"")
    media = world.event(MediaChanged).media
    assert (media.holding, media.sending, media.receiving) == (True, False, False)
    assert not media.held  # it is us who hold
    session.resume(world.now)
    again = one(world.sent(), "INVITE")
    assert (direction(again), version(again)) == ("sendrecv", ("4711", 3))
    assert again.cseq.number == invite.cseq.number + 1
    one(peer.reply(again, 200, ANSWER), "ACK")
    assert world.event(MediaChanged).media == session.media == before
    assert not session.on_hold
    assert world.run(40) == []


def test_hold_twice_is_hold_once(kind: str, world: World) -> None:
    session, _, _ = held(world, kind)
    session.hold(world.now)
    assert world.sent() == []
    session.resume(world.now)
    session.resume(world.now)
    assert len(requests(world.sent(), "INVITE")) == 1


def test_twilio_24_a_repeated_200_to_our_reinvite_gets_the_ack_again(
    kind: str, world: World
) -> None:
    _, peer, invite = held(world, kind)
    world.log.clear()
    one(peer.reply(invite, 200, OURS_HELD), "ACK")
    one(peer.reply(invite, 200, OURS_HELD), "ACK")
    assert world.log[0][2] == world.log[1][2]
    assert world.events() == []


@pytest.mark.parametrize("status", [400, 403, 415, 488, 500, 503, 606])
def test_a_refused_hold_leaves_all_as_it_was(status: int, kind: str, world: World) -> None:
    session, peer = up(world, kind)
    before = session.media
    session.hold(world.now)
    one(peer.reply(one(world.sent(), "INVITE"), status), "ACK")
    assert (session.state, session.on_hold, session.media) == ("confirmed", False, before)
    assert world.event(OfferRefused) == OfferRefused(session, status)
    assert world.run(40) == []
    session.hold(world.now)
    again = one(world.sent(), "INVITE")
    assert version(again) == ("4711", 2)


def test_a_refused_resume_stays_on_hold(kind: str, world: World) -> None:
    session, peer, _ = held(world, kind)
    session.resume(world.now)
    peer.reply(one(world.sent(), "INVITE"), 488)
    assert session.on_hold
    assert session.media is not None
    assert session.media.holding
    assert world.event(OfferRefused).status == 488


@pytest.mark.parametrize("status", [408, 481])
def test_a_peer_that_knows_the_call_no_more(status: int, kind: str, world: World) -> None:
    """RFC 3261 section 12.2.1.2."""
    session, peer = up(world, kind)
    session.hold(world.now)
    sent = peer.reply(one(world.sent(), "INVITE"), status)
    bye = one(sent, "BYE")
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    peer.reply(bye, 481)
    assert world.event(SessionOver) == SessionOver(session, 481)


def test_silence_to_our_reinvite_ends_the_call(kind: str, world: World) -> None:
    session, _ = up(world, kind)
    session.hold(world.now)
    sent = world.run(33)
    assert requests((m for _, m in sent), "BYE") != []
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE


def refuse_to_send(world: World) -> int:
    """The network takes nothing; how many messages there were."""
    datagrams = world.stack.to_send()
    for datagram in datagrams:
        world.stack.transport_failed(datagram.key, "no route to host", world.now)
    return len(datagrams)


def test_a_network_that_is_gone_for_a_moment_cuts_no_call(kind: str, world: World) -> None:
    """RFC 3261 section 8.1.3.1: as good as a 503."""
    session, peer = up(world, kind)
    session.hold(world.now)
    assert refuse_to_send(world) == 1
    assert (world.events(), session.state) == ([], "confirmed")
    ((at, again),) = world.run(5)
    assert (at, direction(again)) == (5.0, "sendonly")
    assert isinstance(again, Request)
    peer.reply(again, 200, OURS_HELD)
    assert world.event(MediaChanged).media.holding


def test_a_network_that_stays_away_is_a_refusal(kind: str, world: World) -> None:
    session, _ = up(world, kind)
    session.hold(world.now)
    tries = 0
    while refuse_to_send(world):
        tries += 1
        world.now += 5
        world.stack.handle_deadline(world.now)
    assert tries == 6
    assert not session.on_hold
    assert session.state == "confirmed"


@pytest.mark.parametrize("body", ["", "v=1\n", ANSWER.replace("m=audio 12692", "m=audio 0")])
def test_an_unusable_answer_to_our_reinvite(body: str, kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    sent = requests(peer.reply(one(world.sent(), "INVITE"), 200, body))
    assert [m.method for m in sent] == ["ACK", "BYE"]
    assert world.event(SessionEnded).cause is EndCause.NEGOTIATION


def test_resume_before_the_hold_is_through(kind: str, world: World) -> None:
    """One re-INVITE at a time: the second waits for the first."""
    session, peer = up(world, kind)
    session.hold(world.now)
    first = one(world.sent(), "INVITE")
    session.resume(world.now)
    assert world.sent() == []
    sent = requests(peer.reply(first, 200, OURS_HELD))
    assert [m.method for m in sent] == ["ACK", "INVITE"]
    assert direction(sent[1]) == "sendrecv"
    peer.reply(sent[1], 200, ANSWER)
    assert session.media is not None
    assert (session.media.sending, session.media.holding) == (True, False)


def test_a_hold_after_a_resume_that_was_on_its_way(kind: str, world: World) -> None:
    """What the service hears is what was agreed, not what will be asked next."""
    session, peer, _ = held(world, kind)
    session.resume(world.now)
    resume = one(world.sent(), "INVITE")
    session.hold(world.now)
    again = one(peer.reply(resume, 200, ANSWER), "INVITE")
    assert direction(again) == "sendonly"
    assert session.media is not None
    assert not session.media.holding
    peer.reply(again, 488)
    assert not session.on_hold


def test_a_hold_while_our_200_waits_for_its_ack(world: World, caller: Caller) -> None:
    call = incoming(world, caller)
    call.prepare(MEDIA, world.now)
    call.answer(world.now)
    caller.hear(world.sent())
    call.hold(world.now)
    assert world.sent() == []
    invite = one(world.receive(caller.ack()), "INVITE")
    assert direction(invite) == "sendonly"


def test_a_hold_while_their_reinvite_is_not_finished(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    ok = peer.invite(OFFER.replace("12692", "12700"))
    assert direction(ok) == "sendrecv"
    session.hold(world.now)
    assert world.sent() == []
    invite = one(peer.ack(), "INVITE")
    assert direction(invite) == "sendonly"


@pytest.mark.parametrize("state", ["incoming", "ringing"])
def test_a_call_that_is_not_answered_cannot_be_held(
    state: str, world: World, caller: Caller
) -> None:
    call = incoming(world, caller)
    if state == "ringing":
        call.ring(world.now)
    with pytest.raises(LocalProtocolError):
        call.hold(world.now)


# --- theirs ------------------------------------------------------------------------------------

THEIRS = [
    (hold("sendonly"), "recvonly", False, True),
    (hold("inactive"), "inactive", False, False),
    (hold("recvonly"), "sendonly", True, False),
    (OFFER.replace("IN IP4 168.86.138.121", "IN IP4 0.0.0.0"), "recvonly", False, True),
    (
        hold("inactive").replace("IN IP4 168.86.138.121", "IN IP4 0.0.0.0"),
        "inactive",
        False,
        False,
    ),
]


@pytest.mark.parametrize(("offer", "answer", "sending", "receiving"), THEIRS)
def test_twilio_24_they_hold_and_resume(
    offer: str, answer: str, sending: bool, receiving: bool, kind: str, world: World
) -> None:
    session, peer = up(world, kind)
    ok = peer.invite(offer)
    assert (ok.status, direction(ok)) == (200, answer)
    peer.ack()
    media = world.event(MediaChanged).media
    assert (media.sending, media.receiving, media.holding) == (sending, receiving, False)
    assert media.held == (not sending)
    ok = peer.invite(OFFER)
    assert direction(ok) == "sendrecv"
    peer.ack()
    assert world.event(MediaChanged).media == session.media
    assert world.run(40) == []


def test_both_hold_and_let_go_one_after_the_other(kind: str, world: World) -> None:
    session, peer, _ = held(world, kind)
    ok = peer.invite(hold("sendonly"))
    assert direction(ok) == "inactive"
    peer.ack()
    # They resume: we still hold.
    ok = peer.invite(OFFER)
    assert direction(ok) == "sendonly"
    peer.ack()
    assert session.media is not None
    assert (session.media.holding, session.media.sending) == (True, False)
    session.resume(world.now)
    invite = one(world.sent(), "INVITE")
    assert direction(invite) == "sendrecv"
    peer.reply(invite, 200, ANSWER)
    assert session.media is not None
    assert session.media.sending


def test_both_hold_and_we_let_go_first(kind: str, world: World) -> None:
    session, peer, _ = held(world, kind)
    peer.invite(hold("sendonly"))
    peer.ack()
    session.resume(world.now)
    invite = one(world.sent(), "INVITE")
    assert direction(invite) == "sendrecv"
    peer.reply(invite, 200, hold("sendonly", ANSWER))
    assert session.media is not None
    assert (session.media.sending, session.media.held) == (False, True)


@pytest.mark.parametrize(("ours", "said"), [(False, "sendrecv"), (True, "sendonly")])
def test_twilio_24_a_reinvite_without_sdp_gets_our_state(
    ours: bool, said: str, kind: str, world: World
) -> None:
    session, peer = held(world, kind)[:2] if ours else up(world, kind)
    ok = peer.invite("")
    assert direction(ok) == said
    assert b"RTP/AVP 0 8 101" in ok.body
    peer.ack(hold("recvonly", ANSWER) if ours else ANSWER.replace("12692", "12800"))
    assert session.media is not None
    assert session.media.holding == ours
    assert session.media.remote[1] == (12692 if ours else 12800)


@pytest.mark.parametrize("answer", ["", "v=1\n", ANSWER.replace("RTP/AVP 0", "RTP/AVP 18")])
def test_an_unusable_answer_in_an_ack_changes_nothing(answer: str, kind: str, world: World) -> None:
    session, peer, _ = held(world, kind)
    before = session.media
    peer.invite("")
    assert peer.ack(answer) == []
    assert (session.state, session.media) == ("confirmed", before)
    assert world.events() == []
    assert peer.invite(OFFER).status == 200


def test_an_early_repeat_of_their_reinvite_is_500(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    assert peer.invite(OFFER).status == 200
    late = peer.invite(hold())
    assert late.status == 500
    assert 0 <= int(late.headers.get("Retry-After") or "-1") <= 10


def test_their_reinvite_without_an_ack_ends_the_call(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    peer.invite(OFFER)
    sent = world.run(33)
    assert requests((m for _, m in sent), "BYE") != []
    assert world.event(SessionEnded).cause is EndCause.ACK_TIMEOUT


# --- glare -------------------------------------------------------------------------------------


def test_twilio_24_glare(kind: str, world: World) -> None:
    """RFC 3261 section 14.1: 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other."""
    session, peer = up(world, kind)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    assert peer.invite(hold()).status == 491
    peer.ack_refusal()
    one(peer.reply(invite, 491), "ACK")
    found = [(at, m) for at, m in world.run(4) if isinstance(m, Request)]
    at, again = found[0]
    low, high = (2.1, 4.0) if kind == "outgoing" else (0.0, 2.0)
    assert low <= at <= high
    assert (again.method, direction(again), version(again)) == ("INVITE", "sendonly", ("4711", 2))
    peer.reply(again, 200, OURS_HELD)
    assert session.media is not None
    assert session.media.holding


def test_the_other_end_may_speak_during_the_pause(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    peer.reply(one(world.sent(), "INVITE"), 491)
    ok = peer.invite(hold())
    assert direction(ok) == "inactive"  # both hold now
    sent = requests(m for _, m in world.run(4))
    assert sent == []  # their ACK is still due
    assert direction(one(peer.ack(), "INVITE")) == "sendonly"


def test_a_change_of_mind_during_the_pause_waits_for_its_end(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    peer.reply(one(world.sent(), "INVITE"), 491)
    session.resume(world.now)
    assert world.sent() == []
    sent = requests((m for _, m in world.run(4.1)), "INVITE")
    assert direction(sent[0]) == "sendrecv"


def test_491_for_ever_is_a_refusal(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    tries = 0
    sent = requests(world.sent(), "INVITE")
    while sent:
        tries += 1
        peer.reply(sent[0], 491)
        sent = requests(m for _, m in world.run(4.1))[:1]
    assert tries == 6
    assert not session.on_hold
    assert session.state == "confirmed"


@pytest.mark.parametrize(("wait", "tries"), [("0", 2), ("3", 2), ("60", 1), ("x", 1)])
def test_a_500_with_a_short_retry_after_is_tried_again(
    wait: str, tries: int, kind: str, world: World
) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    peer.reply(one(world.sent(), "INVITE"), 500, extra=[("Retry-After", wait)])
    sent = [(at, m) for at, m in world.run(5) if isinstance(m, Request)]
    assert bool(sent) == (tries == 2)
    if sent:
        assert sent[0][0] == float(wait)


def test_hang_up_during_the_pause(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    peer.reply(one(world.sent(), "INVITE"), 491)
    session.hang_up(world.now)
    sent = world.sent() + [m for _, m in world.run(5)]
    assert {m.method for m in requests(sent)} == {"BYE"}


# --- the end in the middle ---------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["ours", "theirs"])
def test_a_200_to_our_reinvite_after_the_end_is_acknowledged(
    ending: str, kind: str, world: World
) -> None:
    """Without the ACK the peer would repeat it for half a minute (section 13.2.2.4)."""
    session, peer = up(world, kind)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    if ending == "ours":
        session.hang_up(world.now)
        peer.reply(one(world.sent(), "BYE"))
    else:
        peer.ask("BYE")
    assert session.state == "over"
    world.events()
    one(peer.reply(invite, 200, OURS_HELD), "ACK")
    one(peer.reply(invite, 200, OURS_HELD), "ACK")
    assert world.events() == []
    world.run(70)
    assert world.stack.next_deadline() is None


def test_what_comes_after_our_bye_is_481(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hang_up(world.now)
    world.sent()
    world.events()
    assert peer.invite(hold()).status == 481
    assert peer.ask("OPTIONS").status == 481
    assert peer.ask("BYE").status == 200
    assert world.events() == []


# --- our address changes -----------------------------------------------------------------------


@pytest.mark.parametrize("on_hold", [False, True])
def test_a_new_address_is_told(on_hold: bool, kind: str, world: World) -> None:
    session, peer = held(world, kind)[:2] if on_hold else up(world, kind)
    before = version(one_body(world))
    world.stack.settings = StackSettings(public_host="198.51.100.20")
    world.stack.addresses_changed(world.now)
    invite = one(world.sent(), "INVITE")
    body = invite.body.decode()
    assert "c=IN IP4 198.51.100.20\r\n" in body
    assert version(invite) == (before[0], before[1] + 1)
    # RFC 3264 section 8: the origin is the session's name, and stays.
    assert f"o=- 4711 {before[1] + 1} IN IP4 203.0.113.5\r\n" in body
    assert "198.51.100.20" in (invite.headers.get("Contact") or "")
    assert direction(invite) == ("sendonly" if on_hold else "sendrecv")
    one(peer.reply(invite, 200, OURS_HELD if on_hold else ANSWER), "ACK")
    assert session.on_hold == on_hold
    world.stack.addresses_changed(world.now)
    assert world.sent() == []


def one_body(world: World) -> Request | Response:
    """The last message of ours with SDP."""
    data = [data for _, _, data in world.log if b"\r\no=- 4711" in data][-1]
    return parse(data)


def test_a_new_address_waits_for_an_offer_that_is_open(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    first = one(world.sent(), "INVITE")
    session.readdress(world.now)  # nothing has changed
    world.stack.settings = StackSettings(public_host="198.51.100.20")
    session.readdress(world.now)
    assert world.sent() == []
    again = one(peer.reply(first, 200, OURS_HELD), "INVITE")
    assert b"c=IN IP4 198.51.100.20" in again.body
    assert direction(again) == "sendonly"


def test_an_address_of_the_other_family_is_no_news(kind: str, world: World) -> None:
    session, _ = up(world, kind)
    world.stack.settings = StackSettings(public_host="2001:db8::5")
    session.readdress(world.now)
    assert world.sent() == []


# --- calls with more than audio ----------------------------------------------------------------

VIDEO = "m=video 6000 RTP/AVP 99\na=rtpmap:99 H264/90000\n"


def test_a_hold_in_a_call_with_video_has_both_lines(world: World, caller: Caller) -> None:
    audio = OFFER.index("m=audio")
    offer = OFFER[:audio] + VIDEO + OFFER[audio:]
    session = incoming(world, caller, body=offer)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    session.hold(world.now)
    lines = one(world.sent(), "INVITE").body.decode().split("\r\n")
    media = [line for line in lines if line.startswith("m=")]
    assert media == ["m=video 0 RTP/AVP 99", "m=audio 10000 RTP/AVP 0 8 101"]


@pytest.mark.parametrize("ending", ["ours", "theirs"])
def test_a_reinvite_that_was_only_tried_is_cancelled_with_the_call(
    ending: str, kind: str, world: World
) -> None:
    """Nothing else would ever end it: a provisional answer stops its timer."""
    session, peer = up(world, kind)
    session.hold(world.now)
    peer.reply(one(world.sent(), "INVITE"), 180)
    if ending == "ours":
        session.hang_up(world.now)
        sent = world.sent()
        peer.reply(one(sent, "BYE"))
    else:
        sent = peer.send("BYE")
    assert requests(sent, "CANCEL") != []
    world.run(70)
    assert world.stack.next_deadline() is None
    assert world.stack.counters["transactions"] == 0
