"""Calls that we place: answers in every order, forks, refusals, and how they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import ConfigError, LocalProtocolError
from gateway.sip import (
    Account,
    Answered,
    EndCause,
    OutgoingCall,
    Progress,
    SessionEnded,
    SessionOver,
    StackSettings,
)
from gateway.sip.session_table import OUTGOING

from .callee import respond
from .harness import MEDIA, World
from .peer import ANSWER, CALLEE, FULL, Callee, Headers, one, outgoing, place, requests

TRUNK = Account(
    name="trunk",
    username="alice",
    domain="example.sip.twilio.com",
    password="secret",
    registrars=("sip:198.51.100.9",),
    register=False,
)
WITH_TRUNK = StackSettings(accounts=(TRUNK,))


def test_the_table_is_closed() -> None:
    for state, events in OUTGOING.items():
        assert all(following in OUTGOING for _, following in events.values())
        assert events or state == "over"


# --- what is sent ------------------------------------------------------------------------------

DIALLED = [
    ("+15551234567", "sip:+15551234567@example.sip.twilio.com"),
    ("+1 555 123 4567", "sip:+15551234567@example.sip.twilio.com"),
    ("600", "sip:600@example.sip.twilio.com"),
    ("tel:+15551234567;phone-context=x", "sip:+15551234567@example.sip.twilio.com"),
    ("*72#", "sip:*72%23@example.sip.twilio.com"),
    ("bob", "sip:bob@example.sip.twilio.com"),
    ("J\u00fcrgen", "sip:J%C3%BCrgen@example.sip.twilio.com"),
    ("sip:J\u00fcrgen@192.0.2.7", "sip:J%C3%BCrgen@192.0.2.7"),
    ("sip:bob@192.0.2.7:5080", "sip:bob@192.0.2.7:5080"),
    ("SIP:bob@192.0.2.7;transport=udp", "SIP:bob@192.0.2.7;transport=udp"),
    ("sip:bob@192.0.2.7;method=BYE?Subject=x", "sip:bob@192.0.2.7"),
    ("sip:192.0.2.7", "sip:192.0.2.7"),
]


@pytest.mark.parametrize(("to", "uri"), DIALLED)
def test_what_was_dialled_becomes_a_uri(to: str, uri: str) -> None:
    _, callee = place(World(WITH_TRUNK), to, "trunk")
    assert callee.request.start_line == f"INVITE {uri} SIP/2.0"
    assert callee.request.headers.get("To") == f"<{uri}>"


@pytest.mark.parametrize(
    ("to", "account", "error"),
    [
        ("600", None, LocalProtocolError),
        ("sip:", None, LocalProtocolError),
        ("sip:bob@", None, LocalProtocolError),
        ("sip:a b@192.0.2.7", None, LocalProtocolError),
        ("http://192.0.2.7", "trunk", LocalProtocolError),
        ("bob@192.0.2.7", "trunk", LocalProtocolError),
        ("<sip:bob@192.0.2.7>", "trunk", LocalProtocolError),
        ("600\r\nX: y", "trunk", LocalProtocolError),
        ("600", "nobody", ConfigError),
    ],
)
def test_what_cannot_be_called(to: str, account: str | None, error: type[Exception]) -> None:
    world = World(WITH_TRUNK)
    with pytest.raises(error):
        world.stack.place_call(to, account, MEDIA, world.now)
    assert world.stack.counters["dialogs"] == 0
    assert world.stack.next_deadline() is None


def test_twilio_40_identity_of_an_account() -> None:
    _, callee = place(World(WITH_TRUNK), "+15551234567", "trunk")
    headers = callee.request.headers
    assert (headers.get("From") or "").startswith("<sip:alice@example.sip.twilio.com>;tag=")
    assert headers.get("Contact") == "<sip:alice@203.0.113.5:5060;transport=udp>"
    assert "P-Asserted-Identity" not in headers
    assert callee.flow.remote == ("198.51.100.9", 5060)


def test_without_an_account_we_are_our_address() -> None:
    call, callee = place(World())
    assert callee.request.from_.uri.host == "203.0.113.5"
    assert call.local_party.uri.host == "203.0.113.5"
    assert callee.flow.remote == CALLEE


IDENTITIES = [
    ({"display_name": "B\u00e9la \u6f22"}, False, '"B\u00e9la \u6f22" <sip:alice@d>', None, None),
    ({"display_name": 'a"b\\c\r\nX: y'}, False, '"a\\"b\\\\c X: y" <sip:alice@d>', None, None),
    ({"caller_id": "+15550001111"}, False, "<sip:alice@d>", "<sip:+15550001111@d>", None),
    (
        {"caller_id": "sip:desk@other", "display_name": "Desk"},
        False,
        '"Desk" <sip:alice@d>',
        '"Desk" <sip:desk@other>',
        None,
    ),
    ({}, True, '"Anonymous" <sip:anonymous@anonymous.invalid>', "<sip:alice@d>", "id"),
    (
        {"caller_id": "+15550001111", "display_name": "Desk"},
        True,
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        '"Desk" <sip:+15550001111@d>',
        "id",
    ),
]


@pytest.mark.parametrize(("changes", "private", "sender", "asserted", "privacy"), IDENTITIES)
def test_how_we_present_ourselves(
    changes: dict[str, str], private: bool, sender: str, asserted: str | None, privacy: str | None
) -> None:
    account = Account("a", "alice", "d", registrars=("sip:198.51.100.9",), **changes)  # type: ignore[arg-type]
    _, callee = place(World(StackSettings(accounts=(account,))), "600", "a", private=private)
    headers = callee.request.headers
    assert (headers.get("From") or "").rpartition(";tag=")[0] == sender
    assert headers.get("P-Asserted-Identity") == asserted
    assert headers.get("Privacy") == privacy
    assert ("anonymous@" in (headers.get("Contact") or "")) == private


OLDER = {"caller_id": "+15550001111", "caller_id_header": "Remote-Party-ID"}
PARTIES = [
    (OLDER, False, "<sip:+15550001111@d>;party=calling;privacy=off;screen=no", None),
    (OLDER, True, "<sip:+15550001111@d>;party=calling;privacy=full;screen=no", "id"),
    (
        {**OLDER, "display_name": "B\u00e9la"},
        False,
        '"B\u00e9la" <sip:+15550001111@d>;party=calling;privacy=off;screen=no',
        None,
    ),
    (
        {"caller_id_header": "Remote-Party-ID"},
        True,
        "<sip:alice@d>;party=calling;privacy=full;screen=no",
        "id",
    ),
    ({"caller_id_header": "Remote-Party-ID"}, False, None, None),
]


@pytest.mark.parametrize(("changes", "private", "party", "privacy"), PARTIES)
def test_how_older_trunks_are_told(
    changes: dict[str, str], private: bool, party: str | None, privacy: str | None
) -> None:
    """Remote-Party-ID in place of P-Asserted-Identity, and to nobody whom a trunk names."""
    account = Account("a", "alice", "d", registrars=("sip:198.51.100.9",), **changes)  # type: ignore[arg-type]
    world = World(StackSettings(accounts=(account,), redirects=True))
    _, callee = place(world, "600", "a", private=private)
    assert callee.request.headers.get("Remote-Party-ID") == party
    assert "P-Asserted-Identity" not in callee.request.headers
    assert callee.request.headers.get("Privacy") == privacy
    moved = callee.say(302, extra=[("Contact", "<sip:eve@192.0.2.66>")], contact=False)
    assert "Remote-Party-ID" not in one(moved, "INVITE").headers


def test_a_transferred_call_says_so() -> None:
    _, callee = place(World(), replaces="c@h;to-tag=1;from-tag=2", referred_by="<sip:eve@x>")
    headers = callee.request.headers
    assert headers.get("Replaces") == "c@h;to-tag=1;from-tag=2"
    assert headers.get("Require") == "replaces"
    assert headers.get("Referred-By") == "<sip:eve@x>"


# --- provisional answers -----------------------------------------------------------------------


def test_trying_tells_nobody(world: World) -> None:
    call, callee = place(world)
    assert callee.say(100) == []
    assert world.events() == []
    assert call.state == "calling"


PROVISIONALS = [
    ([(180, "")], None),
    ([(183, ANSWER)], "168.86.138.121"),
    ([(183, "")], None),
    ([(180, ""), (183, ANSWER)], "168.86.138.121"),
    ([(183, ANSWER), (180, "")], "168.86.138.121"),
    ([(181, ""), (182, ""), (180, ANSWER)], "168.86.138.121"),
    ([(183, ANSWER.replace("RTP/AVP 0", "RTP/AVP 18"))], None),
    ([(183, "v=1")], None),
    ([(183, ANSWER), (183, ANSWER.replace("138.121", "138.9"))], "168.86.138.9"),
]


@pytest.mark.parametrize(("said", "early"), PROVISIONALS)
def test_progress_and_early_media(
    said: list[tuple[int, str]], early: str | None, world: World
) -> None:
    """RFC 3960: media of the far end where there are any, else a ringback of our own."""
    call, callee = place(world)
    for status, body in said:
        assert callee.say(status, body) == []
    told = [event for event in world.events() if isinstance(event, Progress)]
    assert [event.status for event in told] == [status for status, _ in said]
    assert (call.media.remote[0] if call.media else None) == early


@pytest.mark.parametrize("tagless", [True, False])
def test_early_media_of_old_peers(tagless: bool, world: World) -> None:
    """Neither a To-tag nor a Contact in the 183: no dialog, but something to hear."""
    call, callee = place(world)
    callee.reply(callee.request, 183, ANSWER, tag="" if tagless else "x", contact=False)
    assert world.event(Progress).session is call
    assert call.media is not None


# --- answers -----------------------------------------------------------------------------------


def test_an_answer_is_acknowledged_and_told(world: World) -> None:
    call, callee = place(world)
    world.log.clear()
    ack = one(callee.answer(), "ACK")
    assert world.log[-1][1].remote == CALLEE
    assert ack.start_line == "ACK sip:bob@192.0.2.7:5060 SIP/2.0"
    assert ack.cseq == (callee.request.cseq.number, "ACK")
    assert ack.to.tag == "bob"
    assert ack.headers.get("From") == callee.request.headers.get("From")
    assert ack.vias[0].branch != callee.request.vias[0].branch
    assert ack.body == b""
    assert world.event(Answered).session is call
    assert call.media is not None
    assert call.media.codec.name == "PCMU"
    assert call.state == "confirmed"


def test_a_repeated_200_gets_the_same_ack(world: World) -> None:
    _, callee = outgoing(world)
    world.log.clear()
    one(callee.answer(), "ACK")
    one(callee.answer(), "ACK")
    first, second = [data for _, _, data in world.log]
    assert first == second
    assert world.events() == []


@pytest.mark.parametrize(
    ("routes", "sent", "to"),
    [
        (["<sip:192.0.2.1;lr>", "<sip:192.0.2.2;lr>"], ["192.0.2.2", "192.0.2.1"], "192.0.2.2"),
        (["<sip:192.0.2.1;lr>,<sip:192.0.2.2;lr>"], ["192.0.2.2", "192.0.2.1"], "192.0.2.2"),
        ([], [], "192.0.2.7"),
    ],
)
def test_routes_are_turned_round(routes: list[str], sent: list[str], to: str, world: World) -> None:
    """RFC 3261 section 12.1.2: the caller takes Record-Route in reverse."""
    call, callee = place(world)
    callee.say(180, extra=[("Record-Route", "<sip:192.0.2.99;lr>")])
    world.log.clear()
    ack = one(callee.answer(extra=[("Record-Route", value) for value in routes]), "ACK")
    assert ack.headers.get_all("Route") == [f"<sip:{host};lr>" for host in sent]
    assert world.log[0][1].remote[0] == to
    call.hang_up(world.now)
    assert one(world.sent(), "BYE").headers.get_all("Route") == ack.headers.get_all("Route")


UNUSABLE = ["", "v=1\n", ANSWER.replace("m=audio 12692", "m=audio 0"),
            ANSWER.replace("RTP/AVP 0 101", "RTP/AVP 18"), ANSWER.replace("RTP/AVP", "RTP/SAVP"),
            ANSWER.replace("168.86.138.121", "224.1.1.1")]  # fmt: skip


@pytest.mark.parametrize("body", UNUSABLE)
def test_an_unusable_answer_gets_ack_and_bye(body: str, world: World) -> None:
    call, callee = place(world)
    sent = requests(callee.answer(body))
    assert [request.method for request in sent] == ["ACK", "BYE"]
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.session) == (EndCause.NEGOTIATION, call)
    callee.reply(sent[1])
    assert world.event(SessionOver).status == 200
    world.run(40)
    assert world.stack.next_deadline() is None


@pytest.mark.parametrize("ringing", [True, False])
def test_an_answer_without_contact_is_taken_all_the_same(ringing: bool, world: World) -> None:
    """Without an ACK the callee would ring us for half a minute; somebody is there, after all."""
    call, callee = place(world)
    if ringing:
        callee.say(180)
    ack = one(callee.answer(contact=False), "ACK")
    assert ack.start_line == "ACK sip:bob@192.0.2.7 SIP/2.0"
    assert call.state == "confirmed"


def test_a_200_without_sdp_after_early_media(world: World) -> None:
    """What a 183 has answered reliably, the 200 need not say again (RFC 3262 section 5)."""
    call, callee = place(world)
    callee.say(183, ANSWER)
    one(callee.answer(""), "ACK")
    assert world.events()[-1] == Answered(call)
    assert call.media is not None


# --- forks -------------------------------------------------------------------------------------


def test_forks_each_with_early_media(world: World) -> None:
    call, bob = place(world)
    carol = bob.fork("carol")
    bob.say(183, ANSWER)
    carol.say(183, ANSWER.replace("138.121", "138.9"))
    assert call.media is not None
    assert call.media.remote[0] == "168.86.138.9"
    one(bob.answer(""), "ACK")
    assert call.media.remote[0] == "168.86.138.121"


def test_a_second_phone_that_answers_is_told_goodbye(world: World) -> None:
    call, bob = place(world)
    carol = bob.fork("carol")
    bob.answer()
    world.events()
    sent = requests(carol.answer())
    assert [request.method for request in sent] == ["ACK", "BYE"]
    assert {request.to.tag for request in sent} == {"carol"}
    assert sent[1].cseq.number > sent[0].cseq.number
    assert [m.method for m in requests(carol.answer())] == ["ACK"]
    carol.reply(sent[1])
    assert world.events() == []
    assert call.state == "confirmed"


def test_what_a_losing_phone_says_does_not_touch_the_call(world: World) -> None:
    """Its BYE or re-INVITE belongs to a dialog that is no call's any more."""
    call, bob = place(world)
    carol = bob.fork("carol")
    carol.say(183, ANSWER)
    bob.answer()
    world.events()
    carol.cseq = 5000
    assert carol.ask("BYE").status == 481
    assert carol.invite().status == 481
    assert call.state == "confirmed"
    assert bob.ask("OPTIONS").status == 200
    assert not [event for event in world.events() if isinstance(event, SessionEnded)]


