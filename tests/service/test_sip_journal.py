"""What the journal is told of accounts and of what was refused, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import RemoteProtocolError
from gateway.service.journal import Journal, Message, Priority
from gateway.service.registration_journal import RegistrationJournal
from gateway.service.security_journal import SecurityJournal
from gateway.service.throttle import Throttle
from gateway.sip import AuthFailed, Flow, Malformed, Refused, RegistrarLeft, RegistrationStatus
from tests.service.test_journal import Kept
from tests.sip.harness import FLOW as PLAIN
from tests.sip.harness import Caller, World, connected
from tests.sip.test_twilio_srtp import TLS, secured_call

FLOW = Flow("udp", ("192.0.2.9", 5060), ("192.0.2.1", 5062))


def written(tell: Any) -> list[tuple[str, str]]:
    """Name and text of the records that `tell(journal)` causes."""
    sink = Kept()
    with Journal(sink, level=Priority.DEBUG) as journal:
        tell(journal)
    names = {message.id: message.name for message in Message}
    return [(names[record["MESSAGE_ID"]], record["MESSAGE"]) for record in sink.records]


def status(state: str, **more: Any) -> RegistrationStatus:
    return RegistrationStatus("trunk", state, "sip:example.com", **more)


@pytest.mark.parametrize(
    ("told", "records"),
    [
        ([status("off"), status("trying")], []),
        (
            [status("registered", expires=160.0, contact="sip:alice@192.0.2.9")],
            [
                (
                    "REGISTERED",
                    "account trunk is registered with sip:example.com as sip:alice@192.0.2.9,"
                    " for 60 s",
                )
            ],
        ),
        (
            [status("registered", expires=160.0), status("trying"), status("registered")],
            [("REGISTERED", "account trunk is registered with sip:example.com, for 60 s")],
        ),
        (
            [status("waiting", error="403 Forbidden", next_try=130.0)],
            [
                (
                    "REGISTRATION_FAILED",
                    "account trunk is not registered with sip:example.com: 403 Forbidden;"
                    " next try in 30 s",
                )
            ],
        ),
        (
            [status("waiting", error="no answer", next_try=n) for n in (130.0, 160.0)]
            + [status("registered")],
            [
                (
                    "REGISTRATION_FAILED",
                    "account trunk is not registered with sip:example.com: no answer;"
                    " next try in 30 s",
                ),
                ("REGISTERED", "account trunk is registered with sip:example.com"),
            ],
        ),
        (
            [status("registered", expires=400.0, error="no response", next_try=102.0)],
            [
                (
                    "REGISTRATION_FAILED",
                    "account trunk is still registered with sip:example.com,"
                    " but a refresh failed: no response; next try in 2 s",
                )
            ],
        ),
        (
            [status("ended")],
            [("UNREGISTERED", "account trunk is unregistered from sip:example.com")],
        ),
        (
            [status("ended", error="no answer")],
            [
                (
                    "UNREGISTERED",
                    "account trunk could not be unregistered from sip:example.com: no answer",
                )
            ],
        ),
    ],
)
def test_a_change_of_a_registration_is_told_once(
    told: list[RegistrationStatus], records: list[tuple[str, str]]
) -> None:
    def tell(journal: Journal) -> None:
        accounts = RegistrationJournal(journal)
        for each in told:
            accounts.told(each, 100.0)

    assert written(tell) == records


def test_a_registrar_that_is_left_is_told_once_until_it_works() -> None:
    left = RegistrarLeft("trunk", "sip:example.com", "503 Down", "sip:two.example.com")

    def tell(journal: Journal) -> None:
        accounts = RegistrationJournal(journal)
        for each in (left, left, left._replace(why="no response")):
            accounts.left(each)
        accounts.told(status("registered"), 100.0)
        accounts.left(left)

    words = "account trunk: sip:example.com failed: {}; sip:two.example.com is asked"
    assert written(tell) == [
        ("REGISTRATION_FAILED", words.format("503 Down")),
        ("REGISTRATION_FAILED", words.format("no response")),
        ("REGISTERED", "account trunk is registered with sip:example.com"),
        ("REGISTRATION_FAILED", words.format("503 Down")),
    ]


@pytest.mark.parametrize(
    ("waiting", "new", "old", "text"),
    [
        (True, 2, 5, "account trunk: 2 new messages, 5 old ones"),
        (True, 0, 0, "account trunk: messages are waiting"),
        (False, 0, 0, "account trunk: no messages are waiting"),
    ],
)
def test_a_mailbox(waiting: bool, new: int, old: int, text: str) -> None:
    records = written(
        lambda journal: RegistrationJournal(journal).messages("trunk", waiting, new, old)
    )
    assert records == [("MESSAGES_WAITING", text)]


def test_keys_in_the_open_are_told_of_once() -> None:
    def tell(journal: Journal) -> None:
        security = SecurityJournal(journal)
        security.media_agreed(connected(World(), Caller()))
        security.media_agreed(secured_call(World(), Caller(), TLS)[0])
        for _ in range(2):
            security.media_agreed(secured_call(World(), Caller(), PLAIN)[0])

    text = (
        "SRTP keys went over UDP with 54.172.60.0:5060: who reads the signalling can hear the call"
    )
    assert written(tell) == [("KEYS_EXPOSED", text)]


def test_a_flood_becomes_a_number() -> None:
    def tell(journal: Journal) -> None:
        security = SecurityJournal(journal, each=2)
        for number in range(5):
            security.told(AuthFailed(FLOW, "alice", f"wrong password {number}"))
        security.told(AuthFailed(FLOW, "alice", "too-many-failures"))
        security.told(Malformed(FLOW, RemoteProtocolError("no version"), 12))
        security.told(Refused(FLOW, "INVITE", 488, "no-common-codec", "a@b"))
        security.minute(7, "198.51.100.1")
        security.told(AuthFailed(FLOW, "alice", "wrong password"))
        security.minute(0, "")

    assert written(tell) == [
        ("AUTH_FAILED", "192.0.2.1:5062 did not authenticate as 'alice': wrong password 0"),
        ("AUTH_FAILED", "192.0.2.1:5062 did not authenticate as 'alice': wrong password 1"),
        (
            "AUTH_FAILED",
            "192.0.2.1 failed to log in too often: of its further tries only 5 a second are read",
        ),
        ("MALFORMED", "12 bytes from 192.0.2.1:5062 are no SIP message: no version"),
        ("REQUEST_REFUSED", "INVITE from 192.0.2.1:5062 refused with 488: no-common-codec"),
        ("STRANGERS", "7 datagrams of strangers got no answer, the last from 198.51.100.1"),
        ("AUTH_FAILED", "3 more logins failed in the last minute"),
        ("AUTH_FAILED", "192.0.2.1:5062 did not authenticate as 'alice': wrong password"),
    ]


def test_each_kind_has_its_own_limit() -> None:
    throttle: Throttle[str] = Throttle(2)
    passed = [throttle.passes(kind) for kind in "aaabab"]
    assert passed == [True, True, False, True, False, True]
    assert throttle.turn_over() == {"a": 2}
    assert throttle.turn_over() == {}
    assert throttle.passes("a")
