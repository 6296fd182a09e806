"""INFO inside calls (RFC 6086): digits and hook flash in the spellings that vendors use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip import DigitReceived, EndCause, Event, FlashReceived, SessionEnded
from gateway.sip.info import FLASH, digit_body, flash_body, read_info

from .harness import Caller, World, incoming
from .peer import FULL, KINDS, one, requests, up

RELAY = "application/dtmf-relay"
DTMF = "application/dtmf"
BROADSOFT = "application/broadsoft"

BODIES = [
    (RELAY, "Signal=5\r\nDuration=160\r\n", "5", 160),
    (RELAY, "Signal= 5\nDuration= 160\n", "5", 160),
    (RELAY, "signal = *\r\n", "*", 250),
    (RELAY, "Duration=90\r\nSignal=#", "#", 90),
    (RELAY, "Signal=a\r\nDuration=100", "A", 100),
    (RELAY, "Signal=10\r\nDuration=100", "*", 100),
    (RELAY, "Signal=11\r\nDuration=100", "#", 100),
    (RELAY, "Signal=15", "D", 250),
    (RELAY, "Signal=star", "*", 250),
    (RELAY, "Signal=POUND", "#", 250),
    (RELAY, "Signal=9\r\nDuration=999999", "9", 5000),
    (RELAY, "Signal=9\r\nDuration=x", "9", 250),
    (RELAY, "Signal=16\r\nDuration=100", FLASH, 100),
    (RELAY, "Signal=!\r\nDuration=100", FLASH, 100),
    (RELAY, "Signal=hf", FLASH, 250),
    (RELAY, "Signal=Flash", FLASH, 250),
    (RELAY, "7", "7", 250),
    ("Application/DTMF-Relay;x=y", "Signal=1", "1", 250),
    (DTMF, "5", "5", 250),
    (DTMF, " # \r\n", "#", 250),
    (DTMF, "10", "*", 250),
    (DTMF, "16", FLASH, 250),
    (DTMF, "d", "D", 250),
    (DTMF, "Signal=3\r\nDuration=80\r\n", "3", 80),
    (BROADSOFT, "event flashhook\r\n", FLASH, 0),
    (BROADSOFT, "Event FlashHook", FLASH, 0),
    ("application/hook-flash", "signal=hf", FLASH, 0),
    ("application/hook-flash", "anything", FLASH, 0),
]

REFUSED = [
    (RELAY, "Signal=\r\n", 400),
    (RELAY, "Signal=17", 400),
    (RELAY, "Signal=5x", 400),
    (RELAY, "Duration=100", 400),
    (DTMF, "123", 400),
    (DTMF, "\xff", 400),
    (BROADSOFT, "event other", 400),
    ("text/plain", "5", 415),
    ("application/sdp", "v=0", 415),
    ("", "5", 415),
]


@pytest.fixture
def world() -> World:
    return World(FULL)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("content", "body", "what", "duration"), BODIES)
def test_spellings(content: str, body: str, what: str, duration: int, world: World) -> None:
    session, peer = up(world, "incoming")
    assert peer.ask("INFO", body, [("Content-Type", content)]).status == 200
    flash: Event = FlashReceived(session)
    digit: Event = DigitReceived(session, what, duration)
    assert world.events() == [flash if what == FLASH else digit]


ACCEPT = "application/dtmf-relay, application/dtmf, application/broadsoft, application/hook-flash"


@pytest.mark.parametrize(("content", "body", "status"), REFUSED)
def test_what_says_nothing_is_refused(
    content: str, body: str, status: int, kind: str, world: World
) -> None:
    session, peer = up(world, kind)
    refusal = peer.ask("INFO", body, [("Content-Type", content)])
    assert refusal.status == status
    assert refusal.headers.get("Accept") == (ACCEPT if status == 415 else None)
    assert world.events() == []
    assert session.state == "confirmed"


def test_an_empty_info_is_a_sign_of_life(kind: str, world: World) -> None:
    _, peer = up(world, kind)
    assert peer.ask("INFO").status == 200
    assert world.events() == []


def test_packages_are_not_wanted(kind: str, world: World) -> None:
    """RFC 6086 section 4.2.2."""
    _, peer = up(world, kind)
    refusal = peer.ask("INFO", "5", [("Info-Package", "x"), ("Content-Type", DTMF)])
    assert (refusal.status, refusal.headers.get("Recv-Info")) == (469, "")
    assert world.events() == []


def test_a_repeated_info_is_one_digit(world: World) -> None:
    _, peer = up(world, "incoming")
    for _ in range(3):
        peer.send("INFO", "5", [("Content-Type", DTMF)], branch="z9hG4bKsame", cseq=30000)
    assert len(world.events()) == 1


def test_a_digit_after_the_end_is_no_digit(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    session.hang_up(world.now)
    world.sent()
    world.events()
    assert peer.ask("INFO", "5", [("Content-Type", DTMF)]).status == 481
    assert world.events() == []


def test_twilio_34_no_info_for_twilio(kind: str) -> None:
    world = World()
    _, peer = up(world, kind)
    assert peer.ask("INFO", "5", [("Content-Type", DTMF)]).status == 405
    assert [e for e in world.events() if isinstance(e, DigitReceived)] == []


# --- ours --------------------------------------------------------------------------------------


def test_digits_leave_one_after_the_other(kind: str, world: World) -> None:
    """Two on the way may overtake each other; the late one would be refused and lost."""
    session, peer = up(world, kind)
    for digit in "5*":
        session.send_digit_info(digit, 120, world.now)
    session.send_flash_info(world.now)
    first = one(world.sent(), "INFO")
    assert first.headers.get("Content-Type") == RELAY
    assert first.body == b"Signal=5\r\nDuration=120\r\n"
    second = one(peer.reply(first), "INFO")
    assert second.body == b"Signal=*\r\nDuration=120\r\n"
    assert second.cseq.number == first.cseq.number + 1
    third = one(peer.reply(second, 415), "INFO")
    assert (third.headers.get("Content-Type"), third.body) == (BROADSOFT, b"event flashhook\r\n")
    assert peer.reply(third) == []
    assert session.state == "confirmed"


@pytest.mark.parametrize("answer", [481, 408, 0])
def test_a_peer_that_knows_nothing_of_the_call_ends_it(
    answer: int, kind: str, world: World
) -> None:
    """RFC 3261 section 12.2.1.2, as after a re-INVITE; and no more digits go there."""
    session, peer = up(world, kind)
    session.send_digit_info("1", 100, world.now)
    session.send_digit_info("2", 100, world.now)
    first = one(world.sent(), "INFO")
    later = peer.reply(first, answer) if answer else [m for _, m in world.run(32)]
    assert {m.cseq.number for m in requests(later, "INFO")} <= {first.cseq.number}
    bye = one(later, "BYE")
    ended = world.event(SessionEnded)
    assert (ended.session, ended.cause) == (session, EndCause.NO_RESPONSE)
    session.send_digit_info("3", 100, world.now)
    assert peer.reply(bye) == []


def test_a_network_that_is_gone_for_a_moment_costs_one_digit(kind: str, world: World) -> None:
    session, peer = up(world, kind)
    hosts = {flow.remote[0] for flow in (session.flow, peer.flow)}
    world.unreachable |= hosts
    session.send_digit_info("1", 100, world.now)
    assert world.sent() == []
    world.unreachable -= hosts
    session.send_digit_info("2", 100, world.now)
    assert one(world.sent(), "INFO").body == b"Signal=2\r\nDuration=100\r\n"
    assert session.state == "confirmed"


@pytest.mark.parametrize("ending", ["ours", "theirs"])
def test_digits_that_have_not_left_do_not_leave_after_the_end(
    ending: str, kind: str, world: World
) -> None:
    session, peer = up(world, kind)
    session.send_digit_info("1", 100, world.now)
    session.send_digit_info("2", 100, world.now)
    first = one(world.sent(), "INFO")
    if ending == "ours":
        session.hang_up(world.now)
    else:
        peer.ask("BYE")
    world.sent()
    assert requests(peer.reply(first), "INFO") == []
    session.send_digit_info("3", 100, world.now)
    assert world.sent() == []


@pytest.mark.parametrize("digit", ["", "55", "x", "1\r\nX: y", "!"])
def test_what_is_no_digit_is_our_mistake(digit: str, world: World) -> None:
    session, _ = up(world, "incoming")
    with pytest.raises(LocalProtocolError):
        session.send_digit_info(digit, 100, world.now)


def test_too_early_is_our_mistake(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    with pytest.raises(LocalProtocolError):
        session.send_digit_info("5", 100, world.now)
    with pytest.raises(LocalProtocolError):
        session.send_flash_info(world.now)


@given(st.sampled_from("0123456789*#ABCD"), st.integers(40, 5000))
def test_what_we_write_we_read(digit: str, duration_ms: int) -> None:
    assert read_info(RELAY, digit_body(digit, duration_ms)) == (digit, duration_ms)
    assert read_info(BROADSOFT, flash_body()) == (FLASH, 0)


@given(st.sampled_from([RELAY, DTMF, BROADSOFT, "application/hook-flash"]), st.binary(max_size=80))
def test_any_body(kind: str, body: bytes) -> None:
    try:
        signal = read_info(kind, body)
    except RemoteProtocolError:
        return
    assert signal.what == FLASH or signal.what in "0123456789*#ABCD"