def test_the_bye_to_a_losing_phone_is_in_order(world: World) -> None:
    """After a PRACK in its early dialog, the BYE has a higher number still."""
    world.stack.settings = FULL
    _, bob = place(world)
    carol = bob.fork("carol")
    prack = one(carol.say(183, ANSWER, [("Require", "100rel"), ("RSeq", "7")]), "PRACK")
    carol.reply(prack)
    bob.answer()
    bye = requests(carol.answer())[-1]
    assert (bye.method, bye.cseq.number) == ("BYE", prack.cseq.number + 1)


def test_many_forks_are_bounded(world: World) -> None:
    call, bob = place(world)
    for number in range(40):
        bob.fork(f"fork{number}").say(180)
    assert call.state == "calling"
    late = bob.fork("fork39")
    one(late.answer(), "ACK")
    assert call.state == "confirmed"


# --- refusals and redirection --------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 302, 404, 407, 480, 486, 487, 488, 503, 600, 603])
def test_a_refusal_ends_the_call(status: int, world: World) -> None:
    call, callee = place(world)
    callee.say(180)
    world.events()
    ack = one(callee.say(status, extra=[("Contact", "<sip:x@192.0.2.9>")]), "ACK")
    assert ack.vias[0].branch == callee.request.vias[0].branch
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status, call.state) == (EndCause.REFUSED, status, "over")
    world.run(33)
    assert world.stack.next_deadline() is None
    assert world.stack.counters["dialogs"] == 0


