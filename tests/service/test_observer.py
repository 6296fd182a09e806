"""What is written of a call: its records in order, and the one that is kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.call import cause
from gateway.call.call import Call, Step
from gateway.service.call_record import CallRecord
from gateway.service.journal import Journal, Message, Priority
from gateway.service.observer import CallJournal
from gateway.service.records import RecordStore
from gateway.sip import CallerId, NameAddr, Srtp, TwilioIds
from gateway.sip.headers import parse_address
from tests.fakes.exchange import FakeCaller, FakeSession, media
from tests.service.test_journal import Kept

ALICE, BOB = "Alice <sip:alice@here.example>", "<sip:+15551234567@there.example>"


@dataclass(eq=False)
class Told(FakeSession):
    """A session that says what a record wants to know."""

    remote_party: NameAddr = field(default_factory=lambda: parse_address(BOB, "To"))
    local_party: NameAddr = field(default_factory=lambda: parse_address(ALICE, "From"))
    x_headers: list[tuple[str, str]] = field(default_factory=list)
    identity_headers: list[tuple[str, str]] = field(default_factory=list)
    twilio: TwilioIds = TwilioIds()  # noqa: RUF009 (immutable)


@dataclass(eq=False)
class ToldCaller(FakeCaller, Told):
    caller: CallerId = CallerId("Bob", "+15551234567", withheld=False)  # noqa: RUF009 (immutable)


def story(call: Call, *steps: Any) -> tuple[list[tuple[str, str]], CallRecord]:
    """Kinds and texts of what the steps write, and the record."""
    sink = Kept()
    with Journal(sink, level=Priority.DEBUG) as journal:
        told = CallJournal(journal, RecordStore(read_back=lambda _since, _limit: []))
        for step in steps:
            step(told)
        record = told.record(call)
    names = {message.id: message.name for message in Message}
    return [(names[each["MESSAGE_ID"]], each["MESSAGE"]) for each in sink.records], record


def outgoing(**session: Any) -> Call:
    called: Any = Told(**session)
    return Call("c1", "phone1", called, 100.0, account="trunk")


def end(call: Call, why: cause.Cause, status: int | None) -> None:
    call.take(Step.END, 110.0)
    call.cause, call.sip_status = why, status


def test_a_call_out_that_was_answered() -> None:
    call = outgoing(media=media(), x_headers=[("X-Gateway-Line", "phone7")])
    steps = [lambda told: told.placed(call), lambda told: told.ringing(call)]
    call.take(Step.BELL, 101.0)
    call.take(Step.ANSWER, 103.0)
    steps += [lambda told: told.answered(call)]
    end(call, cause.COMPLETED_LOCAL, None)
    steps += [lambda told: told.ended(call)]
    written, record = story(call, *steps)
    assert written[:5] == [
        ("CALL_OUTGOING", "line phone1 calls sip:+15551234567@there.example by account trunk"),
        ("CALL_RINGING", "the far end rings"),
        ("CALL_ANSWERED", "the far end answered after 3.0 s"),
        (
            "CALL_MEDIA",
            "PCMU with 127.0.0.2:4000, 20 ms packets, digits as telephone-event 101",
        ),
        ("CALL_ENDED", "call ended: local-hangup"),
    ]
    assert (record.direction, record.from_, record.to) == (
        "outgoing",
        "sip:alice@here.example",
        "sip:+15551234567@there.example",
    )
    assert (record.sip_status, record.duration_s, record.codec) == (200, 7.0, "PCMU")
    assert record.headers == {"X-Gateway-Line": "phone7"}
    assert (record.caller_name, record.caller_number) == ("", "")


def test_a_call_by_srtp_says_so() -> None:
    secured = replace(media(), srtp=Srtp("AEAD_AES_128_GCM", bytes(28), bytes(28)))
    call = outgoing(media=secured)
    end(call, cause.COMPLETED_LOCAL, None)
    written, _ = story(call, lambda told: told.early_media(call), lambda told: told.ended(call))
    assert written[0] == (
        "CALL_MEDIA",
        "heard before the answer: PCMU with 127.0.0.2:4000 by SRTP (AEAD_AES_128_GCM),"
        " 20 ms packets, digits as telephone-event 101",
    )


@pytest.mark.parametrize(
    ("session", "why", "status", "text", "headers"),
    [
        (
            {
                "x_headers": [("X-Twilio-Error", "32009 not registered")],
                "identity_headers": [
                    ("X-Twilio-Error", "32009 not registered"),
                    ("Reason", "Q.850;cause=17"),
                ],
            },
            cause.BUSY,
            486,
            "call ended: busy; X-Twilio-Error: 32009 not registered; Reason: Q.850;cause=17",
            {"X-Twilio-Error": "32009 not registered", "Reason": "Q.850;cause=17"},
        ),
        (
            {"problem": "cannot resolve there.example"},
            cause.NO_RESPONSE,
            None,
            "call ended: no-response; cannot resolve there.example",
            {},
        ),
    ],
)
def test_a_call_out_that_came_to_nothing(
    session: dict[str, Any],
    why: cause.Cause,
    status: int | None,
    text: str,
    headers: dict[str, str],
) -> None:
    call = outgoing(**session)
    end(call, why, status)
    written, record = story(call, lambda told: told.ended(call))
    assert written[0] == ("CALL_ENDED", text)
    assert (record.sip_status, record.reason, record.answer) == (status, why.reason, None)
    assert record.headers == headers


def test_a_call_in() -> None:
    caller: Any = ToldCaller()
    call = Call("c1", "phone1", caller, 100.0, caller=caller)
    steps = [lambda told: told.offered(call), lambda told: told.ringing(call)]
    end(call, cause.CANCELLED, 487)
    written, record = story(call, *steps, lambda told: told.ended(call))
    assert written[:3] == [
        ("CALL_INCOMING", "Bob calls alice, from sip:+15551234567@there.example"),
        ("CALL_RINGING", "line phone1 rings"),
        ("CALL_ENDED", "call ended: cancelled"),
    ]
    assert (record.from_, record.to) == ("sip:+15551234567@there.example", "sip:alice@here.example")
    assert (record.caller_name, record.caller_number) == ("Bob", "+15551234567")


@pytest.mark.parametrize(
    ("step", "written"),
    [
        (
            lambda told, call: told.held(call, True, by_us=True),
            ("CALL_MEDIA", "the call was put on hold by us"),
        ),
        (
            lambda told, call: told.held(call, False, by_us=False),
            ("CALL_MEDIA", "the call was resumed by the far end"),
        ),
        (lambda told, call: told.flash(call, sent=True), ("LINE_DIGIT", "hook flash sent")),
        (lambda told, call: told.digit(call, "5", sent=False), ("CALL_DIGIT", "digit received: 5")),
        (
            lambda told, _: told.guarded("phone1", "5"),
            ("LINE_GUARDED", "line phone1: 5 came from the far end and is no key of the phone"),
        ),
        (lambda told, call: told.transfer(call, "to carol"), ("CALL_TRANSFER", "to carol")),
        (
            lambda told, _: told.not_placed("phone1", "sip:", "no SIP URI"),
            ("CALL_NOT_PLACED", "line phone1 cannot call sip:: no SIP URI"),
        ),
        (
            lambda told, call: told.early_media(call),
            (
                "CALL_MEDIA",
                "heard before the answer: PCMU with 127.0.0.2:4000, 20 ms packets,"
                " digits as telephone-event 101",
            ),
        ),
    ],
)
def test_what_happens_meanwhile(step: Any, written: tuple[str, str]) -> None:
    call = outgoing(media=media())
    assert story(call, lambda told: step(told, call))[0] == [written]
