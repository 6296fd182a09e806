"""Call records: their JSON, the journal's fields, and reading them again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from gateway.service.journal import Journal, Message
from gateway.service.records import (
    CallRecord,
    Digits,
    Packets,
    RecordStore,
    decoded,
    headers_by_name,
    write_record,
)
from gateway.service.usage import UsageError
from tests.service.test_journal import Kept


def record(call: str = "a1", end: str = "2026-09-30T08:01:00.000Z", **more: Any) -> CallRecord:
    return CallRecord(
        call=call,
        call_id="x@y",
        direction="incoming",
        from_="sip:bob@example.com",
        to="sip:alice@example.com",
        start="2026-09-30T08:00:00.000Z",
        end=end,
        reason="remote-hangup",
        **more,
    )


FULL = record(
    answer="2026-09-30T08:00:02.000Z",
    sip_status=200,
    codec="PCMU",
    loss=0.5,
    jitter_ms=1.2,
    mos=4.3,
    digits=Digits("12", "3#"),
    headers={"X-Twilio-CallSid": "CA1"},
    line="phone1",
    duration_s=58.0,
    packets=Packets(2900, 2886, 14),
    round_trip_ms=30.0,
    concealed_ms=280.0,
    srtp="AES_CM_128_HMAC_SHA1_80",
    srtp_failed=3,
    twilio_call_sid="CA1",
    twilio_account_sid="AC1",
)

STABLE_KEYS = [
    "call",
    "call_id",
    "direction",
    "from",
    "to",
    "start",
    "answer",
    "end",
    "reason",
    "sip_status",
    "codec",
    "loss",
]
STABLE_KEYS += ["jitter_ms", "mos", "digits", "headers"]


@pytest.mark.parametrize("each", [record(), FULL])
def test_json_has_every_stable_key_and_reads_back(each: CallRecord) -> None:
    text = msgspec.json.encode(each)
    assert list(json.loads(text))[: len(STABLE_KEYS)] == STABLE_KEYS
    assert msgspec.json.decode(text, type=CallRecord) == each


def test_the_journal_gets_fields_to_search_by_and_the_whole() -> None:
    sink = Kept()
    with Journal(sink) as journal:
        write_record(journal, FULL)
    (fields,) = sink.records
    expected = {
        "MESSAGE_ID": Message.CALL_RECORD.id,
        "CALL": "a1",
        "LINE": "phone1",
        "CALL_ID": "x@y",
        "TWILIO_CALL_SID": "CA1",
        "TWILIO_ACCOUNT_SID": "AC1",
        "SIP_STATUS": "200",
        "CODEC": "PCMU",
        "PACKETS_LOST": "14",
        "ROUND_TRIP_MS": "30.0",
        "DTMF_SENT": "2",
        "SRTP": "AES_CM_128_HMAC_SHA1_80",
        "SRTP_FAILED": "3",
        "X_HEADERS": "X-Twilio-CallSid: CA1",
    }
    assert {key: fields[key] for key in expected} == expected
    assert msgspec.json.decode(fields["CALL_RECORD"], type=CallRecord) == FULL
    assert fields["MESSAGE"] == (
        "incoming call from sip:bob@example.com to sip:alice@example.com: remote-hangup,"
        " status 200, 58.0 s, PCMU by SRTP, loss 0.5 %, jitter 1.2 ms, MOS 4.3"
    )


def test_a_record_of_a_nasty_peer_still_reads_back() -> None:
    nasty = record(headers={"X-A": "\x00\r\n\u2028é\ud800".encode("utf-8", "replace").decode()})
    sink = Kept()
    with Journal(sink) as journal:
        write_record(journal, nasty)
    assert "\n" not in sink.records[0]["CALL_RECORD"]
    assert msgspec.json.decode(sink.records[0]["CALL_RECORD"], type=CallRecord).call == "a1"


@pytest.mark.parametrize(
    ("pairs", "headers"),
    [
        ([], {}),
        ([("X-A", "1"), ("X-B", "2")], {"X-A": "1", "X-B": "2"}),
        ([("X-A", "1"), ("X-A", "2")], {"X-A": "1, 2"}),
        ([("X-A", "1"), ("x-a", "2")], {"X-A": "1, 2"}),
    ],
)
def test_headers_by_name(pairs: list[tuple[str, str]], headers: dict[str, str]) -> None:
    assert headers_by_name(pairs) == headers


def read(store: RecordStore, since: str | None = None) -> list[str]:
    return [each.call for each in asyncio.run(store.read(since))]


def test_memory_keeps_the_newest_and_gives_them_by_age() -> None:
    store = RecordStore(limit=3)
    for number, minute in enumerate((5, 1, 9, 2)):
        store.add(record(f"c{number}", f"2026-09-30T08:0{minute}:00.000Z"))
    assert read(store) == ["c1", "c3", "c2"]
    assert read(store, "2026-09-30T08:02:00Z") == ["c3", "c2"]
    assert read(store, "2026-09-30T09:00:00Z") == []
    with pytest.raises(UsageError):
        read(store, "soon")


def test_the_journal_and_memory_are_merged() -> None:
    asked: list[tuple[float | None, int]] = []

    def read_back(since: float | None, limit: int) -> list[CallRecord]:
        asked.append((since, limit))
        return [
            record("old", "2026-09-29T08:00:00.000Z"),
            record("both", "2026-09-30T08:00:00.000Z"),
        ]

    store = RecordStore(limit=10, read_back=read_back)
    store.add(record("both", "2026-09-30T08:00:00.000Z"))
    store.add(record("new", "2026-09-30T08:00:01.000Z"))
    assert read(store) == ["old", "both", "new"]
    assert read(store, "2026-09-30") in (["both", "new"], ["new"])
    assert asked[0] == (None, 10)


def test_escapes_of_the_peer_are_resolved_beside_the_raw_value() -> None:
    headers = {"X-Plain": "door", "X-Escaped": "a%2Cb%3Bc%3Dd", "X-Odd": "100%"}
    assert decoded(headers) == {"X-Escaped": "a,b;c=d"}
