"""REFER both ways (RFC 3515, 3892, 4488, 5589): what is asked, told, and what ends."""

from __future__ import annotations

import pytest

from gateway.errors import LocalProtocolError
from gateway.sip import (
    EndCause,
    Referral,
    Request,
    Response,
    Session,
    SessionEnded,
    TransferProgress,
    TransferRequested,
)

from .harness import Caller, World, incoming, statuses
from .peer import FULL, KINDS, Peer, one, outgoing, requests, up

TARGET = [("Refer-To", "<sip:carol@192.0.2.50>")]
ESCAPED = "a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2"


@pytest.fixture
def world() -> World:
    return World(FULL)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- theirs ------------------------------------------------------------------------------------


def asked(
    world: World, kind: str, extra: list[tuple[str, str]] = TARGET
) -> tuple[Session, Peer, Referral]:
    """A call whose peer has sent REFER."""
    session, peer = up(world, kind)
    assert peer.send("REFER", extra=extra) == []
    event = world.event(TransferRequested)
    assert event.session is session
    return session, peer, event.transfer


def notify(message: Request) -> tuple[str, str, str]:
    """Event, state without its seconds, and the status line of a NOTIFY."""
    state = message.headers.get("Subscription-State") or ""
    return (
        message.headers.get("Event") or "",
        state.partition(";expires")[0],
        message.body.decode().strip(),
    )


def test_a_transfer_from_beginning_to_end(kind: str, world: World) -> None:
    _, peer, transfer = asked(world, kind, [*TARGET, ("Referred-By", "<sip:bob@x>;cid=1")])
    assert (transfer.target, transfer.replaces) == ("sip:carol@192.0.2.50", "")
    assert transfer.referred_by == "<sip:bob@x>;cid=1"
    transfer.accept(world.now)
    accepted, first = world.sent()
    assert isinstance(accepted, Response)
    assert (accepted.status, accepted.reason) == (202, "Accepted")
    assert accepted.headers.get("Contact") is not None
    assert isinstance(first, Request)
    assert first.method == "NOTIFY"
    assert first.headers.get("Content-Type") == "message/sipfrag;version=2.0"
    assert first.headers.get("Contact") is not None
    assert notify(first) == ("refer", "active", "SIP/2.0 100 Trying")
    peer.reply(first)
    transfer.progress(180, "Ringing", world.now)
    (second,) = requests(world.sent())
    assert notify(second) == ("refer", "active", "SIP/2.0 180 Ringing")
    peer.reply(second)
    transfer.progress(200, "OK", world.now)
    (last,) = requests(world.sent())
    assert notify(last) == ("refer", "terminated;reason=noresource", "SIP/2.0 200 OK")
    assert not transfer.open
    peer.reply(last)
    transfer.progress(486, "", world.now)
    assert world.sent() == []
    # Who was transferred hangs up: the other end's BYE, or ours.
    assert peer.ask("BYE").status == 200
    assert world.event(SessionEnded).cause is EndCause.REMOTE_BYE


def test_the_seconds_left_are_told(world: World) -> None:
    _, peer, transfer = asked(world, "incoming")
    transfer.accept(world.now)
    first = requests(world.sent())[0]
    assert first.headers.get("Subscription-State") == "active;expires=180"
    peer.reply(first)
    world.run(30)
    transfer.progress(180, "", world.now)
    assert requests(world.sent())[0].headers.get("Subscription-State") == "active;expires=150"


