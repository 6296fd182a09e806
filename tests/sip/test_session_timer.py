"""Session timers (RFC 4028): who refreshes, when, how, and what happens when nobody does."""

from __future__ import annotations

import pytest

from gateway.sip import (
    EndCause,
    Request,
    Response,
    Session,
    SessionEnded,
    StackSettings,
)

from .harness import MEDIA, OFFER, Caller, World, incoming, statuses
from .peer import ALLOW, ANSWER, Callee, Headers, Peer, hold, one, place, requests, taken

FULL = StackSettings(profile="full", session_expires_s=1800)
KNOWS = ("Supported", "timer")


@pytest.fixture
def world() -> World:
    return World(FULL)


def expires(value: str) -> tuple[str, str]:
    return ("Session-Expires", value)


def expire(message: Request | Response) -> str | None:
    return message.headers.get("Session-Expires")


def called(world: World, *extra: tuple[str, str]) -> tuple[Session, Peer, Response]:
    """A call to us, up; and our 200."""
    caller = Caller()
    session = incoming(world, caller, extra=extra)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    assert isinstance(ok, Response)
    caller.hear([ok])
    world.receive(caller.ack())
    world.events()
    us = f"<sip:{caller.user}@{caller.host}>;tag={caller.to_tag}"
    them = f"<sip:+10987654321@example.pstn.twilio.com:5060>;tag={caller.from_tag}"
    return session, Peer(world, caller.call_id, us, them, caller.cseq), ok


def calling(world: World, *extra: tuple[str, str], allow: str = ALLOW) -> tuple[Session, Callee]:
    """A call of ours, up."""
    call, callee = place(world)
    one(callee.say(200, ANSWER, [("Allow", allow), *extra]), "ACK")
    world.events()
    return call, callee


def next_request(world: World, seconds: float) -> tuple[float, Request]:
    """The first request of ours within that time, and when."""
    found = [(at, m) for at, m in world.run(seconds) if isinstance(m, Request)]
    return found[0]


# --- as the caller -----------------------------------------------------------------------------


def test_our_invite_asks(world: World) -> None:
    _, callee = place(world)
    assert expire(callee.request) == "1800"
    assert callee.request.headers.get("Min-SE") == "90"
    assert "timer" in (callee.request.headers.get("Supported") or "")


@pytest.mark.parametrize(
    ("granted", "refreshes", "asks"),
    [
        ("1800;refresher=uac", 900.0, 1800),
        ("600;refresher=uac", 300.0, 600),
        ("600", 300.0, 600),
        ("7200", 3600.0, 7200),
        ("90;refresher=uac", 45.0, 90),
        ("601;refresher=UAC;x=y", 300.5, 601),
        # Less than the least there is (section 4): a refresh without a pause is nobody's wish.
        ("0;refresher=uac", 45.0, 90),
        ("1", 45.0, 90),
    ],
)
def test_we_refresh_at_half_the_time(
    granted: str, refreshes: float, asks: int, world: World
) -> None:
    """And ask for the interval that holds (section 7.4), not for our first wish again."""
    session, callee = calling(world, expires(granted))
    at, update = next_request(world, refreshes)
    assert (at, update.method, update.body) == (refreshes, "UPDATE", b"")
    assert expire(update) == f"{asks};refresher=uac"
    assert update.headers.get("Contact") is not None
    callee.reply(update, 200, extra=[expires("200;refresher=uac")])
    at, again = next_request(world, 100)
    assert expire(again) == "200;refresher=uac"
    assert again.cseq.number == update.cseq.number + 1
    assert session.state == "confirmed"


def test_a_refresh_that_nobody_answers_ends_the_call(world: World) -> None:
    _session, _ = calling(world, expires("600;refresher=uac"))
    sent = [(at, m) for at, m in world.run(400) if isinstance(m, Request)]
    assert {m.method for _, m in sent} == {"UPDATE", "BYE"}
    bye = next(at for at, m in sent if m.method == "BYE")
    assert bye == 332.0  # 64*T1 after the refresh: no answer at all (section 10)
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE


