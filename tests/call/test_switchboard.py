"""The switchboard by rows: what a caller and a phone do, and what each side must then be told."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.call.extension import FIRST_DIGIT_S, HOWLER_S, REFUSAL_S, Extension
from gateway.call.incoming import BELL_TIMEOUT_S
from gateway.call.switchboard import Switchboard
from gateway.errors import ExhaustedError
from gateway.line import CallerIdentity
from gateway.line.events import (
    DigitEnded,
    DigitStarted,
    HookFlash,
    LineFault,
    OffHook,
    OnHook,
    PulseDigit,
    Ringing,
)
from gateway.sip import CallerId, EndCause
from tests.call.exchange import Exchange
from tests.fakes.exchange import media


def test_a_call_from_bell_to_remote_hang_up() -> None:
    exchange = Exchange()
    caller = exchange.invite()
    assert caller.log == []  # 180 only after the port confirmed the bell
    assert exchange.phones["phone1"].log == [("ring",)]
    exchange.phone(Ringing())
    assert caller.log == [("ring",)]
    exchange.phone(OffHook(answered=True))
    assert caller.log == [("ring",), ("answer",)]
    assert exchange.voices.taken[0].log == [("apply", True, True)]
    exchange.board.session_ended(caller, EndCause.REMOTE_BYE, 200, exchange.now)
    assert exchange.voices.taken[0].log[-1] == ("stop",)
    assert exchange.phones["phone1"].last_tone == "busy"
    assert caller.log[-1] == ("answer",)  # the session is over: nothing more is asked of it
    assert exchange.observer.story == ["offered", "ringing", "answered", "ended remote-hangup"]
    assert exchange.board.calls == []


def test_hanging_up_the_phone_sends_bye_and_leaves_silence() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    exchange.phone(OnHook())
    assert caller.log[-1] == ("hang_up", "local-hangup")
    assert exchange.phones["phone1"].last_tone is None
    assert exchange.observer.calls[0].answered == 100.0


@pytest.mark.parametrize(
    ("prepare", "caller", "status", "reason"),
    [
        pytest.param("in fault", {}, 480, "line-fault", id="line in fault"),
        pytest.param("off-hook", {}, 486, "busy", id="phone lifted"),
        pytest.param("in call", {}, 486, "busy", id="second call"),
        pytest.param("ringing", {}, 486, "busy", id="second call while ringing"),
        pytest.param("", {"acceptable": False}, 488, "no-common-codec", id="no codec"),
        pytest.param("no ports", {}, 480, "no-rtp-port", id="RTP ports used up"),
    ],
)
def test_a_call_that_cannot_be_had(
    prepare: str, caller: dict[str, Any], status: int, reason: str
) -> None:
    exchange = Exchange()
    match prepare:
        case "in fault":
            exchange.phones["phone1"].state = "fault"
        case "off-hook":
            exchange.phone(OffHook(answered=False))
        case "in call":
            exchange.talk()
        case "ringing":
            exchange.invite()
        case "no ports":
            exchange.voices.free = 0
    before = [list(voice.log) for voice in exchange.voices.taken]
    session = exchange.invite(**caller)
    assert session.log == [("reject", status, reason)]
    assert session.described["reason"] == reason
    assert session.described["line"] == "phone1"
    assert [voice.log for voice in exchange.voices.taken[: len(before)]] == before
    assert exchange.observer.story[-1] == f"ended {reason}"


def test_an_unknown_user_is_404() -> None:
    exchange = Exchange()
    exchange.board = Switchboard(
        [Extension("phone1", ("alice",), exchange.phones["phone1"])],
        exchange.voices,
        exchange.trunks,
        exchange.observer,
        names=lambda: "c1",
    )
    session = exchange.invite("Alice")  # users are case-sensitive
    assert session.log == [("reject", 404, "unknown-user")]
    assert exchange.voices.taken == []


@pytest.mark.parametrize(
    ("user", "number", "line"),
    [
        ("alice", "", "phone1"),
        ("+15551234567", "+15551234567", "phone1"),
        ("+15551234567;npdi", "+15551234567", "phone1"),
        ("+1-555-123-4567", "+15551234567", "phone1"),
        ("bob", "", "phone2"),
        ("600", "600", "phone2"),
        ("", "", "phone2"),
    ],
)
def test_the_first_line_whose_users_match_rings(user: str, number: str, line: str) -> None:
    exchange = Exchange()
    exchange.invite(user, requested_number=number)
    assert exchange.phones[line].state == "ringing"


@pytest.mark.parametrize("cause", [EndCause.CANCELLED, EndCause.EXPIRED])
def test_cancel_silences_the_bell(cause: EndCause) -> None:
    exchange = Exchange()
    caller = exchange.invite()
    exchange.phone(Ringing())
    exchange.board.session_ended(caller, cause, 487, exchange.now)
    assert exchange.phones["phone1"].log[-1] == ("stop_ringing",)
    assert exchange.voices.taken[0].log == [("stop",)]
    assert exchange.observer.calls[0].sip_status == 487
    assert exchange.observer.story[-1] == f"ended {cause.value}"


def test_a_bell_that_does_not_ring_is_480() -> None:
    exchange = Exchange()
    caller = exchange.invite()
    exchange.later(BELL_TIMEOUT_S)
    assert caller.log == [("reject", 480, "bell-did-not-ring")]


def test_an_answer_before_the_bell_is_confirmed_is_an_answer() -> None:
    exchange = Exchange()
    caller = exchange.invite()
    exchange.phone(OffHook(answered=True), Ringing())
    assert caller.log == [("answer",)]


def test_ringing_has_no_time_out_of_ours() -> None:
    exchange = Exchange()
    caller = exchange.invite()
    exchange.phone(Ringing())
    exchange.later(3600)
    assert caller.log == [("ring",)]


def test_delayed_offer_opens_the_voice_at_the_ack() -> None:
    exchange = Exchange()
    caller = exchange.invite(delayed_offer=True)
    exchange.phone(Ringing(), OffHook(answered=True))
    assert exchange.voices.taken[0].log == []
    caller.media = media()
    exchange.board.answered(caller, exchange.now)
    assert exchange.voices.taken[0].log == [("apply", True, True)]


@pytest.mark.parametrize(
    ("alert_info", "rung"),
    [
        ([], ("ring",)),
        (["<http://127.0.0.1/Bellcore-dr3>"], ("ring", "r3")),
        (["<urn:alert:service:normal>;info=alert-internal"], ("ring",)),
    ],
)
def test_the_caller_may_wish_for_a_cadence(alert_info: list[str], rung: tuple[str, ...]) -> None:
    exchange = Exchange()
    exchange.invite(alert_info=alert_info)
    assert exchange.phones["phone1"].log == [rung]


def test_hold_and_resume() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    exchange.board.media_changed(caller, media(sending=False), exchange.now)
    exchange.board.media_changed(caller, media(sending=False), exchange.now)
    exchange.board.media_changed(caller, media(), exchange.now)
    assert exchange.observer.story[3:] == ["held", "resumed"]
    assert exchange.voices.taken[0].log[-1] == ("apply", True, True)


@pytest.mark.parametrize(
    ("held", "status", "text"),
    [
        (False, 488, "the far end was not put on hold: it says 488"),
        (True, None, "the far end was not resumed: the network is in the way"),
    ],
)
def test_a_refused_hold_or_resume_is_told(held: bool, status: int | None, text: str) -> None:
    exchange = Exchange()
    caller = exchange.talk()
    if held:
        exchange.board.media_changed(caller, media(holding=True), exchange.now)
    exchange.board.offer_refused(caller, status)
    assert text in exchange.observer.story[-1]


@pytest.mark.parametrize(
    ("info", "telephone_event", "voice", "session"),
    [
        pytest.param(False, 101, [("start", "5"), ("end",), ("send", "0", 100)], [], id="RFC 4733"),
        pytest.param(False, None, [("start", "5"), ("end",), ("send", "0", 100)], [], id="in band"),
        pytest.param(
            True,
            101,
            [("start", "5"), ("end",), ("send", "0", 100)],
            [("info flash",)],
            id="flash by INFO",
        ),
        pytest.param(
            True,
            None,
            [],
            [("info", "5", 80), ("info", "0", 100), ("info flash",)],
            id="all by INFO",
        ),
    ],
)
def test_digits_of_the_phone_reach_the_far_end_and_the_record(
    info: bool, telephone_event: int | None, voice: list[Any], session: list[Any]
) -> None:
    exchange = Exchange(info_digits=info)
    caller = exchange.talk()
    caller.media = media(telephone_event=telephone_event)
    exchange.voices.taken[0].log.clear()
    caller.log.clear()
    exchange.phone(DigitStarted("5"), DigitEnded("5", 80), PulseDigit("0"), HookFlash())
    assert exchange.voices.taken[0].log == voice
    assert caller.log == session
    assert exchange.board.calls[0].digits_sent == ["5", "0"]


def test_digits_and_flashes_that_come_by_info() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    exchange.board.info_digit(caller, "7", 160)
    exchange.board.flash_received(caller)
    assert exchange.voices.taken[0].log[-1] == ("play", "7", 160)
    assert exchange.board.calls[0].digits_received == ["7"]
    assert exchange.observer.story[-2:] == ["received 7", "flash received"]


def test_digits_from_the_far_end_reach_the_record() -> None:
    exchange = Exchange()
    exchange.talk()
    exchange.board.digit_received(exchange.board.calls[0], "#")
    assert exchange.board.calls[0].digits_received == ["#"]


def test_no_rtp_ends_the_call() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    exchange.board.rtp_timeout(exchange.board.calls[0], exchange.now)
    assert caller.log[-1] == ("hang_up", "rtp-timeout")
    assert exchange.phones["phone1"].last_tone == "busy"


@pytest.mark.parametrize("stage", ["offered", "ringing", "talking"])
def test_a_line_fault_ends_the_call(stage: str) -> None:
    exchange = Exchange()
    caller = exchange.talk() if stage == "talking" else exchange.invite()
    if stage == "ringing":
        exchange.phone(Ringing())
    exchange.phone(LineFault("card gone"))
    wanted = ("hang_up", "line-fault") if stage == "talking" else ("reject", 480, "line-fault")
    assert caller.log[-1] == wanted
    assert exchange.board.calls == []


def test_shutdown_ends_every_call() -> None:
    exchange = Exchange()
    talking = exchange.talk()
    ringing = exchange.invite("bob")
    exchange.board.shutdown(exchange.now)
    assert talking.log[-1] == ("hang_up", "shutdown")
    assert ringing.log[-1] == ("reject", 480, "shutdown")


def test_the_end_is_told_once() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    exchange.phone(OnHook())
    exchange.board.session_ended(caller, EndCause.LOCAL_BYE, None, exchange.now)
    exchange.board.shutdown(exchange.now)
    assert [entry for entry in caller.log if entry[0] == "hang_up"] == [("hang_up", "local-hangup")]
    assert exchange.observer.story.count("ended local-hangup") == 1


def test_a_lifted_phone_hears_dial_tone_refusal_howler_and_silence() -> None:
    exchange = Exchange()
    phone = exchange.phones["phone1"]
    exchange.phone(OffHook(answered=False))
    assert phone.last_tone == "dial"
    heard = []
    for seconds in (FIRST_DIGIT_S, REFUSAL_S, HOWLER_S):
        exchange.later(seconds)
        heard.append(phone.last_tone)
    assert heard == ["congestion", "howler", None]


@pytest.mark.parametrize("digit", [DigitStarted("1"), PulseDigit("1")])
def test_a_digit_without_an_account_hears_congestion(digit: Any) -> None:
    exchange = Exchange()
    exchange.phone(OffHook(answered=False), digit, line="phone2")
    assert exchange.phones["phone2"].last_tone == "congestion"


def test_putting_the_phone_down_ends_its_tones() -> None:
    exchange = Exchange()
    exchange.phone(OffHook(answered=False), OnHook())
    exchange.later(1000)
    assert exchange.phones["phone1"].last_tone is None


def test_after_shutdown_no_call_is_taken() -> None:
    exchange = Exchange()
    exchange.board.shutdown(exchange.now)
    caller = exchange.invite()
    assert caller.log == [("reject", 480, "shutdown")]
    assert exchange.phones["phone1"].log == []


def test_a_voice_that_fails_at_the_answer_ends_the_call_in_order() -> None:
    exchange = Exchange()
    caller = exchange.invite()
    exchange.voices.taken[0].refusal = ExhaustedError("no stream is free")
    exchange.phone(Ringing(), OffHook(answered=True))
    assert caller.log[-1] == ("hang_up", "media-failure")
    assert exchange.observer.story == [
        "offered",
        "ringing",
        "answered",
        "the voice engine refused: no stream is free",
        "ended media-failure",
    ]


def test_a_short_break_means_something_else_while_people_talk() -> None:
    exchange = Exchange()
    caller = exchange.talk()
    assert exchange.phones["phone1"].in_talk
    exchange.end(caller, EndCause.REMOTE_BYE)
    assert not exchange.phones["phone1"].in_talk


def test_dial_tone_stutters_when_the_mailbox_has_messages() -> None:
    exchange = Exchange()
    for waiting, tone in ((True, "stutter"), (False, "dial")):
        exchange.board.messages_waiting("trunk", waiting, exchange.now)
        exchange.phone(OffHook(answered=False))
        assert exchange.heard == tone
        assert exchange.phones["phone1"].lamp is waiting
        exchange.phone(OnHook())
    exchange.board.messages_waiting("trunk", True, exchange.now)
    exchange.phone(OffHook(answered=False), line="phone2")
    assert exchange.phones["phone2"].last_tone == "dial"
    assert exchange.phones["phone2"].lamp is None


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        (CallerId("Alice", "+15550001111", False), CallerIdentity("+15550001111", "Alice")),
        (CallerId("", "", True), CallerIdentity(absence="private")),
        (CallerId("Reception", "", False), CallerIdentity(name="Reception")),
    ],
)
def test_the_phone_is_told_who_calls(caller: CallerId, shown: CallerIdentity) -> None:
    exchange = Exchange()
    exchange.invite(caller=caller)
    assert exchange.phones["phone1"].shown == [shown]


@pytest.mark.parametrize(
    ("how", "times"),
    [("far end", 1), ("local", 0), ("before the answer", 0), ("dialled and refused", 0)],
)
def test_the_line_itself_tells_that_the_far_end_is_gone(how: str, times: int) -> None:
    exchange = Exchange()
    match how:
        case "far end":
            exchange.end(exchange.talk(), EndCause.REMOTE_BYE)
        case "local":
            exchange.talk()
            exchange.phone(OnHook())
        case "before the answer":
            exchange.end(exchange.invite(), EndCause.CANCELLED)
        case _:
            exchange.end(exchange.dial("600#"), EndCause.REFUSED, 486)
    assert exchange.phones["phone1"].disconnected == times


# --- a call that takes the place of another ----------------------------------------------------


@pytest.mark.parametrize("outgoing", [False, True])
def test_a_call_with_replaces_is_answered_without_a_ring(outgoing: bool) -> None:
    exchange = Exchange()
    old = exchange.call_out() if outgoing else exchange.talk()
    exchange.phones["phone1"].log.clear()
    new = exchange.invite("whoever", replaces=old)
    assert new.log == [("answer",)]
    assert [voice.log[-1] for voice in exchange.voices.taken] == [
        ("detach",),
        ("apply", True, True),
    ]
    assert ("ring",) not in exchange.phones["phone1"].log
    exchange.end(old, EndCause.REPLACED)
    assert exchange.states == ["talking"]
    assert exchange.phones["phone1"].last_tone is None
    exchange.phone(OnHook())
    assert new.log[-1] == ("hang_up", "local-hangup")
    assert exchange.board.calls == []


def test_a_call_with_replaces_that_cannot_be_had_leaves_the_old_one_alone() -> None:
    exchange = Exchange()
    old = exchange.talk()
    new = exchange.invite(replaces=old, acceptable=False)
    assert new.log == [("reject", 488, "no-common-codec")]
    assert exchange.voices.taken[0].log[-1] == ("apply", True, True)
    exchange.phone(OnHook())
    assert old.log[-1] == ("hang_up", "local-hangup")


def test_replaces_of_a_call_that_is_over_rings_like_any_other() -> None:
    exchange = Exchange()
    old = exchange.talk()
    exchange.phone(OnHook())
    exchange.invite(replaces=old)
    assert exchange.phones["phone1"].state == "ringing"