def test_twilio_40_its_error_is_kept(world: World) -> None:
    call, callee = place(world)
    callee.say(
        403,
        extra=[
            ("X-Twilio-Error", "32202 Bad credentials"),
            ("Reason", "Q.850;cause=21"),
            ("X-Twilio-CallSid", "CA" + "a" * 32),
        ],
    )
    assert call.x_headers[0] == ("X-Twilio-Error", "32202 Bad credentials")
    assert call.identity_headers == [
        ("X-Twilio-Error", "32202 Bad credentials"),
        ("Reason", "Q.850;cause=21"),
    ]
    assert call.twilio.call_sid == "CA" + "a" * 32


def test_identifiers_are_those_of_the_latest_answer(world: World) -> None:
    call, callee = place(world)
    assert call.twilio.call_sid == ""
    callee.say(180, extra=[("X-Twilio-CallSid", "CA" + "b" * 32)])
    assert call.twilio.call_sid == "CA" + "b" * 32


FOLLOW = StackSettings(redirects=True)


def redirected(
    call: OutgoingCall, callee: Callee, contacts: str, status: int = 302, said: Headers = ()
) -> Callee:
    """The refusal with these contacts, and who is called then."""
    world = callee.world
    world.log.clear()
    sent = callee.say(status, extra=[("Contact", contacts), *said], contact=False)
    invite = one(sent, "INVITE")
    flow = next(flow for _, flow, data in world.log if data.startswith(b"INVITE"))
    return Callee(world, invite, flow)