def test_a_refresh_that_is_refused_lets_the_session_expire(world: World) -> None:
    _session, callee = calling(world, expires("600;refresher=uac"))
    _, update = next_request(world, 301)
    callee.reply(update, 500)
    at, bye = next_request(world, 600)
    # Section 10: 32 s before the end.
    assert (at, bye.method) == (600 - 32 - 301, "BYE")
    assert world.event(SessionEnded).cause is EndCause.SESSION_TIMER


@pytest.mark.parametrize(
    ("granted", "at"),
    [("600;refresher=uas", 568.0), ("90;refresher=uas", 60.0), ("1800;refresher=uas", 1768.0)],
)
def test_a_peer_that_does_not_refresh(granted: str, at: float, world: World) -> None:
    """Section 10: BYE the lesser of 32 s and a third of the time before the end."""
    session, _ = calling(world, expires(granted))
    when, bye = next_request(world, 2000)
    assert (when, bye.method) == (at, "BYE")
    assert bye.headers.get("Reason") == 'Q.850;cause=102;text="session-timer"'
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.session) == (EndCause.SESSION_TIMER, session)


@pytest.mark.parametrize("extra", [(), (expires("x"),), (expires("600;"),)])
def test_a_2xx_without_it_turns_the_timer_off(extra: Headers, world: World) -> None:
    session, _ = calling(world, *extra)
    assert world.run(100_000) == []
    assert session.state == "confirmed"


def test_a_peer_without_update_is_refreshed_by_invite(world: World) -> None:
    session, callee = calling(world, expires("600;refresher=uac"), allow="INVITE, ACK, BYE")
    _, invite = next_request(world, 300)
    assert (invite.method, invite.body) == ("INVITE", callee.request.body)
    one(callee.reply(invite, 200, ANSWER, [expires("600;refresher=uac")]), "ACK")
    assert world.events() == []
    assert session.state == "confirmed"


def test_an_allow_that_promised_too_much(world: World) -> None:
    _session, callee = calling(world, expires("600;refresher=uac"))
    _, update = next_request(world, 300)
    invite = one(callee.reply(update, 405), "INVITE")
    assert invite.body == callee.request.body
    one(callee.reply(invite, 200, ANSWER, [expires("600;refresher=uac")]), "ACK")
    _, again = next_request(world, 300)
    assert again.method == "INVITE"


def test_a_refresh_after_a_refused_hold_says_what_holds(world: World) -> None:
    """Not what was refused: nobody wants to be put on hold by a refresh."""
    session, callee = calling(world, expires("600;refresher=uac"), allow="INVITE, ACK, BYE")
    session.hold(world.now)
    callee.reply(one(world.sent(), "INVITE"), 488)
    _, invite = next_request(world, 300)
    assert invite.body == callee.request.body


def test_a_refresh_that_is_answered_without_sdp_has_done_its_work(world: World) -> None:
    session, callee = calling(world, expires("600;refresher=uac"), allow="INVITE, ACK, BYE")
    _, invite = next_request(world, 300)
    assert [m.method for m in requests(callee.reply(invite, 200))] == ["ACK"]
    assert session.state == "confirmed"


def test_a_hold_is_a_refresh_too(world: World) -> None:
    session, callee = calling(world, expires("600;refresher=uac"))
    world.run(200)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    assert expire(invite) == "600;refresher=uac"
    callee.reply(invite, 200, hold("recvonly", ANSWER), [expires("400;refresher=uac")])
    at, _ = next_request(world, 400)
    assert at == 200.0


def test_the_role_may_change_with_each_2xx(world: World) -> None:
    _session, callee = calling(world, expires("600;refresher=uac"))
    _, update = next_request(world, 300)
    callee.reply(update, 200, extra=[expires("600;refresher=uas")])
    at, bye = next_request(world, 600)
    assert (at, bye.method) == (568.0, "BYE")


def test_422_to_our_invite_asks_for_more(world: World) -> None:
    world.stack.settings = StackSettings(profile="full", session_expires_s=100)
    call, callee = place(world)
    again = one(callee.say(422, extra=[("Min-SE", "3600")]), "INVITE")
    assert (expire(again), again.headers.get("Min-SE")) == ("3600", "3600")
    assert again.cseq.number == callee.request.cseq.number + 1
    assert again.call_id == callee.request.call_id
    assert again.to.tag == ""
    assert call.state == "calling"
    assert world.events() == []


