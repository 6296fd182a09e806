"""Calls that a phone places, by rows: what is dialled, what the far end says, what is heard."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.call.dialling import INTER_DIGIT_S
from gateway.call.extension import HOWLER_S, REFUSAL_S
from gateway.call.outgoing import NO_ANSWER_S
from gateway.errors import ExhaustedError
from gateway.line.events import DigitEnded, DigitStarted, LineFault, OffHook, OnHook, PulseDigit
from gateway.sip import EndCause
from tests.call.exchange import Exchange
from tests.fakes.exchange import media


def test_a_call_from_the_first_digit_to_the_hang_up() -> None:
    exchange = Exchange()
    exchange.phone(OffHook(answered=False))
    assert exchange.heard == "dial"
    exchange.phone(DigitStarted("6"), DigitEnded("6", 100))
    assert exchange.heard is None  # dial tone ends at the first digit
    exchange.phone(PulseDigit("0"), DigitStarted("1"), DigitEnded("1", 100))
    assert exchange.trunks.placed == []
    exchange.later(INTER_DIGIT_S)
    assert exchange.trunks.placed == [("601", "trunk", "", "")]
    session: Any = exchange.trunks.sessions[0]
    assert session.described == {"line": "phone1", "call": "c1"}
    assert (exchange.states, exchange.heard) == (["proceeding"], None)
    exchange.board.progress(session, 180, exchange.now)
    exchange.board.progress(session, 180, exchange.now)
    assert (exchange.states, exchange.heard) == (["ringing"], "ringback")
    session.media = media()
    exchange.board.answered(session, exchange.now)
    assert (exchange.states, exchange.heard) == (["talking"], None)
    assert exchange.phones["phone1"].in_talk
    assert exchange.voices.taken[0].log == [("apply", True, True)]
    exchange.phone(DigitStarted("5"), DigitEnded("5", 100))
    assert exchange.board.calls[0].digits_sent == ["5"]
    exchange.phone(OnHook())
    assert session.log == [("hang_up", "local-hangup")]
    assert exchange.observer.story == [
        "placed",
        "ringing",
        "answered",
        "sent 5",
        "ended local-hangup",
    ]
    record = exchange.observer.calls[0]
    assert (record.direction, record.account, record.answered) == ("outgoing", "trunk", 104.0)


VOICE = (0, True)
APPLIED = ("apply", True, True)


@pytest.mark.parametrize(
    ("steps", "states", "heard", "voice"),
    [
        pytest.param([(100, False)], "proceeding", None, [], id="100"),
        pytest.param([(183, False)], "proceeding", None, [], id="183 without media"),
        pytest.param([(181, False), (180, False)], "ringing", "ringback", [], id="180"),
        pytest.param([(183, True)], "early-media", None, [APPLIED], id="183"),
        pytest.param(
            [(183, True), (183, True)],
            "early-media",
            None,
            [APPLIED, APPLIED],
            id="another branch answers early",
        ),
        # RFC 3960 section 3.2: a 180 is ringback of ours until the far end is heard.
        pytest.param([(180, True)], "ringing", "ringback", [APPLIED], id="180 with silence"),
        pytest.param(
            [(183, True), (180, True)], "ringing", "ringback", [APPLIED] * 2, id="183 silent, 180"
        ),
        pytest.param(
            [(180, False), (183, True)], "ringing", "ringback", [APPLIED], id="180, 183 silent"
        ),
        pytest.param(
            [(180, False), (183, True), VOICE], "early-media", None, [APPLIED], id="180, 183, voice"
        ),
        pytest.param([(180, True), VOICE], "early-media", None, [APPLIED], id="180, voice"),
        pytest.param(
            [(183, True), VOICE, (180, True)],
            "early-media",
            None,
            [APPLIED, APPLIED],
            id="183, voice, 180",
        ),
    ],
)
def test_what_is_heard_before_the_answer(
    steps: list[tuple[int, bool]], states: str, heard: str | None, voice: list[Any]
) -> None:
    exchange = Exchange()
    session = exchange.dial("600#")
    for status, has_media in steps:
        if (status, has_media) == VOICE:
            exchange.board.voice_heard(exchange.board.calls[0], exchange.now)
            continue
        session.media = media() if has_media else None
        exchange.board.progress(session, status, exchange.now)
    assert (exchange.states, exchange.heard) == ([states], heard)
    assert exchange.voices.taken[0].log == voice


def test_a_voice_menu_in_early_media_hears_digits() -> None:
    exchange = Exchange(info_digits=True)
    session = exchange.dial("600#")
    exchange.phone(DigitStarted("1"), DigitEnded("1", 100))  # nobody listens yet
    session.media = media(telephone_event=None)
    exchange.board.progress(session, 183, exchange.now)
    exchange.phone(DigitStarted("2"), DigitEnded("2", 100))
    assert exchange.voices.taken[0].log[1:] == [("start", "2"), ("end",)]
    assert session.log == []  # INFO waits for the dialog


@pytest.mark.parametrize(
    ("cause", "status", "heard", "reason"),
    [
        ("refused", 486, "busy", "busy"),
        ("refused", 600, "busy", "busy"),
        ("refused", 404, "special", "number-unobtainable"),
        ("refused", 484, "special", "number-unobtainable"),
        ("refused", 604, "special", "number-unobtainable"),
        ("refused", 403, "congestion", "declined"),
        ("refused", 603, "congestion", "declined"),
        ("refused", 408, "congestion", "unavailable"),
        ("refused", 480, "congestion", "unavailable"),
        ("refused", 487, "congestion", "unavailable"),
        ("refused", 488, "congestion", "no-common-codec"),
        ("refused", 500, "congestion", "failed"),
        ("refused", 503, "congestion", "failed"),
        ("refused", 302, "congestion", "failed"),
        ("refused", 407, "congestion", "failed"),
        ("no-response", None, "congestion", "no-response"),
        ("transport", None, "congestion", "transport-failed"),
        ("negotiation", 200, "congestion", "no-common-codec"),
    ],
)
def test_what_is_heard_when_it_fails(
    cause: str, status: int | None, heard: str, reason: str
) -> None:
    exchange = Exchange()
    session = exchange.dial("600#")
    exchange.board.progress(session, 180, exchange.now)
    exchange.end(session, EndCause(cause), status)
    assert exchange.heard == heard
    assert exchange.observer.story[-1] == f"ended {reason}"
    assert exchange.observer.calls[0].sip_status == status
    assert session.log == []  # it knows
    assert exchange.voices.taken[0].log == [("stop",)]
    exchange.later(REFUSAL_S)
    assert exchange.heard == "howler"
    exchange.later(HOWLER_S)
    assert exchange.heard is None


NO_ACCOUNT = ["not placed: the line has no account in the configuration"]
DOWN = ["not placed: account trunk is not registered; `tipring status` says why"]
NOTHING = ["not placed: nothing was dialled"]
STOPPING = ["not placed: the service is stopping"]


@pytest.mark.parametrize(
    ("prepare", "digits", "line", "heard", "story"),
    [
        pytest.param("", "6", "phone2", "congestion", NO_ACCOUNT, id="no account"),
        pytest.param("down", "6", "phone1", "congestion", DOWN, id="not registered"),
        pytest.param("", "#", "phone1", "special", NOTHING, id="nothing dialled"),
        pytest.param(
            "bad", "600#", "phone1", "special", ["not placed: 600 cannot be called"], id="no URI"
        ),
        pytest.param(
            "ports", "600#", "phone1", "congestion", ["not placed: no RTP port is free"], id="ports"
        ),
        pytest.param("shut", "6", "phone1", "busy", STOPPING, id="shutdown"),
    ],
)
def test_a_call_that_cannot_be_placed(
    prepare: str, digits: str, line: str, heard: str, story: list[str]
) -> None:
    exchange = Exchange()
    match prepare:
        case "down":
            exchange.trunks.up.clear()
        case "bad":
            exchange.trunks.bad = "600"
        case "ports":
            exchange.voices.free = 0
        case "shut":
            exchange.board.shutdown(exchange.now)
    assert exchange.dial(digits, line) is None
    assert exchange.phones[line].last_tone == heard
    assert exchange.observer.story == story
    assert [voice.log for voice in exchange.voices.taken] == [[("stop",)]] * (prepare == "bad")
    exchange.phone(DigitStarted("1"), DigitEnded("1", 100), line=line)
    exchange.later(INTER_DIGIT_S)  # what is dialled after a refusal means nothing
    assert exchange.trunks.placed == []


def test_a_registration_that_goes_while_somebody_dials() -> None:
    exchange = Exchange()
    exchange.dial("60")
    exchange.trunks.up.clear()
    exchange.later(INTER_DIGIT_S)
    assert (exchange.trunks.placed, exchange.heard) == ([], "congestion")


@pytest.mark.parametrize("heard", [None, 180, 183])
def test_hanging_up_before_the_answer_cancels(heard: int | None) -> None:
    exchange = Exchange()
    session = exchange.dial("600#")
    if heard is not None:
        session.media = media() if heard == 183 else None
        exchange.board.progress(session, heard, exchange.now)
    exchange.phone(OnHook())
    assert session.log == [("hang_up", "abandoned")]
    assert exchange.voices.taken[0].log[-1] == ("stop",)
    assert (exchange.heard, exchange.board.calls) == (None, [])
    exchange.end(session, EndCause.CANCELLED, 487)
    assert exchange.observer.story[-1] == "ended abandoned"


def test_putting_it_down_while_dialling_forgets_the_number() -> None:
    exchange = Exchange()
    exchange.dial("60")
    exchange.phone(OnHook())
    exchange.later(60)
    assert (exchange.trunks.placed, exchange.heard) == ([], None)
    exchange.dial("7#")
    assert exchange.trunks.placed == [("7", "trunk", "", "")]


def test_nobody_answers() -> None:
    exchange = Exchange()
    session = exchange.dial("600#")
    exchange.board.progress(session, 180, exchange.now)
    exchange.later(NO_ANSWER_S)
    assert session.log == [("hang_up", "no-answer")]
    assert exchange.heard == "congestion"


def test_an_answered_call_has_no_time_out() -> None:
    exchange = Exchange()
    session = exchange.call_out()
    exchange.later(10 * NO_ANSWER_S)
    assert (exchange.states, session.log) == (["talking"], [])


@pytest.mark.parametrize("stage", ["dial tone", "dialling", "proceeding", "ringing", "talking"])
def test_a_call_in_meanwhile_is_busy(stage: str) -> None:
    exchange = Exchange()
    match stage:
        case "dial tone":
            exchange.dial("")
        case "dialling":
            exchange.dial("6")
        case "proceeding":
            exchange.dial("6#")
        case "ringing":
            exchange.board.progress(exchange.dial("6#"), 180, exchange.now)
        case "talking":
            exchange.call_out()
    heard = exchange.heard
    caller = exchange.invite()
    assert caller.log == [("reject", 486, "busy")]
    assert exchange.heard == heard


@pytest.mark.parametrize("stage", ["proceeding", "ringing", "early", "talking"])
@pytest.mark.parametrize("end", ["fault", "shutdown"])
def test_it_ends_in_every_state(stage: str, end: str) -> None:
    exchange = Exchange()
    session = exchange.dial("6#")
    if stage == "ringing":
        exchange.board.progress(session, 180, exchange.now)
    elif stage != "proceeding":
        session.media = media()
        exchange.board.progress(session, 183, exchange.now)
    if stage == "talking":
        exchange.board.answered(session, exchange.now)
    if end == "fault":
        exchange.phone(LineFault("card gone"))
    else:
        exchange.board.shutdown(exchange.now)
    assert session.log == [("hang_up", "line-fault" if end == "fault" else "shutdown")]
    assert exchange.voices.taken[0].log[-1] == ("stop",)
    assert exchange.board.calls == []
    assert exchange.board.next_deadline() is None or end == "shutdown"


def test_a_voice_that_fails_at_the_answer_ends_the_call() -> None:
    exchange = Exchange()
    session = exchange.dial("600#")
    exchange.voices.taken[0].refusal = ExhaustedError("no stream is free")
    session.media = media()
    exchange.board.answered(session, exchange.now)
    assert session.log == [("hang_up", "media-failure")]
    assert exchange.heard == "busy"