def test_a_redirection_is_followed_where_the_owner_wants_it() -> None:
    world = World(FOLLOW)
    call, bob = place(world)
    bob.say(183, ANSWER)
    carol = redirected(call, bob, "<sip:low@192.0.2.8>;q=0.2, <sip:carol@192.0.2.9>;q=0.7")
    assert carol.request.start_line == "INVITE sip:carol@192.0.2.9 SIP/2.0"
    assert carol.flow.remote == ("192.0.2.9", 5060)
    # Section 8.1.3.4: To, From and Call-ID stay.
    for name in ("To", "From", "Call-ID"):
        assert carol.request.headers.get(name) == bob.request.headers.get(name)
    assert carol.request.cseq.number == bob.request.cseq.number + 1
    assert call.media is None
    assert call.state == "calling"
    one(carol.answer(), "ACK")
    assert world.events()[-1] == Answered(call)


def test_the_next_best_target_is_tried_when_the_best_is_busy() -> None:
    world = World(FOLLOW)
    call, bob = place(world)
    best = redirected(call, bob, "<sip:two@192.0.2.8>;q=0.2, <sip:one@192.0.2.9>;q=0.7")
    second = one(best.say(486), "INVITE")
    assert str(second.uri) == "sip:two@192.0.2.8"
    last = Callee(world, second, best.flow._replace(remote=("192.0.2.8", 5060)))
    assert requests(last.say(603), "INVITE") == []
    assert world.event(SessionEnded).status == 603


