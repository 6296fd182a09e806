"""Calls that we place without an offer: the callee makes it, and we answer (RFC 3261 13.2.1)."""

from __future__ import annotations

import pytest

from gateway.sip import Account, Answered, EndCause, SessionEnded, StackSettings

from .harness import MEDIA, OFFER, World
from .peer import ANSWER, Callee, one, place, requests

TRUNK = Account(
    "trunk",
    "alice",
    "example.test",
    registrars=("sip:192.0.2.7",),
    register=False,
    late_offer=True,
)
RELIABLE = [("Require", "100rel"), ("RSeq", "7")]
ELSEWHERE = OFFER.replace("168.86.138.121", "168.86.138.9")
NO_CODEC = OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 18")


@pytest.fixture
def world() -> World:
    return World(StackSettings(profile="full", accounts=(TRUNK,)))


def test_the_invite_says_nothing_of_media(world: World) -> None:
    call, callee = place(world, "600", "trunk")
    assert callee.request.body == b""
    assert "Content-Type" not in callee.request.headers
    assert callee.request.headers.get("Supported") == "100rel, timer, replaces"
    assert call.media is None


def test_the_ack_answers_the_offer_of_the_2xx(world: World) -> None:
    call, callee = place(world, "600", "trunk")
    ack = one(callee.answer(OFFER), "ACK")
    assert ack.headers.get("Content-Type") == "application/sdp"
    assert f"m=audio {MEDIA.port} RTP/AVP 0 101\r\n".encode() in ack.body
    assert world.event(Answered).session is call
    assert call.media is not None
    assert call.media.remote[0] == "168.86.138.121"
    # The 2xx comes again, and so does the ACK, word for word.
    again = one(callee.answer(OFFER), "ACK")
    assert bytes(again) == bytes(ack)
    assert world.events() == []


@pytest.mark.parametrize(
    ("direction", "answered"),
    [("sendonly", "recvonly"), ("inactive", "inactive"), ("recvonly", "sendonly")],
)
def test_the_answer_mirrors_the_direction(direction: str, answered: str, world: World) -> None:
    _, callee = place(world, "600", "trunk")
    ack = one(callee.answer(OFFER.replace("sendrecv", direction)), "ACK")
    assert f"a={answered}\r\n".encode() in ack.body


def test_a_later_offer_of_ours_goes_on_from_the_answer(world: World) -> None:
    call, callee = place(world, "600", "trunk")
    ack = one(callee.answer(OFFER), "ACK")
    call.hold(world.now)
    invite = one(world.sent(), "INVITE")
    origins = [line for body in (ack.body, invite.body) for line in body.split(b"\r\n")[1:2]]
    words = [line.split() for line in origins]
    assert words[0][1] == words[1][1]
    assert int(words[1][2]) == int(words[0][2]) + 1


@pytest.mark.parametrize(
    ("offer", "media_line"),
    [(NO_CODEC, b"m=audio 0 RTP/AVP 18\r\n"), ("v=1\n", b""), ("", b"")],
    ids=["no codec", "unreadable", "none"],
)
def test_an_offer_that_cannot_be_used(offer: str, media_line: bytes, world: World) -> None:
    """RFC 3261 section 13.2.2.4: a valid answer in the ACK where there can be one, then BYE."""
    call, callee = place(world, "600", "trunk")
    ack, bye = requests(callee.answer(offer))
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert media_line in ack.body
    assert bool(media_line) == bool(ack.body)
    ended = world.event(SessionEnded)
    assert (ended.session, ended.cause) == (call, EndCause.NEGOTIATION)


def test_a_challenge_changes_nothing_of_it() -> None:
    account = Account(
        "trunk",
        "alice",
        "example.test",
        password="secret",
        registrars=("sip:192.0.2.7",),
        register=False,
        late_offer=True,
    )
    world = World(StackSettings(accounts=(account,)))
    _, callee = place(world, "600", "trunk")
    asks = [("Proxy-Authenticate", 'Digest realm="r", nonce="n"')]
    sent = callee.say(407, extra=asks)
    callee.request = one(sent, "INVITE")
    assert callee.request.body == b""
    assert one(callee.answer(OFFER), "ACK").body


def test_the_prack_answers_the_offer_of_a_reliable_provisional(world: World) -> None:
    """RFC 3262 section 5; what the 200 repeats of it means nothing any more."""
    call, callee = place(world, "600", "trunk")
    prack = one(callee.say(183, OFFER, RELIABLE), "PRACK")
    assert prack.headers.get("Content-Type") == "application/sdp"
    assert b"RTP/AVP 0 101\r\n" in prack.body
    assert call.media is not None
    callee.reply(prack)
    ack = one(callee.answer(ELSEWHERE), "ACK")
    assert ack.body == b""
    assert call.media.remote[0] == "168.86.138.121"
    assert call.state == "confirmed"


def test_the_200_after_an_answered_provisional_needs_no_sdp(world: World) -> None:
    call, callee = place(world, "600", "trunk")
    callee.reply(one(callee.say(183, OFFER, RELIABLE), "PRACK"))
    assert one(callee.answer(""), "ACK").body == b""
    assert call.state == "confirmed"


@pytest.mark.parametrize("provisional", [(180, "", RELIABLE), (183, ELSEWHERE, ())])
def test_what_is_no_offer_is_not_answered(
    provisional: tuple[int, str, list[tuple[str, str]]], world: World
) -> None:
    """Only a reliable answer can carry one; the offer is still to come with the 200."""
    call, callee = place(world, "600", "trunk")
    for prack in requests(callee.say(*provisional), "PRACK"):
        assert prack.body == b""
        callee.reply(prack)
    assert call.media is None
    assert one(callee.answer(OFFER), "ACK").body
    assert call.media is not None
    assert call.media.remote[0] == "168.86.138.121"


def test_each_fork_has_its_own_offer(world: World) -> None:
    call, bob = place(world, "600", "trunk")
    carol: Callee = bob.fork("carol")
    for phone, offer in ((bob, OFFER), (carol, ELSEWHERE)):
        prack = one(phone.say(183, offer, RELIABLE), "PRACK")
        assert prack.body
        phone.reply(prack)
    assert one(bob.answer(""), "ACK").body == b""
    assert call.media is not None
    assert call.media.remote[0] == "168.86.138.121"


def test_the_second_phone_that_answers_is_refused_in_its_ack(world: World) -> None:
    """RFC 3261 section 13.2.2.4: its offer has an answer, too, before the BYE."""
    call, bob = place(world, "600", "trunk")
    assert one(bob.answer(OFFER), "ACK").body
    ack, bye = requests(bob.fork("carol").answer(ELSEWHERE))
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert b"m=audio 0 RTP/AVP 0 8 101\r\n" in ack.body
    assert call.state == "confirmed"
    assert call.media is not None
    assert call.media.remote[0] == "168.86.138.121"


def test_an_answer_that_crosses_our_cancel(world: World) -> None:
    call, callee = place(world, "600", "trunk")
    callee.say(180)
    call.hang_up(world.now)
    world.sent()
    ack, bye = requests(callee.answer(OFFER))
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert ack.body
    assert ANSWER.splitlines()[0].encode() in ack.body