def test_one_notify_at_a_time(kind: str, world: World) -> None:
    """Two on the way may overtake each other, and the late one would be refused."""
    _, peer, transfer = asked(world, kind)
    transfer.accept(world.now)
    transfer.progress(180, "Ringing", world.now)
    transfer.progress(603, "Decline", world.now)
    first = one(world.sent(), "NOTIFY")
    second = one(peer.reply(first), "NOTIFY")
    third = one(peer.reply(second), "NOTIFY")
    assert [notify(m)[2][8:11] for m in (first, second, third)] == ["100", "180", "603"]
    assert notify(third)[1] == "terminated;reason=noresource"
    numbers = [m.cseq.number for m in (first, second, third)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("answer", [481, 0])
def test_a_peer_that_wants_no_news_gets_no_more(answer: int, kind: str, world: World) -> None:
    session, peer, transfer = asked(world, kind)
    transfer.accept(world.now)
    first = one(world.sent(), "NOTIFY")
    if answer:
        peer.reply(first, answer)
    else:
        world.run(33)
    transfer.progress(200, "OK", world.now)
    assert world.sent() == []
    assert session.state == "confirmed"


def test_the_outcome_is_told_after_the_end_of_the_call(kind: str, world: World) -> None:
    """RFC 5589 section 6: who refers may hang up at once, and still wants to know."""
    session, peer, transfer = asked(world, kind)
    transfer.accept(world.now)
    peer.reply(one(world.sent(), "NOTIFY"))
    peer.ask("BYE")
    assert session.state == "over"
    transfer.progress(200, "OK", world.now)
    last = one(world.sent(), "NOTIFY")
    assert notify(last)[1] == "terminated;reason=noresource"
    peer.reply(last)
    world.run(40)
    assert world.stack.next_deadline() is None


def test_the_owner_may_refuse(kind: str, world: World) -> None:
    session, peer, transfer = asked(world, kind)
    transfer.reject(603, world.now)
    transfer.reject(603, world.now)
    transfer.accept(world.now)
    (refusal,) = world.sent()
    assert isinstance(refusal, Response)
    assert refusal.status == 603
    transfer.progress(200, "OK", world.now)
    assert world.sent() == []
    assert session.state == "confirmed"
    assert peer.ask("OPTIONS").status == 200


def test_our_own_mistakes_are_named(world: World) -> None:
    _, _, transfer = asked(world, "incoming")
    with pytest.raises(LocalProtocolError):
        transfer.reject(200, world.now)
    with pytest.raises(LocalProtocolError):
        transfer.progress(180, "", world.now)


@pytest.mark.parametrize("ending", ["ours", "theirs"])
def test_a_refer_that_nobody_answered_does_not_stay(ending: str, kind: str, world: World) -> None:
    session, peer, transfer = asked(world, kind)
    if ending == "theirs":
        answers = peer.send("BYE")
    else:
        session.hang_up(world.now)
        answers = peer.reply(one(world.sent(), "BYE"))
    # RFC 3261 section 15.1.2: what is open is answered with 487.
    assert statuses(answers)[-1] == 487
    transfer.accept(world.now)
    transfer.progress(200, "OK", world.now)
    world.sent()
    world.run(40)
    assert world.stack.next_deadline() is None
    assert world.stack.counters["transactions"] == 0


TARGETS = [
    ("<sip:carol@192.0.2.50;method=INVITE>", "sip:carol@192.0.2.50", ""),
    ("sip:carol@192.0.2.50", "sip:carol@192.0.2.50", ""),
    (
        f"<sip:carol@192.0.2.50?Replaces={ESCAPED}&Subject=x>",
        "sip:carol@192.0.2.50",
        "a@b;to-tag=1;from-tag=2",
    ),
    (
        f'"Carol" <sips:carol@192.0.2.50;transport=tcp?replaces={ESCAPED}%3Bearly-only>',
        "sips:carol@192.0.2.50;transport=tcp",
        "a@b;to-tag=1;from-tag=2;early-only",
    ),
]


@pytest.mark.parametrize(("refer_to", "target", "replaces"), TARGETS)
def test_whom_to_call(refer_to: str, target: str, replaces: str, world: World) -> None:
    _, _, transfer = asked(world, "incoming", [("Refer-To", refer_to)])
    assert (transfer.target, transfer.replaces) == (target, replaces)


BAD = [
    ([], 400),
    ([("Refer-To", "")], 400),
    ([("Refer-To", "nonsense <")], 400),
    ([*TARGET, *TARGET], 400),
    ([("Refer-To", "<sip:>")], 400),
    ([("Refer-To", "<tel:+15551234567>")], 416),
    ([("Refer-To", "<http://example.com/>")], 416),
    ([("Refer-To", "<sip:carol@192.0.2.50;method=SUBSCRIBE>")], 405),
    ([("Refer-To", "<sip:carol@192.0.2.50?Replaces=x>")], 400),
    ([("Refer-To", f"<sip:c@h?Replaces={ESCAPED}&Replaces={ESCAPED}>")], 400),
]


@pytest.mark.parametrize(("extra", "status"), BAD)
def test_what_cannot_be_called(
    extra: list[tuple[str, str]], status: int, kind: str, world: World
) -> None:
    session, peer = up(world, kind)
    assert peer.ask("REFER", extra=extra).status == status
    assert world.events() == []
    assert session.state == "confirmed"


def test_a_second_refer_has_an_id(kind: str, world: World) -> None:
    """RFC 3515 section 2.4.6."""
    _, peer, first = asked(world, kind)
    first.accept(world.now)
    peer.reply(one(world.sent(), "NOTIFY"))
    peer.send("REFER", extra=TARGET)
    number = peer.cseq
    second = world.event(TransferRequested).transfer
    second.accept(world.now)
    assert notify(one(world.sent(), "NOTIFY"))[0] == f"refer;id={number}"
    first.progress(404, "", world.now)
    assert notify(one(world.sent(), "NOTIFY")) == (
        "refer",
        "terminated;reason=noresource",
        "SIP/2.0 404 Not Found",
    )


@pytest.mark.parametrize("value", ["false", "FALSE", " false "])
def test_a_peer_that_wants_no_subscription(value: str, kind: str, world: World) -> None:
    """RFC 4488."""
    _, _, transfer = asked(world, kind, [*TARGET, ("Refer-Sub", value)])
    transfer.accept(world.now)
    (accepted,) = world.sent()
    assert accepted.headers.get("Refer-Sub") == "false"
    transfer.progress(200, "OK", world.now)
    assert world.sent() == []


def test_a_refer_before_the_answer(world: World, caller: Caller) -> None:
    incoming(world, caller).ring(world.now)
    caller.hear(world.sent())
    caller.cseq += 1
    (refusal,) = world.receive(caller.request("REFER", extra=TARGET))
    assert isinstance(refusal, Response)
    assert refusal.status == 500


def test_a_refer_outside_of_calls(world: World) -> None:
    (refusal,) = world.receive(Caller("lone").request("REFER", extra=TARGET))
    assert isinstance(refusal, Response)
    assert refusal.status == 481


def test_a_refer_after_the_end(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hang_up(world.now)
    world.sent()
    world.events()
    assert peer.ask("REFER", extra=TARGET).status == 481
    assert world.events() == []


def test_twilio_38_no_transfers_for_twilio(kind: str) -> None:
    world = World()
    session, peer = up(world, kind)
    refusal = peer.ask("REFER", extra=TARGET)
    assert refusal.status == 405
    assert "REFER" not in (refusal.headers.get("Allow") or "REFER")
    assert session.state == "confirmed"
    assert world.stack.counters["dialogs"] == 1


# --- ours --------------------------------------------------------------------------------------


def sent(world: World, kind: str) -> tuple[Session, Peer, Request]:
    """A call in which we have sent REFER."""
    session, peer = up(world, kind)
    session.transfer("sip:carol@192.0.2.50", world.now)
    return session, peer, one(world.sent(), "REFER")


def news(
    peer: Peer,
    status: int,
    state: str = "active;expires=60",
    event: str = "refer",
    body: str | None = None,
) -> Response:
    """A NOTIFY of the peer; its answer."""
    return peer.ask(
        "NOTIFY",
        f"SIP/2.0 {status} Because\n" if body is None else body,
        [
            ("Event", event),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ],
    )


@pytest.mark.parametrize("profile", ["full", "twilio"])
def test_twilio_38_our_own_transfer(profile: str, kind: str) -> None:
    """With Twilio, too, where the owner has set up a referUrl."""
    world = World(FULL) if profile == "full" else World()
    session, peer, refer = sent(world, kind)
    assert refer.headers.get("Refer-To") == "<sip:carol@192.0.2.50>"
    ours = refer.from_.uri
    assert refer.headers.get("Referred-By") == f"<{ours}>"
    assert refer.headers.get("Contact") is not None
    peer.reply(refer, 202)
    assert news(peer, 100).status == 200
    assert news(peer, 180).status == 200
    assert news(peer, 200, "terminated;reason=noresource").status == 200
    told = [e for e in world.events() if isinstance(e, TransferProgress)]
    assert [(e.status, e.done) for e in told] == [(100, False), (180, False), (200, True)]
    ((at, bye),) = world.run(0.9)
    assert isinstance(bye, Request)
    assert (at <= 1.0, bye.method) == (True, "BYE")
    assert world.event(SessionEnded).cause is EndCause.TRANSFERRED
    peer.reply(bye)
    assert session.state == "over"


def test_the_peer_may_hang_up_first(kind: str, world: World) -> None:
    _, peer, refer = sent(world, kind)
    peer.reply(refer, 202)
    news(peer, 200, "terminated;reason=noresource")
    assert peer.ask("BYE").status == 200
    assert world.run(10) == []
    causes = [e.cause for e in world.events() if isinstance(e, SessionEnded)]
    assert causes == [EndCause.REMOTE_BYE]


@pytest.mark.parametrize("status", [404, 486, 487, 503, 603])
def test_a_transfer_that_fails_keeps_the_call(status: int, kind: str, world: World) -> None:
    session, peer, refer = sent(world, kind)
    peer.reply(refer, 202)
    news(peer, status, "terminated;reason=noresource")
    progress = world.event(TransferProgress)
    assert (progress.status, progress.done) == (status, True)
    assert world.run(200) == []
    assert session.state == "confirmed"
    session.transfer("sip:dave@192.0.2.51", world.now)
    one(world.sent(), "REFER")


@pytest.mark.parametrize("status", [403, 405, 481, 500, 603])
def test_a_refer_that_is_refused_keeps_the_call(status: int, kind: str, world: World) -> None:
    session, peer, refer = sent(world, kind)
    peer.reply(refer, status)
    progress = world.event(TransferProgress)
    assert (progress.status, progress.done) == (status, True)
    assert session.state == "confirmed"
    assert news(peer, 100).status == 481


def test_a_refer_that_nobody_answers(kind: str, world: World) -> None:
    session, _, _ = sent(world, kind)
    world.run(33)
    progress = world.event(TransferProgress)
    assert (progress.status, progress.done) == (408, True)
    assert session.state == "confirmed"


def test_a_transfer_that_is_never_heard_of_again(kind: str, world: World) -> None:
    session, peer, refer = sent(world, kind)
    peer.reply(refer, 202)
    news(peer, 100)
    world.events()
    world.run(181)
    progress = world.event(TransferProgress)
    assert (progress.status, progress.done) == (408, True)
    assert session.state == "confirmed"
    assert news(peer, 200, "terminated").status == 481


@pytest.mark.parametrize("profile", ["full", "twilio"])
def test_news_may_come_before_the_202(profile: str, kind: str) -> None:
    """They are two transactions, and the network keeps no order (RFC 6665 section 4.1.2.4)."""
    world = World(FULL) if profile == "full" else World()
    _, peer, refer = sent(world, kind)
    assert news(peer, 100).status == 200
    assert news(peer, 200, "terminated;reason=noresource").status == 200
    peer.reply(refer, 202)
    told = [e for e in world.events() if isinstance(e, TransferProgress)]
    assert [(e.status, e.done) for e in told] == [(100, False), (200, True)]
    sent_later = requests(m for _, m in world.run(0.9))
    assert [m.method for m in sent_later] == ["BYE"]
    world.run(300)
    assert [e for e in world.events() if isinstance(e, TransferProgress)] == []


NEWS = [
    # state, event, body -> answer, told
    ("active", "refer;id=7", None, 200, (200, True)),
    ("terminated", "refer", "", 200, (100, True)),
    ("terminated;reason=noresource", "refer", "hello", 200, (100, True)),
    ("active;expires=5", "refer", "SIP/2.0 183", 200, (183, False)),
    ("", "refer", "SIP/2.0 200 OK\nX: y\n", 200, (200, True)),
    ("active", "presence", None, 489, None),
    ("active", "", None, 400, None),
    ("=;", "refer", None, 400, None),
]


@pytest.mark.parametrize(("state", "event", "body", "status", "told"), NEWS)
def test_news_of_all_kinds(
    state: str,
    event: str,
    body: str | None,
    status: int,
    told: tuple[int, bool] | None,
    kind: str,
    world: World,
) -> None:
    _, peer, refer = sent(world, kind)
    peer.reply(refer, 202)
    answer = news(peer, 200, state, event, body)
    assert answer.status == status
    found = [(e.status, e.done) for e in world.events() if isinstance(e, TransferProgress)]
    assert found == ([told] if told else [])
    if status == 489:
        assert answer.headers.get("Allow-Events") == "refer"


@pytest.mark.parametrize(("profile", "status"), [("full", 481), ("twilio", 405)])
def test_news_that_nobody_asked_for(profile: str, status: int, kind: str) -> None:
    world = World(FULL) if profile == "full" else World()
    _, peer = up(world, kind)
    assert news(peer, 200).status == status
    assert world.events() == [] or profile == "twilio"


def test_an_attended_transfer_names_the_other_call(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    other, carol = outgoing(world)
    session.transfer("sip:carol@192.0.2.50", world.now, replaces=other)
    refer_to = one(world.sent(), "REFER").headers.get("Refer-To") or ""
    # As carol knows that dialog: her own tag first.
    assert f"<sip:carol@192.0.2.50?Replaces={carol.call_id}%3Bto-tag%3D" in refer_to
    assert refer_to.endswith(f"to-tag%3Dbob%3Bfrom-tag%3D{carol.request.from_.tag}>")
    assert peer.call_id != carol.call_id


def test_a_target_that_has_headers_already(world: World) -> None:
    session, _ = up(world, "incoming")
    other, _ = outgoing(world)
    session.transfer("sip:carol@192.0.2.50?Subject=x", world.now, replaces=other)
    refer_to = one(world.sent(), "REFER").headers.get("Refer-To") or ""
    assert "?Subject=x&Replaces=" in refer_to


@pytest.mark.parametrize("uri", ["", "600", "tel:+1555", "sip:", "sip:a b@c", "<sip:a@b>"])
def test_transfers_to_nowhere_are_our_mistake(uri: str, kind: str, world: World) -> None:
    session, _ = up(world, kind)
    with pytest.raises(LocalProtocolError):
        session.transfer(uri, world.now)
    assert world.sent() == []


def test_one_transfer_at_a_time(kind: str, world: World) -> None:
    session, peer, refer = sent(world, kind)
    with pytest.raises(LocalProtocolError):
        session.transfer("sip:dave@192.0.2.51", world.now)
    peer.reply(refer, 202)
    with pytest.raises(LocalProtocolError):
        session.transfer("sip:dave@192.0.2.51", world.now)


def test_hang_up_while_the_transfer_is_under_way(kind: str, world: World) -> None:
    session, peer, refer = sent(world, kind)
    peer.reply(refer, 202)
    session.hang_up(world.now)
    bye = one(world.sent(), "BYE")
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE
    assert news(peer, 200, "terminated").status == 200
    peer.reply(bye)
    assert [e for e in world.events() if isinstance(e, TransferProgress)] == []
    world.run(40)
    assert world.stack.next_deadline() is None
