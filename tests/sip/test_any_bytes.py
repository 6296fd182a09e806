"""Whatever comes: no exception, no timer left after 64*T1, no growth, other calls unharmed."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.sip import InboundAuth, IncomingCall, Limits, NotAcceptable, StackSettings

from .harness import FLOW, MEDIA, OFFER, Caller, World, connected, statuses

# Other work on the machine must not fail a test of correctness.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLACES = st.integers(0, 2000)
FRAGMENTS = st.sampled_from(
    [
        b"",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b";",
        b",",
        b":",
        b"<",
        b">",
        b'"',
        b"\\",
        b"%",
        b" ",
        b"\t",
        b"\xff",
        b"\xc3\xa9",
        b"@",
        b"=",
        b"?",
        b"[",
        b"SIP/2.0",
        b"sip:",
        b"\r\n ",
        b"0" * 40,
        b"99999999999",
        b"-1",
        b"tag=",
        b"branch=",
        b"z9hG4bK",
        b"INVITE",
        b"ACK",
        b"BYE",
        b"CANCEL",
        b"Via: ",
        b"To: ",
        b"Content-Length: 9\r\n",
        b"Require: x\r\n",
        b"Route: <sip:x>\r\n",
    ]
)
EDITS = st.lists(st.tuples(PLACES, st.integers(0, 30), FRAGMENTS), min_size=1, max_size=6)
KINDS = st.sampled_from(["invite", "reinvite", "ack", "bye", "cancel", "options", "response"])


def seed(kind: str, caller: Caller) -> bytes:
    if kind == "options":
        return caller.request("OPTIONS").encode()
    if kind == "response":
        return caller.request("X").encode().replace(b"X sip:+11234567890@203.0.113.5 ", b"", 1)
    text: str = getattr(caller, kind)()
    return text.encode()


def edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, fragment in edits:
        at = place % (len(data) + 1)
        data = data[:at] + fragment + data[at + length :]
    return data


def use(world: World) -> None:
    """What the service does with calls: take, ring, answer or refuse."""
    for number, event in enumerate(world.events()):
        if isinstance(event, IncomingCall):
            session = event.session
            try:
                session.prepare(MEDIA, world.now)
            except NotAcceptable as error:
                session.reject(error.status, world.now, warning=error.warning)
                continue
            session.ring(world.now)
            if number % 2:
                session.hang_up(world.now)
            else:
                session.answer(world.now)


def finish(world: World) -> None:
    """Let 64*T1 pass for everything, hang up what is left, and again."""
    for _ in range(3):
        while (at := world.stack.next_deadline()) is not None and at <= world.now + 70:
            world.now = max(at, world.now)
            world.stack.handle_deadline(world.now)
            world.stack.to_send()
            use(world)
    world.now += 70


@UNHURRIED
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_random_bytes(datagrams: list[bytes]) -> None:
    world = World()
    for data in datagrams:
        world.stack.receive(data, FLOW, world.now)
        use(world)
    finish(world)
    assert world.stack.next_deadline() is None


@UNHURRIED
@given(st.lists(st.tuples(KINDS, EDITS), min_size=1, max_size=5), st.booleans())
def test_mutated_messages(sent: list[tuple[str, list[tuple[int, int, bytes]]]], auth: bool) -> None:
    """Also in the middle of a call, which may end but not break."""
    world = World(StackSettings(auth=InboundAuth("r", {"u": "p"}) if auth else None))
    caller = Caller()
    if not auth:
        connected(world, caller)
    for kind, edits in sent:
        world.stack.receive(edited(seed(kind, caller), edits), FLOW, world.now)
        world.stack.to_send()
        use(world)
    finish(world)
    assert world.stack.next_deadline() is None
    counters = world.stack.counters
    assert counters["transactions"] == 0
    assert counters["dialogs"] <= 1


@UNHURRIED
@given(st.lists(st.tuples(KINDS, EDITS), min_size=1, max_size=5))
def test_one_peers_nonsense_leaves_the_others_call_alone(
    sent: list[tuple[str, list[tuple[int, int, bytes]]]],
) -> None:
    world = World()
    good, bad = Caller("good@a"), Caller("bad@b")
    session = connected(world, good)
    bad.from_tag = "other"
    bad.to_tag = "unknown"
    other = FLOW._replace(remote=("198.51.100.9", 5060))
    for kind, edits in sent:
        world.stack.receive(edited(seed(kind, bad), edits), other, world.now)
        world.stack.to_send()
        use(world)
    finish(world)
    assert session.state == "confirmed"
    assert statuses(world.receive(good.reinvite())) == [100, 200]


@UNHURRIED
@given(st.lists(st.tuples(PLACES, st.integers(0, 30), FRAGMENTS), min_size=1, max_size=8))
def test_mutated_offers(edits: list[tuple[int, int, bytes]]) -> None:
    world = World()
    body = edited(OFFER.encode(), edits)
    text = Caller().invite(None).encode()
    head = text.replace(b"Content-Length: 0", b"Content-Type: application/sdp", 1)
    world.stack.receive(head + body, FLOW, world.now)
    use(world)
    finish(world)
    assert world.stack.counters["transactions"] == 0


def test_a_flood_of_invites_is_bounded() -> None:
    limits = Limits(transactions=50, dialogs=4)
    world = World(StackSettings(limits=limits))
    caller = Caller("the-call")
    session = connected(world, caller)
    for number in range(2000):
        world.receive(Caller(f"flood{number}").invite())
        for event in world.events():
            if isinstance(event, IncomingCall):
                event.session.reject(486, world.now)
        world.now += 0.005
        world.stack.handle_deadline(world.now)
        world.stack.to_send()
        counters = world.stack.counters
        assert counters["transactions"] <= limits.transactions
    assert session.state == "confirmed"
    assert statuses(world.receive(caller.bye())) == [200]
    world.run(70)
    assert world.stack.next_deadline() is None
