"""An INVITE that takes the place of a call (RFC 3891)."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    IncomingCall,
    InviteSession,
    Refused,
    Request,
    Response,
    Session,
    SessionEnded,
    StackSettings,
)

from .harness import MEDIA, Caller, World, incoming, statuses
from .peer import FULL, KINDS, Peer, one, place, requests, up

NEEDS = ("Require", "replaces")


@pytest.fixture
def world() -> World:
    return World(FULL)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tag(value: str) -> str:
    return value.rpartition(";tag=")[2]


def naming(peer: Peer, suffix: str = "") -> str:
    """A Replaces value for the call with that peer, as we know it: our tag is the to-tag."""
    return f"{peer.call_id};to-tag={tag(peer.us)};from-tag={tag(peer.them)}{suffix}"


def ask(world: World, value: str, *more: tuple[str, str]) -> tuple[Caller, Response | None]:
    """A new INVITE with Replaces; who sends it, and the refusal if there is one."""
    caller = Caller("takes-over@pbx")
    answers = world.receive(caller.invite(extra=[("Replaces", value), *more]))
    caller.hear(answers)
    finals = [m for m in answers if isinstance(m, Response) and m.status >= 200]
    return caller, finals[0] if finals else None


def accept(world: World, caller: Caller, session: InviteSession) -> list[Request]:
    """Answer and acknowledge; the requests of ours that follow."""
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    return requests(world.receive(caller.ack()))


def test_a_call_is_replaced(kind: str, world: World) -> None:
    old, peer = up(world, kind)
    caller, refusal = ask(world, naming(peer), NEEDS)
    assert refusal is None
    session = world.event(IncomingCall).session
    assert session.replaces is old
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    # The old one goes on until the new one is certain.
    assert old.state == "confirmed"
    (bye,) = requests(world.receive(caller.ack()))
    assert (bye.method, bye.call_id) == ("BYE", peer.call_id)
    events = world.events()
    assert [type(e) for e in events] == [Answered, SessionEnded]
    ended = events[1]
    assert isinstance(ended, SessionEnded)
    assert (ended.session, ended.cause) == (old, EndCause.REPLACED)
    peer.reply(bye)
    assert old.state == "over"
    assert session.state == "confirmed"


def test_a_call_of_ours_that_rings_is_replaced(world: World) -> None:
    """The call is cancelled, and whoever took it over is talked to (section 3)."""
    old, callee = place(world)
    callee.say(180)
    world.events()
    caller, refusal = ask(world, naming(callee, ";early-only"))
    assert refusal is None
    session = world.event(IncomingCall).session
    assert session.replaces is old
    cancel = accept(world, caller, session)
    assert [m.method for m in cancel] == ["CANCEL"]
    causes = {e.session: e.cause for e in world.events() if isinstance(e, SessionEnded)}
    assert causes == {old: EndCause.REPLACED}


def test_the_new_call_may_come_to_nothing(kind: str, world: World) -> None:
    old, peer = up(world, kind)
    caller, _ = ask(world, naming(peer))
    session = world.event(IncomingCall).session
    assert statuses(world.receive(caller.cancel())) == [200, 487]
    assert session.state == "over"
    assert old.state == "confirmed"
    assert peer.ask("OPTIONS").status == 200


def test_the_old_call_may_end_first(kind: str, world: World) -> None:
    old, peer = up(world, kind)
    caller, _ = ask(world, naming(peer))
    session = world.event(IncomingCall).session
    peer.ask("BYE")
    assert accept(world, caller, session) == []
    ended = [e for e in world.events() if isinstance(e, SessionEnded)]
    assert [(e.session, e.cause) for e in ended] == [(old, EndCause.REMOTE_BYE)]
    assert session.state == "confirmed"


@pytest.mark.parametrize(
    "value",
    [
        "nobody@h;to-tag=1;from-tag=2",
        "{call};to-tag=1;from-tag={theirs}",
        "{call};to-tag={ours};from-tag=2",
        # The tags the wrong way round: the dialog of somebody else's view.
        "{call};to-tag={theirs};from-tag={ours}",
    ],
)
def test_a_call_that_is_not_here_is_481(value: str, kind: str, world: World) -> None:
    _, peer = up(world, kind)
    text = value.format(call=peer.call_id, ours=tag(peer.us), theirs=tag(peer.them))
    assert _refused(ask(world, text)) == 481
    assert [e for e in world.events() if isinstance(e, IncomingCall)] == []


def _refused(answer: tuple[Caller, Response | None]) -> int:
    refusal = answer[1]
    assert refusal is not None
    return refusal.status


def test_early_only_does_not_take_an_answered_call(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    assert _refused(ask(world, naming(peer, ";early-only"))) == 486


def test_a_call_that_is_ending_is_603(kind: str, world: World) -> None:
    old, peer = up(world, kind)
    old.hang_up(world.now)
    world.sent()
    assert _refused(ask(world, naming(peer))) == 603


@pytest.mark.parametrize("rings", [True, False])
def test_a_call_that_rings_here_is_481(rings: bool, world: World, caller: Caller) -> None:
    """Section 3: an early dialog that we did not begin."""
    session = incoming(world, caller)
    if rings:
        session.ring(world.now)
    caller.hear(world.sent())
    own = caller.to_tag or "?"
    value = f"{caller.call_id};to-tag={own};from-tag={caller.from_tag}"
    assert _refused(ask(world, value)) == 481
    assert session.state in {"incoming", "ringing"}


BAD = ["", "x", "x;to-tag=1", "x;from-tag=1", "x;to-tag=1;to-tag=2;from-tag=3", ";;"]


@pytest.mark.parametrize("method", ["OPTIONS", "UPDATE", "INFO"])
@pytest.mark.parametrize(("profile", "status"), [(FULL, 400), (StackSettings(), None)])
def test_only_an_invite_may_replace(
    method: str, profile: StackSettings, status: int | None, kind: str
) -> None:
    """RFC 3891 section 3: 400, where the header means anything at all."""
    world = World(profile)
    session, peer = up(world, kind)
    answer = peer.ask(method, extra=[("Replaces", naming(peer))])
    assert answer.status == (status or peer.ask(method).status)
    assert session.state == "confirmed"


@pytest.mark.parametrize("value", BAD)
def test_a_value_that_cannot_be_read(value: str, world: World) -> None:
    assert _refused(ask(world, value)) == 400


def test_two_values(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    assert _refused(ask(world, naming(peer), ("Replaces", naming(peer)))) == 400
    assert world.event(Refused).status == 400


def test_a_transfer_brings_the_value_along(world: World) -> None:
    """What a REFER's Refer-To says in escapes comes back in our INVITE, and fits."""
    old, peer = up(world, "incoming")
    _, callee = place(world, replaces=naming(peer))
    assert callee.request.headers.get("Replaces") == naming(peer)
    assert old.state == "confirmed"


def test_twilio_profile_knows_no_replacing(kind: str) -> None:
    world = World()
    old, peer = up(world, kind)
    _, refusal = ask(world, naming(peer))
    # An unknown header is ignored: it is a call like any other.
    assert refusal is None
    assert world.event(IncomingCall).session.replaces is None
    world.run(1)
    other = World()
    _, refusal = ask(other, naming(peer), NEEDS)
    assert refusal is not None
    assert (refusal.status, refusal.headers.get("Unsupported")) == (420, "replaces")
    assert old.state == "confirmed"


def test_supported_says_so() -> None:
    for profile, said in (("full", True), ("twilio", False)):
        world = World(StackSettings(profile=profile))
        (ok,) = world.receive(Caller("options").request("OPTIONS"))
        assert ("replaces" in (ok.headers.get("Supported") or "")) == said


def test_who_is_replaced_hears_why(world: World) -> None:
    old, peer = up(world, "incoming")
    caller, _ = ask(world, naming(peer))
    (bye,) = accept(world, caller, world.event(IncomingCall).session)
    assert bye.headers.get("Reason") == 'Q.850;cause=16;text="replaced"'
    assert isinstance(old, Session)
    assert one([bye], "BYE").call_id == peer.call_id
