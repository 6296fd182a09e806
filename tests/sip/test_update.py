"""UPDATE (RFC 3311), before and after the answer, theirs and ours."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Answered,
    InviteSession,
    MediaChanged,
    Response,
    StackSettings,
)

from .harness import MEDIA, OFFER, Caller, World, incoming, statuses
from .peer import ALLOW, ANSWER, FULL, KINDS, hold, one, place, requests, up
from .test_prack import prack

MOVED = OFFER.replace("12692", "12900")


@pytest.fixture
def world() -> World:
    return World(FULL)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- in a call that is up ------------------------------------------------------------------------


def test_an_update_changes_the_media(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    ok = peer.ask("UPDATE", hold())
    assert ok.status == 200
    assert b"a=recvonly" in ok.body
    assert ok.headers.get("Contact") is not None
    assert not world.event(MediaChanged).media.sending
    # No ACK belongs to it: the next may come at once.
    assert peer.ask("UPDATE", OFFER).status == 200
    assert world.event(MediaChanged).media == session.media
    assert world.run(40) == []


def test_an_update_without_sdp_refreshes_the_target_alone(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    peer.contact = "<sip:moved@192.0.2.77>"
    ok = peer.ask("UPDATE")
    assert (ok.status, ok.body) == (200, b"")
    assert "Content-Type" not in ok.headers
    assert world.events() == []
    session.hang_up(world.now)
    assert str(one(world.sent(), "BYE").uri) == "sip:moved@192.0.2.77"


@pytest.mark.parametrize(
    ("body", "status"),
    [(OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 18"), 488), ("v=1\n", 400), ("x", 400)],
)
def test_an_update_that_cannot_be(body: str, status: int, kind: str, world: World) -> None:
    session, peer = up(world, kind)
    before = session.media
    peer.contact = "<sip:moved@192.0.2.77>"
    assert peer.ask("UPDATE", body).status == status
    assert session.media == before
    session.hang_up(world.now)
    assert "moved" not in str(one(world.sent(), "BYE").uri)


@pytest.mark.parametrize("contact", ["*", "<sip:a@b>;;", "<tel:+1>"])
def test_an_update_with_a_bad_contact(contact: str, kind: str, world: World) -> None:
    session, peer = up(world, kind)
    before = session.media
    peer.contact = contact
    assert peer.ask("UPDATE", MOVED).status == 400
    assert session.media == before


def test_an_update_with_another_body_is_415(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    refusal = peer.ask("UPDATE", "hello", [("Content-Type", "text/plain")])
    assert (refusal.status, refusal.headers.get("Accept")) == (415, "application/sdp")


def test_glare_with_our_offer(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    assert peer.ask("UPDATE", MOVED).status == 491
    # Without an offer there is nothing to collide.
    assert peer.ask("UPDATE").status == 200
    peer.reply(invite, 200, hold("recvonly", ANSWER))
    assert peer.ask("UPDATE", MOVED).status == 200


def test_a_refresh_of_ours_is_no_offer(world: World) -> None:
    session, callee = place(world)
    extra = [("Session-Expires", "600;refresher=uac")]
    callee.answer(extra=extra)
    world.events()
    update = one((m for _, m in world.run(300)), "UPDATE")
    ok = callee.invite(MOVED)
    assert ok.status == 200
    callee.reply(update, 200, extra=extra)
    callee.ack()
    assert world.event(MediaChanged).media == session.media


def test_an_update_while_our_200_waits_for_its_ack(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    peer.invite(OFFER)
    late = peer.ask("UPDATE", MOVED)
    assert late.status == 500
    assert 0 <= int(late.headers.get("Retry-After") or "-1") <= 10
    assert peer.ask("UPDATE").status == 200


def test_twilio_34_no_update_for_twilio(kind: str) -> None:
    world = World()
    _session, peer = up(world, kind)
    refusal = peer.ask("UPDATE", OFFER)
    assert refusal.status == 405
    assert "UPDATE" not in (refusal.headers.get("Allow") or "UPDATE")


# --- before the answer, as the called party ------------------------------------------------------


def early(world: World, caller: Caller, *, settled: bool) -> InviteSession:
    """Ringing with early media; `settled`: reliably, and the PRACK has come."""
    extra = [("Require", "100rel")] if settled else []
    session = incoming(world, caller, extra=extra)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    (provisional,) = world.sent()
    assert isinstance(provisional, Response)
    caller.hear([provisional])
    if settled:
        world.receive(prack(caller, provisional))
    world.events()
    return session


def update(caller: Caller, body: str | None = OFFER) -> str:
    caller.cseq += 1
    return caller.request("UPDATE", extra=[("Contact", caller.contact)], body=body)


def test_an_early_update_after_a_settled_answer(world: World, caller: Caller) -> None:
    session = early(world, caller, settled=True)
    number = caller.cseq
    (ok,) = world.receive(update(caller, MOVED))
    assert statuses([ok]) == [200]
    assert b"m=audio 10000" in ok.body
    assert world.event(MediaChanged).media.remote[1] == 12900
    session.answer(world.now)
    (answer,) = world.sent()
    assert answer.body == b""
    world.receive(caller.ack(cseq=number - 1))
    assert world.event(Answered).session is session
    assert session.media is not None
    assert session.media.remote[1] == 12900


@pytest.mark.parametrize("rings", ["plain", "early"])
def test_an_early_update_while_their_offer_is_open(
    rings: str, world: World, caller: Caller
) -> None:
    """RFC 3311 section 5.2: the offer of the INVITE has no certain answer yet."""
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    if rings == "early":
        session.progress(world.now)
    else:
        session.ring(world.now)
    caller.hear(world.sent())
    answer = world.receive(update(caller, MOVED))[-1]
    assert statuses([answer]) == [500]
    assert "Retry-After" in answer.headers
    assert session.media is not None
    assert session.media.remote[1] == 12692


def test_an_early_update_without_sdp(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.ring(world.now)
    caller.hear(world.sent())
    extra = [("Session-Expires", "90"), ("Supported", "timer")]
    caller.cseq += 1
    (ok,) = world.receive(caller.request("UPDATE", extra=extra))
    assert statuses([ok]) == [200]
    # RFC 4028: the timer of a session begins with the session.
    assert "Session-Expires" not in ok.headers
    world.run(100)
    assert session.state == "ringing"


# --- before the answer, as the caller ------------------------------------------------------------


def test_an_update_of_a_callee_with_early_media(world: World) -> None:
    call, callee = place(world)
    callee.reply(one(callee.say(183, ANSWER, [("Require", "100rel"), ("RSeq", "1")]), "PRACK"))
    world.events()
    ok = callee.ask("UPDATE", MOVED)
    assert ok.status == 200
    assert b"m=audio 10000" in ok.body
    assert world.event(MediaChanged).media.remote[1] == 12900
    # The 200 repeats the old answer, as many do, or none: what was agreed last holds.
    one(callee.answer(ANSWER), "ACK")
    assert call.media is not None
    assert call.media.remote[1] == 12900


def test_the_same_with_a_200_without_sdp(world: World) -> None:
    call, callee = place(world)
    callee.say(183, ANSWER)
    callee.ask("UPDATE", MOVED)
    one(callee.answer(""), "ACK")
    assert call.media is not None
    assert call.media.remote[1] == 12900


def test_an_update_of_a_callee_that_has_not_answered_our_offer(world: World) -> None:
    """RFC 3311 section 5.2: 491, our own offer is open."""
    _, callee = place(world)
    callee.say(180)
    assert callee.ask("UPDATE", MOVED).status == 491
    assert callee.ask("UPDATE").status == 200


def test_each_fork_updates_its_own_media(world: World) -> None:
    call, bob = place(world)
    carol = bob.fork("carol")
    bob.say(183, ANSWER)
    carol.say(180)
    assert carol.ask("UPDATE", MOVED).status == 491
    assert bob.ask("UPDATE", MOVED).status == 200
    one(carol.answer(ANSWER), "ACK")
    assert call.media is not None
    assert call.media.remote[1] == 12692


def test_a_reinvite_of_a_callee_that_has_not_answered(world: World) -> None:
    _, callee = place(world)
    callee.say(183, ANSWER)
    assert callee.invite(MOVED).status == 491


def test_numbers_go_on_from_the_early_dialog(world: World) -> None:
    """RFC 3261 section 12.2.2: the dialog is the same one after the answer."""
    _, callee = place(world)
    callee.say(183, ANSWER)
    callee.cseq = 500
    assert callee.ask("UPDATE").status == 200
    callee.answer()
    callee.cseq = 400
    assert callee.ask("OPTIONS").status == 500
    callee.cseq = 501
    assert callee.ask("OPTIONS").status == 200


def test_an_update_in_no_dialog(world: World) -> None:
    call, callee = place(world)
    assert callee.ask("UPDATE").status == 481
    callee.say(180)
    callee.them = callee.them.replace("tag=bob", "tag=eve")
    assert callee.ask("UPDATE").status == 481
    assert call.state == "calling"


def test_an_update_after_we_have_hung_up(world: World) -> None:
    call, callee = place(world)
    callee.say(183, ANSWER)
    call.hang_up(world.now)
    world.sent()
    assert callee.ask("UPDATE", MOVED).status == 481


def test_our_abilities_tell_of_it() -> None:
    """A caller learns from our provisional whether it may (RFC 3311 section 5.1)."""
    for profile, said in (("full", True), ("twilio", False)):
        world, caller = World(StackSettings(profile=profile)), Caller()
        incoming(world, caller).ring(world.now)
        (ringing,) = world.sent()
        assert ("UPDATE" in (ringing.headers.get("Allow") or "")) == said


def test_nothing_of_it_before_the_peer_says_that_it_can(world: World) -> None:
    _call, callee = place(world)
    callee.say(200, ANSWER, [("Session-Expires", "600;refresher=uac"), ("Allow", "INVITE")])
    assert [m.method for m in requests(m for _, m in world.run(300))] == ["INVITE"]
    assert "UPDATE" in ALLOW