@pytest.mark.parametrize("least", ["90", "x", "", "1"])
def test_422_that_makes_no_sense(least: str, world: World) -> None:
    _call, callee = place(world)
    callee.say(422, extra=[("Min-SE", least)])
    assert world.event(SessionEnded).status == 422


def test_422_without_an_end(world: World) -> None:
    call, callee = place(world)
    for number in range(1000, 1100):
        sent = requests(callee.say(422, extra=[("Min-SE", str(number))]), "INVITE")
        if not sent:
            break
        callee.request = sent[0]
    assert number == 1005
    assert call.state == "over"


def test_422_to_a_refresh(world: World) -> None:
    _session, callee = calling(world, expires("600;refresher=uac"))
    _, update = next_request(world, 300)
    again = one(callee.reply(update, 422, extra=[("Min-SE", "7200")]), "UPDATE")
    assert expire(again) == "7200;refresher=uac"
    callee.reply(again, 200, extra=[expires("7200;refresher=uac")])
    assert next_request(world, 4000)[0] == 3600.0


def test_a_refresh_that_meets_glare_is_tried_again(world: World) -> None:
    _session, callee = calling(world, expires("600;refresher=uac"))
    _, update = next_request(world, 300)
    callee.reply(update, 491)
    at, again = next_request(world, 4)
    assert (again.method, 2.1 <= at <= 4) == ("UPDATE", True)


# --- as the called party -----------------------------------------------------------------------

ASKED = [
    # supported, Session-Expires -> our answer, Require, who refreshes
    ([KNOWS], "1800;refresher=uac", "1800;refresher=uac", "timer", "peer"),
    ([KNOWS], "1800;refresher=uas", "1800;refresher=uas", None, "us"),
    ([KNOWS], "1800", "1800;refresher=uac", "timer", "peer"),
    ([("Require", "timer")], "1800", "1800;refresher=uac", "timer", "peer"),
    # Table 2: a proxy asks for a caller that knows nothing of it: we do it all.
    ([], "1800", "1800;refresher=uas", None, "us"),
    ([], "1800;refresher=uac", "1800;refresher=uas", None, "us"),
    ([], "5", "90;refresher=uas", None, "us"),
    ([KNOWS], None, None, None, ""),
    ([KNOWS], "x", None, None, ""),
]


@pytest.mark.parametrize(("tags", "asked", "answered", "require", "refresher"), ASKED)
def test_what_we_answer(
    tags: list[tuple[str, str]],
    asked: str | None,
    answered: str | None,
    require: str | None,
    refresher: str,
    world: World,
) -> None:
    _session, _, ok = called(world, *tags, *([expires(asked)] if asked else []))
    assert (expire(ok), ok.headers.get("Require")) == (answered, require)
    seconds = int((answered or "0").partition(";")[0])
    if refresher == "us":
        at, update = next_request(world, seconds)
        assert at == seconds / 2
        assert update.method in {"INVITE", "UPDATE"}
    elif refresher == "peer":
        at, bye = next_request(world, seconds)
        assert (at, bye.method) == (seconds - 32.0, "BYE")
        assert world.event(SessionEnded).cause is EndCause.SESSION_TIMER
    else:
        assert world.run(100_000) == []


@pytest.mark.parametrize("again", ["INVITE", "UPDATE"])
def test_their_refresh_keeps_the_call(again: str, world: World) -> None:
    _session, peer, _ = called(world, KNOWS, expires("600;refresher=uac"))
    for _ in range(5):
        world.run(300)
        extra = [KNOWS, expires("600;refresher=uac")]
        if again == "INVITE":
            ok = peer.invite(OFFER, extra)
            peer.ack()
        else:
            ok = peer.ask("UPDATE", extra=extra)
        assert (ok.status, expire(ok)) == (200, "600;refresher=uac")
        assert ok.headers.get("Require") == "timer"
    at, bye = next_request(world, 600)
    assert (at, bye.method) == (568.0, "BYE")


