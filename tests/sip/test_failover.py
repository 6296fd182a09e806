"""Where a request goes when a next hop fails (RFC 3263 section 4.3, RFC 3261 section 18.1.1)."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Account,
    EndCause,
    Flow,
    LocalMedia,
    OutgoingCall,
    Request,
    SessionEnded,
    StackSettings,
    parse,
)

from .callee import (
    OURS,
    accept,
    branch,
    methods,
    nothing_left,
    only_request,
    place,
    requests,
    respond,
)
from .harness import LOCAL, World, answer_ours

ONE, TWO, THREE = (Flow("udp", LOCAL, (f"198.51.100.{last}", 5060)) for last in (1, 2, 3))
HERE, THERE = "<sip:bob@198.51.100.1:5060>", "<sip:bob@198.51.100.2:5060>"


def calling(*hops: Flow) -> tuple[World, OutgoingCall, Request]:
    """A call to a name that means these hops; its first INVITE."""
    world = World()
    world.dns["example.org"] = list(hops)
    call, invite = place(world, "sip:bob@example.org")
    return world, call, invite


def to(world: World) -> tuple[Flow, Request]:
    """The one request that is sent now, and where."""
    ((flow, message),) = [
        (flow, message) for flow, message in world.sent_to() if isinstance(message, Request)
    ]
    return flow, message


def same_call(one: Request, other: Request) -> bool:
    """Another try of the same request: Call-ID, From-tag and CSeq stay, the branch does not."""
    kept = all(
        one.headers.get(name) == other.headers.get(name)
        for name in ("call-id", "from", "to", "cseq")
    )
    return kept and branch(one) != branch(other) and one.uri == other.uri


# --- 503 ----------------------------------------------------------------------------------------


def test_503_sends_the_request_to_the_next_hop() -> None:
    world, call, invite = calling(ONE, TWO)
    world.stack.receive(respond(invite, 503, tag="x").encode(), ONE, world.now)
    (_, ack), (flow, again) = world.sent_to()
    assert methods([ack, again]) == ["ACK", "INVITE"]
    assert flow == TWO
    assert isinstance(again, Request)
    assert same_call(invite, again)
    world.receive(accept(again, contact=THERE), TWO)
    assert call.state == "confirmed"


def test_503_of_the_last_hop_is_the_answer() -> None:
    world, call, invite = calling(ONE)
    world.receive(respond(invite, 503, tag="x"), ONE)
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status) == (EndCause.REFUSED, 503)
    assert call.state == "over"


@pytest.mark.parametrize("status", [300, 404, 408, 480, 486, 500, 504, 600])
def test_other_refusals_are_the_answer_at_once(status: int) -> None:
    world, call, invite = calling(ONE, TWO)
    assert methods(world.receive(respond(invite, status, tag="x"), ONE)) == ["ACK"]
    assert call.state == "over"


def test_503_after_100_still_moves_on_but_not_once_a_phone_rings() -> None:
    for status, moves in ((100, True), (180, False), (183, False)):
        world, _, invite = calling(ONE, TWO)
        world.receive(respond(invite, status, tag="x"), ONE)
        sent = methods(world.receive(respond(invite, 503, tag="x"), ONE))
        assert sent == (["ACK", "INVITE"] if moves else ["ACK"])


@pytest.mark.parametrize(
    ("extra", "rest"),
    [([("Retry-After", "120")], 120), ([], 60), ([("Retry-After", "99999999")], 3600)],
)
def test_a_hop_that_is_unavailable_rests(extra: list[tuple[str, str]], rest: int) -> None:
    world, _, invite = calling(ONE, TWO)
    world.receive(respond(invite, 503, tag="x", extra=extra), ONE)
    again = parse(world.log[-1][2])
    assert isinstance(again, Request)
    world.receive(respond(again, 486, tag="y"), TWO)
    world.run(rest - 1)
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert to(world)[0] == TWO
    world.run(2)
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert to(world)[0] == ONE


def test_when_all_hops_rest_they_are_still_tried_in_order() -> None:
    world, _, invite = calling(ONE, TWO)
    world.receive(respond(invite, 503, tag="x"), ONE)
    again = parse(world.log[-1][2])
    assert isinstance(again, Request)
    world.receive(respond(again, 503, tag="y"), TWO)
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert to(world)[0] == ONE


def test_a_hop_that_answers_again_rests_no_more() -> None:
    world, _, invite = calling(ONE)
    world.receive(respond(invite, 503, tag="x"), ONE)
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    _, second = to(world)
    world.receive(respond(second, 486, tag="y"), ONE)
    world.dns["example.org"] = [ONE, TWO]
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert to(world)[0] == ONE


# --- the network refuses ------------------------------------------------------------------------


def fail(world: World, why: str = "unreachable") -> None:
    """What is to be sent now cannot be."""
    world.resolve()
    for datagram in world.stack.to_send():
        world.stack.transport_failed(datagram.key, why, world.now)


def test_a_transport_error_moves_on_at_once() -> None:
    world = World()
    world.dns["example.org"] = [ONE, TWO, THREE]
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    fail(world)
    fail(world)
    assert to(world)[0] == THREE


def test_when_no_hop_is_left_all_errors_are_the_reason() -> None:
    world = World()
    world.dns["example.org"] = [ONE, TWO]
    call = world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    fail(world, "first")
    fail(world, "second")
    assert call.problem == "first; second"
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    nothing_left(world)


def test_a_name_that_nobody_knows_is_told_in_words() -> None:
    world = World()
    world.dns["nowhere.example"] = []
    call = world.stack.place_call("sip:bob@nowhere.example", None, OURS, world.now)
    assert world.sent() == []
    assert call.problem == "nowhere.example is not known"
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    nothing_left(world)


# --- silence: twilio.md 40 ----------------------------------------------------------------------


def test_twilio_40_a_silent_hop_loses_the_call_after_failover_s() -> None:
    world, call, invite = calling(ONE, TWO)
    sent = world.run(5.99)
    assert methods(message for _, message in sent) == ["INVITE"] * 3
    assert {flow for _, flow, _ in world.log} == {ONE}
    (at, again), *_ = world.run(0.02)
    assert at == 0.01
    assert isinstance(again, Request)
    assert world.log[-1][1] == TWO
    assert same_call(invite, again)
    world.receive(accept(again, contact=THERE), TWO)
    assert call.state == "confirmed"


def abandoned() -> tuple[World, OutgoingCall, Request, Request]:
    world, call, invite = calling(ONE, TWO)
    (*_, (_, again)) = world.run(6)
    assert isinstance(again, Request)
    return world, call, invite, again


def test_twilio_40_a_late_provisional_of_the_abandoned_hop_gets_cancel() -> None:
    world, call, invite, _ = abandoned()
    (cancel,) = requests(world.receive(respond(invite, 180, tag="x"), ONE))
    assert cancel.method == "CANCEL"
    assert branch(cancel) == branch(invite)
    assert world.receive(respond(invite, 180, tag="x"), ONE) == []
    world.receive(answer_ours(cancel), ONE)
    (ack,) = world.receive(respond(invite, 487, tag="x"), ONE)
    assert methods([ack]) == ["ACK"]
    assert call.state == "calling"


def test_twilio_40_a_late_200_of_the_abandoned_hop_gets_ack_and_bye() -> None:
    world, call, invite, again = abandoned()
    answer = accept(invite, tag="late", contact=HERE)
    world.stack.receive(answer.encode(), ONE, world.now)
    (to_ack, ack), (to_bye, bye) = world.sent_to()
    assert methods([ack, bye]) == ["ACK", "BYE"]
    assert to_ack == to_bye == ONE
    assert (ack.to.tag, bye.to.tag) == ("late", "late")
    assert (ack.cseq.number, bye.cseq.number) == (1, 2)
    assert methods(world.receive(answer, ONE)) == ["ACK"]
    assert call.state == "calling"
    world.receive(accept(again, contact=THERE), TWO)
    assert call.state == "confirmed"


def test_both_hops_answer_and_only_the_second_is_kept() -> None:
    world, call, invite, again = abandoned()
    world.receive(accept(again, tag="kept", contact=THERE), TWO)
    assert methods(world.receive(accept(invite, tag="late", contact=HERE), ONE)) == ["ACK", "BYE"]
    assert call.state == "confirmed"
    world.run(40)
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    assert bye.to.tag == "kept"
    world.receive(answer_ours(bye), TWO)
    world.run(40)
    nothing_left(world)


def test_a_refusal_of_the_abandoned_hop_is_acknowledged_and_nothing_else() -> None:
    world, call, invite, _ = abandoned()
    assert methods(world.receive(respond(invite, 486, tag="x"), ONE)) == ["ACK"]
    assert call.state == "calling"


def test_the_last_hop_is_waited_for_until_timer_b() -> None:
    world, call, _, _ = abandoned()
    world.run(31.9)
    assert call.state == "calling"
    world.run(0.2)
    assert call.state == "over"
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    nothing_left(world)


def test_a_100_is_an_answer_and_nobody_else_is_asked() -> None:
    world, _, invite = calling(ONE, TWO)
    world.receive(respond(invite, 100), ONE)
    assert world.run(300) == []


def test_a_silent_hop_rests() -> None:
    world, _, _, _ = abandoned()
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert to(world)[0] == TWO


def test_a_bye_moves_on_too() -> None:
    """Requests that are not INVITE leave nothing behind."""
    world, call, invite = calling(ONE)
    world.receive(accept(invite, contact="<sip:bob@example.org>"), ONE)
    world.run(33)
    world.dns["example.org"] = [ONE, TWO]
    call.hang_up(world.now)
    first = only_request(world)
    (*_, (_, second)) = world.run(6)
    assert isinstance(second, Request)
    assert same_call(first, second)
    world.receive(answer_ours(first), ONE)
    assert call.state == "closing"
    world.receive(answer_ours(second), TWO)
    assert call.state == "over"
    world.run(6)
    nothing_left(world)


def test_failover_s_is_the_owners() -> None:
    world = World(StackSettings(failover_s=2.5))
    world.dns["example.org"] = [ONE, TWO]
    place(world, "sip:bob@example.org")
    world.run(2.5)
    assert world.log[-1][1] == TWO


# --- the way that registering took --------------------------------------------------------------

ACCOUNT = Account("a", "u", "example.org", registrars=("sip:r.example.org",))


def registered(first: Flow, *hops: Flow) -> World:
    world = World(StackSettings(accounts=(ACCOUNT,)))
    world.dns["r.example.org"] = [first]
    world.stack.start(world.now)
    world.receive(respond(only_request(world), 200), first)
    world.events()
    world.dns["r.example.org"] = list(hops)
    return world


def test_twilio_40_a_registrar_that_went_silent_is_looked_up_anew() -> None:
    world = registered(ONE, ONE, TWO)
    _, invite = place(world, "600", "a")
    assert world.log[-1][1] == ONE
    (*_, (_, again)) = world.run(6)
    assert world.log[-1][1] == TWO
    assert isinstance(again, Request)
    assert same_call(invite, again)


def test_a_registrar_with_no_other_address_is_waited_for() -> None:
    """The INVITE must not go to the same host twice."""
    world = registered(ONE, ONE)
    call, invite = place(world, "600", "a")
    sent = world.run(20)
    assert {branch(m) for _, m in sent if methods([m]) == ["INVITE"]} == {branch(invite)}
    world.receive(accept(invite, contact=HERE), ONE)
    assert call.state == "confirmed"


def test_an_answer_while_another_address_is_looked_up_is_taken() -> None:
    world = registered(ONE, ONE, TWO)
    call, invite = place(world, "600", "a")
    world.now += 6
    world.stack.handle_deadline(world.now)
    (lookup,) = world.stack.to_resolve()
    world.receive(respond(invite, 180, tag="x"), ONE)
    world.stack.resolved(lookup.key, [ONE, TWO], world.now)
    assert world.sent() == []
    world.receive(accept(invite, contact=HERE), ONE)
    assert call.state == "confirmed"


def test_503_of_the_registrar_is_the_answer_only_when_there_is_no_other() -> None:
    world = registered(ONE, ONE, TWO)
    call, invite = place(world, "600", "a")
    world.receive(respond(invite, 503, tag="x"), ONE)
    again = parse(world.log[-1][2])
    assert isinstance(again, Request)
    assert world.log[-1][1] == TWO
    world.receive(respond(again, 503, tag="x"), TWO)
    ended = world.event(SessionEnded)
    assert (ended.status, call.state) == (503, "over")


def test_a_lost_connection_is_opened_again() -> None:
    tcp = ONE._replace(transport="tcp")
    world = registered(tcp, tcp)
    world.stack.place_call("600", "a", OURS, world.now)
    fail(world, "connection reset")
    flow, _ = to(world)
    assert flow == tcp


# --- too long for UDP: twilio.md 33 -------------------------------------------------------------

LONG = "sip:" + "b" * 1000 + "@198.51.100.1"


def long_call(world: World) -> tuple[OutgoingCall, Flow, Request]:
    media = LocalMedia("203.0.113.5", 10000, session_id=4711)
    call = world.stack.place_call(LONG, None, media, world.now)
    return call, *to(world)


def test_twilio_33_a_request_over_1300_bytes_goes_by_tcp(world: World) -> None:
    _, flow, invite = long_call(world)
    assert len(bytes(invite)) > 1300
    assert flow == ONE._replace(transport="tcp")
    assert invite.vias[0].transport == "TCP"


@pytest.mark.parametrize(("size", "transport"), [(1300, "udp"), (1301, "tcp")])
def test_twilio_33_the_first_byte_too_many(size: int, transport: str) -> None:
    """Each letter stands in the Request-URI and in To; a shorter port makes the odd size."""
    found: dict[int, str] = {}
    for port in (10000, 1000):
        for letters in range(200, 1000):
            world = World()
            uri = f"sip:{'b' * letters}@{ONE.remote[0]}"
            world.stack.place_call(uri, None, LocalMedia("203.0.113.5", port), world.now)
            flow, invite = to(world)
            found[len(bytes(invite))] = flow.transport
    assert found[size] == transport


def test_where_we_listen_does_not_change_with_the_length(world: World) -> None:
    """The peer sends its BYE to our Contact, and a TCP listener may not be there."""
    _, _, invite = long_call(world)
    assert invite.headers.get("contact") == "<sip:tipring@203.0.113.5:5060;transport=udp>"


def test_by_udp_after_all_when_tcp_is_refused(world: World) -> None:
    world.stack.place_call(LONG, None, OURS, world.now)
    fail(world, "connection refused")
    flow, invite = to(world)
    assert flow == ONE
    assert invite.vias[0].transport == "UDP"


def test_by_udp_after_all_when_tcp_stays_silent(world: World) -> None:
    long_call(world)
    ((at, _), *_) = world.run(6)
    assert at == 6.0
    assert world.log[-1][1] == ONE


def test_who_has_no_tcp_is_not_asked_for_it_again_at_once(world: World) -> None:
    world.stack.place_call(LONG, None, OURS, world.now)
    fail(world, "connection refused")
    world.sent()
    _, flow, _ = long_call(world)
    assert flow == ONE


def test_503_by_tcp_is_not_asked_again_by_udp(world: World) -> None:
    call, flow, invite = long_call(world)
    assert methods(world.receive(respond(invite, 503, tag="x"), flow)) == ["ACK"]
    assert call.state == "over"


def test_the_retry_with_a_password_takes_tcp_too() -> None:
    world = World(StackSettings(accounts=(Account("a", "u", "198.51.100.1", "p"),)))
    call = world.stack.place_call(LONG, "a", OURS, world.now)
    flow, invite = to(world)
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')]
    world.stack.receive(respond(invite, 401, tag="x", extra=challenge).encode(), flow, world.now)
    (_, ack), (again_to, again) = world.sent_to()
    assert methods([ack, again]) == ["ACK", "INVITE"]
    assert again_to == flow
    assert call.state == "calling"


def test_a_challenge_that_makes_it_too_long_moves_it_to_tcp() -> None:
    world = World(StackSettings(accounts=(Account("a", "u", "198.51.100.1", "p"),)))
    world.stack.place_call("sip:" + "b" * 150 + "@198.51.100.1", "a", OURS, world.now)
    flow, invite = to(world)
    assert flow == ONE
    nonce = "n" * 600
    challenge = [("WWW-Authenticate", f'Digest realm="r", nonce="{nonce}", qop="auth"')]
    world.stack.receive(respond(invite, 401, tag="x", extra=challenge).encode(), flow, world.now)
    _, (again_to, again) = world.sent_to()
    assert again_to.transport == "tcp"
    assert methods([again]) == ["INVITE"]


def test_twilio_33_an_ack_over_1300_bytes_goes_by_tcp_and_by_udp_after_all() -> None:
    """Section 18.1.1 says any request; a 2xx with a long route makes a long ACK."""
    world, call, invite = calling(ONE)
    route = [("Record-Route", f"<sip:{ONE.remote[0]};lr;{'x' * 300}={n}>") for n in range(4)]
    answer = accept(invite, extra=route, contact=HERE)
    world.stack.receive(answer.encode(), ONE, world.now)
    flow, ack = to(world)
    assert len(bytes(ack)) > 1300
    assert (flow, ack.method) == (ONE._replace(transport="tcp"), "ACK")
    assert ack.vias[0].transport == "TCP"
    world.stack.receive(answer.encode(), ONE, world.now)
    fail(world, "connection refused")
    for _ in range(2):  # at once, and for each 200 that comes again
        flow, again = to(world)
        assert (flow, again.vias[0].transport) == (ONE, "UDP")
        assert branch(again) == branch(ack)
        world.stack.receive(answer.encode(), ONE, world.now)
    assert call.state == "confirmed"


# --- names in routes ----------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Record-Route", "Contact"])
def test_host_names_in_the_dialog_are_looked_up(header: str) -> None:
    world, call, invite = calling(ONE)
    world.dns["edge.example.net"] = [TWO]
    uri = "<sip:edge.example.net;lr>"
    extra = [(header, uri)] if header == "Record-Route" else []
    contact = uri if header == "Contact" else HERE
    world.stack.receive(accept(invite, extra=extra, contact=contact).encode(), ONE, world.now)
    ((flow, ack),) = world.sent_to()
    assert (flow, methods([ack])) == (TWO, ["ACK"])
    call.hang_up(world.now)
    flow, bye = to(world)
    assert (flow, bye.method) == (TWO, "BYE")


def test_what_cannot_be_found_goes_where_the_invite_went() -> None:
    world, call, invite = calling(ONE)
    world.dns["edge.example.net"] = []
    answer = accept(invite, contact="<sip:bob@edge.example.net>")
    assert methods(world.receive(answer, ONE)) == ["ACK"]
    assert world.log[-1][1] == ONE
    call.hang_up(world.now)
    assert only_request(world).method == "BYE"
    assert world.log[-1][1] == ONE


def test_a_way_that_refuses_us_leaves_the_one_that_the_invite_took() -> None:
    """By TLS, an address in a Record-Route has no name to check the certificate by."""
    tls = Flow("tls", (LOCAL[0], 5061), ("198.51.100.1", 5061), "example.org")
    world, call, invite = calling(tls)
    route = ("Record-Route", "<sip:198.51.100.2;transport=tls;lr>")
    world.stack.receive(accept(invite, extra=[route], contact=HERE).encode(), tls, world.now)
    fail(world, "certificate verify failed")
    ((flow, ack),) = world.sent_to()
    assert (flow, methods([ack])) == (tls, ["ACK"])
    call.hang_up(world.now)
    fail(world, "certificate verify failed")
    flow, bye = to(world)
    assert (flow, bye.method) == (tls, "BYE")


def test_an_address_that_the_network_refuses_leaves_the_way_that_the_invite_took() -> None:
    """A listener of one interface sends nothing to what is behind another one."""
    world, call, invite = calling(ONE)
    route = ("Record-Route", "<sip:127.0.0.1:5070;lr>")
    world.stack.receive(accept(invite, extra=[route], contact=HERE).encode(), ONE, world.now)
    fail(world, "Invalid argument")
    ((flow, ack),) = world.sent_to()
    assert (flow, methods([ack])) == (ONE, ["ACK"])
    call.hang_up(world.now)
    fail(world, "Invalid argument")
    flow, bye = to(world)
    assert (flow, bye.method) == (ONE, "BYE")


def test_an_ack_that_can_be_sent_by_no_way_is_tried_again_with_the_next_200() -> None:
    world, _, invite = calling(ONE)
    answer = accept(invite, contact="<sip:bob@edge.example.net>")
    world.dns["edge.example.net"] = [TWO]
    for _ in range(2):
        world.stack.receive(answer.encode(), ONE, world.now)
        fail(world)
        fail(world)
        assert world.sent() == []
    assert world.stack.counters["unsent_acks"] == 2
    assert methods(world.receive(answer, ONE)) == ["ACK"]


def test_a_connection_that_was_dead_without_a_word_is_opened_again_once_that_is_known() -> None:
    tcp = ONE._replace(transport="tcp")
    world = registered(tcp, tcp)
    call, _ = place(world, "600", "a")
    assert world.run(10) == []
    assert world.stack.to_resolve() == []
    world.stack.connection_lost(tcp, world.now)
    flow, again = to(world)
    assert (flow, again.method) == (tcp, "INVITE")
    world.receive(accept(again, contact=HERE), tcp)
    assert call.state == "confirmed"