@pytest.mark.parametrize(
    "contacts",
    ["<sip:bob@192.0.2.7>", "<tel:+1555>", "<mailto:a@b>", "", "*", "<sip:x@192.0.2.9>;q=x, <>"],
)
def test_redirections_that_lead_nowhere(contacts: str) -> None:
    world = World(FOLLOW)
    _, callee = place(world)
    sent = callee.say(302, extra=[("Contact", contacts)], contact=False)
    assert [m.method for m in requests(sent)] == ["ACK"]
    assert world.event(SessionEnded).status == 302


@pytest.mark.parametrize("status", [305, 380])
def test_redirections_that_are_not_followed(status: int) -> None:
    world = World(FOLLOW)
    _, callee = place(world)
    callee.say(status, extra=[("Contact", "<sip:x@192.0.2.9>")], contact=False)
    assert world.event(SessionEnded).status == status


def test_a_6xx_ends_the_search() -> None:
    world = World(FOLLOW)
    call, bob = place(world)
    best = redirected(call, bob, "<sip:one@192.0.2.8>, <sip:two@192.0.2.9>")
    assert requests(best.say(603), "INVITE") == []
    assert world.event(SessionEnded).status == 603


def test_who_sent_the_call_on_is_told_to_the_next() -> None:
    """RFC 5806: in the diverting parties' own words, the newest first."""
    call, bob = place(World(FOLLOW))
    first = '"Bob" <sip:bob@192.0.2.7>;reason=no-answer;counter=1'
    carol = redirected(call, bob, "<sip:carol@192.0.2.9>", said=[("Diversion", first)])
    assert carol.request.headers.get_all("Diversion") == [first]
    second = "<sip:carol@192.0.2.9>;reason=unconditional"
    dan = redirected(call, carol, "<sip:dan@192.0.2.10>", said=[("Diversion", second)])
    assert dan.request.headers.get_all("Diversion") == [second, first]