def test_their_refresh_may_make_it_our_turn(world: World) -> None:
    _session, peer, _ = called(world, KNOWS, expires("600;refresher=uac"))
    peer.ask("UPDATE", extra=[KNOWS, expires("400;refresher=uas"), ("Allow", ALLOW)])
    at, update = next_request(world, 300)
    assert (at, update.method) == (200.0, "UPDATE")
    # In our request it is us who are the client.
    assert expire(update) == "400;refresher=uac"


@pytest.mark.parametrize(("theirs", "ours"), [("120", "120"), ("30", "90"), ("x", "90")])
def test_the_least_of_their_requests_is_kept_to(theirs: str, ours: str, world: World) -> None:
    """Section 7.1: a proxy that put Min-SE into the INVITE would refuse a refresh below it."""
    timer = [KNOWS, expires("400;refresher=uas"), ("Min-SE", theirs)]
    called(world, *timer, ("Allow", ALLOW))
    _, update = next_request(world, 300)
    assert (expire(update), update.headers.get("Min-SE")) == ("400;refresher=uac", ours)


def test_their_reinvite_without_it_turns_the_timer_off(world: World) -> None:
    _session, peer, _ = called(world, KNOWS, expires("600;refresher=uac"))
    peer.invite(hold())
    peer.ack()
    assert world.run(100_000) == []


@pytest.mark.parametrize("seconds", ["1", "30", "89"])
def test_too_small_for_us(seconds: str, world: World, caller: Caller) -> None:
    answers = world.receive(caller.invite(extra=[KNOWS, expires(seconds)]))
    assert statuses(answers) == [100, 422]
    assert answers[-1].headers.get("Min-SE") == "90"
    assert world.events() == []
    world.receive(caller.ack_refusal())
    assert world.stack.counters["dialogs"] == 0
    # The same call again, with more.
    caller.cseq += 1
    assert statuses(world.receive(caller.invite(extra=[KNOWS, expires("90")]))) == [100]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_refresh_too_small_for_us_keeps_the_call(method: str, world: World) -> None:
    session, peer, _ = called(world, KNOWS, expires("600;refresher=uac"))
    extra = [KNOWS, expires("20")]
    refusal = peer.invite(OFFER, extra) if method == "INVITE" else peer.ask("UPDATE", extra=extra)
    assert (refusal.status, refusal.headers.get("Min-SE")) == (422, "90")
    assert session.state == "confirmed"
    at, _ = next_request(world, 600)
    assert at == 568.0  # as before


def test_the_owner_may_want_more(caller: Caller) -> None:
    world = World(StackSettings(profile="full", min_se_s=600))
    refusal = world.receive(caller.invite(extra=[KNOWS, expires("300")]))[-1]
    assert refusal.headers.get("Min-SE") == "600"


def test_nothing_runs_on_after_the_end(world: World) -> None:
    _session, peer, _ = called(world, KNOWS, expires("600;refresher=uac"))
    peer.ask("BYE")
    world.run(40)
    assert world.stack.next_deadline() is None


# --- Twilio ------------------------------------------------------------------------------------


def test_twilio_27_nothing_is_said_and_no_call_is_cut() -> None:
    world = World()
    _, callee = place(world)
    for name in ("Session-Expires", "Min-SE", "Supported", "Require"):
        assert name not in callee.request.headers
    callee.answer(extra=[expires("90;refresher=uac"), ("Require", "timer")])
    session, peer = taken(world)
    for _ in range(3):
        ok = peer.invite(OFFER, [KNOWS, expires("90;refresher=uac"), ("Min-SE", "30")])
        assert ok.status == 200
        for name in ("Session-Expires", "Min-SE", "Supported", "Require"):
            assert name not in ok.headers
        peer.ack()
    assert world.run(86_400) == []
    assert session.state == "confirmed"


def test_twilio_27_a_422_is_a_refusal_like_others() -> None:
    world = World()
    _, callee = place(world)
    assert requests(callee.say(422, extra=[("Min-SE", "3600")]), "INVITE") == []
    assert world.event(SessionEnded).status == 422