@pytest.mark.parametrize("said", ["<sip:bob@192.0.2.7", '"', "<a>;x, ,,"])
def test_a_diversion_that_cannot_be_read_is_told_to_nobody(said: str) -> None:
    _, bob = place(World(FOLLOW))
    extra = [("Contact", "<sip:carol@192.0.2.9>"), ("Diversion", said)]
    sent = bob.say(302, extra=extra, contact=False)
    assert "Diversion" not in one(sent, "INVITE").headers


def test_redirections_that_go_on_and_on_come_to_an_end() -> None:
    world = World(FOLLOW)
    call, callee = place(world)
    hops = 0
    while True:
        hops += 1
        sent = callee.say(302, extra=[("Contact", f"<sip:x{hops}@192.0.2.9>")], contact=False)
        if not requests(sent, "INVITE"):
            break
        callee = Callee(
            world,
            one(sent, "INVITE"),
            callee.flow._replace(remote=("192.0.2.9", 5060)),
        )
    assert hops == 5
    assert call.state == "over"


def test_whom_we_are_sent_to_is_not_told_what_the_trunk_believes() -> None:
    account = Account("a", "alice", "d", registrars=("sip:198.51.100.9",), caller_id="+1555")
    world = World(StackSettings(redirects=True, accounts=(account,)))
    call, callee = place(world, "600", "a", private=True)
    assert "P-Asserted-Identity" in callee.request.headers
    stranger = redirected(call, callee, "<sip:x@192.0.2.9>")
    assert "P-Asserted-Identity" not in stranger.request.headers
    assert stranger.request.headers.get("Privacy") == "id"


# --- our own end -------------------------------------------------------------------------------


def test_hang_up_before_any_answer_waits_with_the_cancel(world: World) -> None:
    """Section 9.1: no CANCEL before a provisional answer."""
    call, callee = place(world)
    call.hang_up(world.now)
    assert world.sent() == []
    ended = world.event(SessionEnded)
    assert (ended.cause, call.state) == (EndCause.CANCELLED, "cancelling")
    cancel = one(callee.say(100), "CANCEL")
    assert cancel.vias[0].branch == callee.request.vias[0].branch
    callee.reply(cancel)
    one(callee.say(487), "ACK")
    assert world.event(SessionOver) == SessionOver(call, 487)


def test_hang_up_while_it_rings(world: World) -> None:
    call, callee = place(world)
    callee.say(180)
    call.hang_up(world.now)
    cancel = one(world.sent(), "CANCEL")
    assert cancel.to.tag == ""
    assert cancel.start_line == callee.request.start_line.replace("INVITE", "CANCEL", 1)
    callee.reply(cancel)
    callee.say(487)
    assert call.state == "over"


def test_an_answer_that_crosses_the_cancel_is_ended(world: World) -> None:
    call, callee = place(world)
    callee.say(180)
    call.hang_up(world.now)
    callee.reply(one(world.sent(), "CANCEL"), 481)
    world.events()
    sent = requests(callee.answer())
    assert [request.method for request in sent] == ["ACK", "BYE"]
    assert world.events() == []
    callee.reply(sent[1])
    assert world.event(SessionOver) == SessionOver(call, 200)


def test_a_callee_that_ignores_the_cancel_is_forgotten(world: World) -> None:
    call, callee = place(world)
    callee.say(180)
    call.hang_up(world.now)
    world.run(70)
    assert call.state == "over"
    assert world.stack.next_deadline() is None


@pytest.mark.parametrize(
    ("status", "reason", "problem"),
    [
        (480, "Do not disturb", "480 Do not disturb"),
        (503, "", "503 Service Unavailable"),
        (302, "Moved", "302 Moved: redirected, and not followed"),
        (401, "No", "401 No: a password is asked for, and none is configured"),
        (200, "OK", "There is no answer to our offer"),
    ],
)
def test_why_it_failed_is_kept_in_words(
    status: int, reason: str, problem: str, world: World
) -> None:
    call, callee = place(world)
    answer = respond(callee.request, status, tag="b").replace(" Whatever", f" {reason}".rstrip())
    world.stack.receive(answer.encode(), callee.flow, world.now)
    assert call.problem == problem


def test_nobody_there(world: World) -> None:
    call, _ = place(world)
    sent = world.run(33)
    assert len(requests(m for _, m in sent)) == 6
    ended = world.event(SessionEnded)
    assert (ended.cause, call.state) == (EndCause.NO_RESPONSE, "over")
    assert world.stack.next_deadline() is None


def test_a_name_that_does_not_resolve(world: World) -> None:
    world.dns["nowhere.example"] = []
    call = world.stack.place_call("sip:bob@nowhere.example", None, MEDIA, world.now)
    world.sent()
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    assert call.problem == "nowhere.example is not known"


def test_hang_up_while_the_name_is_looked_up(world: World) -> None:
    call = world.stack.place_call("sip:bob@slow.example", None, MEDIA, world.now)
    (lookup,) = world.stack.to_resolve()
    call.hang_up(world.now)
    assert call.state == "over"
    flow = place(World())[1].flow
    world.stack.resolved(lookup.key, [flow], world.now)
    assert world.sent() == []
    assert world.stack.counters["dialogs"] == 0


@pytest.mark.parametrize("state", sorted(OUTGOING))
def test_hang_up_works_everywhere_and_ends_once(state: str, world: World) -> None:
    call = reach(state, world)
    call.hang_up(world.now)
    call.hang_up(world.now)
    ended = [event for event in world.events() if isinstance(event, SessionEnded)]
    assert len(ended) == 1
    world.run(200)
    assert call.state == "over"
    assert world.stack.next_deadline() is None
    assert world.stack.counters["dialogs"] == 0


def reach(state: str, world: World) -> OutgoingCall:
    call, callee = place(world)
    if state == "over":
        callee.say(486)
    if state == "cancelling":
        callee.say(180)
        call.hang_up(world.now)
    if state in {"confirmed", "closing"}:
        callee.answer()
    if state == "closing":
        call.hang_up(world.now)
    world.sent()
    assert call.state == state
    return call


@pytest.mark.parametrize("state", ["calling"])
def test_too_early_is_our_mistake(state: str, world: World) -> None:
    call = reach(state, world)
    calls: list[Callable[[], None]] = [
        lambda: call.hold(world.now),
        lambda: call.transfer("sip:x@y", world.now),
        lambda: call.send_digit_info("1", 100, world.now),
        lambda: call.send_flash_info(world.now),
    ]
    for wrong in calls:
        with pytest.raises(LocalProtocolError):
            wrong()
    assert world.sent() == []


@pytest.mark.parametrize("state", ["cancelling", "closing", "over"])
def test_calls_on_a_call_that_is_over_do_nothing(state: str, world: World) -> None:
    call = reach(state, world)
    call.hold(world.now)
    call.resume(world.now)
    call.transfer("sip:x@y", world.now)
    call.send_digit_info("1", 100, world.now)
    call.send_flash_info(world.now)
    call.readdress(world.now)
    assert world.sent() == []
    assert call.state == state


def test_bye_of_a_callee_before_its_answer_is_answered_and_no_more(world: World) -> None:
    call, callee = place(world)
    callee.say(180)
    world.events()
    assert callee.ask("BYE").status == 200
    assert world.events() == []
    assert call.state == "calling"


def test_the_peer_of_our_call_is_let_in_as_long_as_it_lasts(world: World) -> None:
    call, callee = outgoing(world)
    assert world.stack.admits(CALLEE[0])
    world.run(40)
    assert world.stack.admits(CALLEE[0])
    callee.send("BYE")
    world.run(70)
    assert not world.stack.admits(CALLEE[0])
    assert call.state == "over"


def test_an_offer_that_a_call_makes(world: World) -> None:
    _, callee = place(world)
    body = callee.request.body.decode()
    assert "o=- 4711 1 IN IP4 203.0.113.5\r\n" in body
    assert "m=audio 10000 RTP/AVP 0 8 101\r\n" in body
    assert "a=sendrecv\r\n" in body


CHALLENGE = ("Proxy-Authenticate", 'Digest realm="sip.twilio.com", nonce="n1", qop="auth"')


def test_twilio_40_a_407_and_answers_with_other_tags() -> None:
    """The To-tag of a challenge is that of no dialog."""
    world = World(WITH_TRUNK)
    call, first = place(world, "+15551234567", "trunk")
    sent = first.fork("challenger").say(407, extra=[CHALLENGE])
    one(sent, "ACK")
    again = one(sent, "INVITE")
    assert again.to.tag == ""
    assert again.cseq.number == first.request.cseq.number + 1
    assert again.vias[0].branch != first.request.vias[0].branch
    assert "Proxy-Authorization" in again.headers
    for name in ("Call-ID", "From", "To"):
        assert again.headers.get(name) == first.request.headers.get(name)
    bob = Callee(world, again, first.flow)
    bob.say(180)
    bob.fork("carol").say(183, ANSWER)
    ack = one(bob.fork("dave").answer(), "ACK")
    assert ack.to.tag == "dave"
    assert ack.headers.get("Proxy-Authorization") == again.headers.get("Proxy-Authorization")
    assert call.state == "confirmed"


def test_hang_up_while_another_way_is_looked_up() -> None:
    """The connection of the registration is gone, and its host is being looked up anew."""
    account = Account("a", "alice", "d", registrars=("sip:198.51.100.9;transport=tcp",))
    world = World(StackSettings(accounts=(account,)))
    world.stack.start(world.now)
    register = one(world.sent(), "REGISTER")
    registrar = Callee(world, register, world.log[-1][1])
    registrar.reply(register, 200, extra=[("Contact", register.headers.get("Contact") or "")])
    call = world.stack.place_call("600", "a", MEDIA, world.now)
    (datagram,) = world.stack.to_send()
    world.stack.transport_failed(datagram.key, "broken pipe", world.now)
    world.stack.to_resolve()
    call.hang_up(world.now)
    assert world.event(SessionEnded).cause is EndCause.CANCELLED
    assert call.state == "over"
