"""Records: their fields, their order, what is dropped and what never is."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.service.journal import Journal, Message, Priority
from gateway.service.journal_sinks import StderrSink, choose_sink, stderr_is_journal
from gateway.service.text import one_line


class Kept:
    """A sink that keeps records; it waits for `gate` before the first one."""

    def __init__(self, *, held: bool = False) -> None:
        self.records: list[Mapping[str, str]] = []
        self.gate = threading.Event()
        self.waiting = threading.Event()
        if not held:
            self.gate.set()

    def write(self, fields: Mapping[str, str]) -> None:
        self.waiting.set()
        self.gate.wait()
        self.records.append(fields)


def test_a_record_has_the_documented_fields() -> None:
    sink = Kept()
    with Journal(sink) as journal:
        journal.write(
            Message.CALL_ANSWERED,
            "answered",
            line="phone1",
            call_id="x@y",
            call="a1",
            twilio_call_sid="CA1",
            twilio_account_sid="AC1",
            sip_status=200,
            peer="192.0.2.1:5060",
            nothing=None,
            empty="",
        )
    (record,) = sink.records
    assert float(record["TIME"]) > 0
    assert {key: value for key, value in record.items() if key != "TIME"} == {
        "MESSAGE": "answered",
        "MESSAGE_ID": Message.CALL_ANSWERED.id,
        "PRIORITY": "6",
        "LINE": "phone1",
        "CALL_ID": "x@y",
        "CALL": "a1",
        "TWILIO_CALL_SID": "CA1",
        "TWILIO_ACCOUNT_SID": "AC1",
        "SIP_STATUS": "200",
        "PEER": "192.0.2.1:5060",
    }


@pytest.mark.parametrize(
    ("message", "priority", "level", "written"),
    [
        (Message.CALL_ENDED, None, Priority.INFO, True),
        (Message.CALL_DIGIT, None, Priority.INFO, False),
        (Message.CALL_DIGIT, None, Priority.DEBUG, True),
        (Message.CALL_DIGIT, Priority.ERR, Priority.INFO, True),
        (Message.CALL_ENDED, None, Priority.WARNING, False),
    ],
)
def test_the_level_decides(
    message: Message, priority: Priority | None, level: Priority, written: bool
) -> None:
    sink = Kept()
    with Journal(sink, level=level) as journal:
        journal.write(message, "text", priority=priority)
    assert bool(sink.records) is written


def test_a_slow_sink_loses_ordinary_records_by_count_and_no_call_record() -> None:
    sink = Kept(held=True)
    with Journal(sink, capacity=10) as journal:
        journal.write(Message.READY, "the writer holds this one")
        sink.waiting.wait()
        for number in range(30):
            journal.write(Message.CALL_ENDED, f"ordinary {number}")
            journal.write(Message.CALL_RECORD, f"record {number}", durable=True)
        assert journal.dropped == 25
        sink.gate.set()
    texts = [record["MESSAGE"] for record in sink.records]
    assert [text for text in texts if text.startswith("record")] == [
        f"record {number}" for number in range(30)
    ]
    assert texts[-1] == "25 records dropped: the journal is slower than they came"
    assert sum(text.startswith("ordinary") for text in texts) == 5


def test_a_sink_that_fails_is_counted_and_tried_again() -> None:
    class Broken(Kept):
        def write(self, fields: Mapping[str, str]) -> None:
            if not self.records:
                self.records.append(fields)
                raise OSError("disk full")
            super().write(fields)

    sink = Broken()
    with Journal(sink) as journal:
        journal.write(Message.READY, "one")
        journal.write(Message.READY, "two")
    assert [record["MESSAGE"] for record in sink.records] == ["one", "two"]
    assert journal.failures == 1


def test_closing_twice_is_harmless() -> None:
    journal = Journal(Kept())
    journal.start()
    journal.close()
    journal.close()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain äöü €", "plain äöü €"),
        ("a\r\nJan 1 forged", "a\\x0d\\x0aJan 1 forged"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("a\u2028b\u202ec", "a\\u2028b\\u202ec"),
        ("\ud800", "\\ud800"),
    ],
)
def test_text_of_peers_cannot_forge_a_line(text: str, line: str) -> None:
    assert one_line(text) == line
    sink = Kept()
    with Journal(sink) as journal:
        journal.write(Message.MALFORMED, text, peer=text)
    assert sink.records[0]["MESSAGE"] == sink.records[0]["PEER"] == line


def test_long_text_is_cut() -> None:
    assert one_line("x" * 5000, 10) == "x" * 10 + "..."


@pytest.mark.parametrize(
    ("message", "fields", "line"),
    [
        (Message.READY, {}, r"\d\d:\d\d:\d\d\.\d{3} text\n"),
        (Message.LINE_FAULT, {"line": "p1"}, r"\S+ err: text  \[line=p1\]\n"),
        (
            Message.CALL_RINGING,
            {"line": "p1", "call": "a1", "peer": "h:1", "call_id": "long"},
            r"\S+ text  \[line=p1 call=a1 peer=h:1\]\n",
        ),
        (
            Message.INTERNAL_ERROR,
            {"traceback": "Traceback:\n  File x\x1b"},
            r"\S+ err: text\n    Traceback:\n      File x\\x1b\n",
        ),
    ],
)
def test_readable_lines(message: Message, fields: dict[str, Any], line: str) -> None:
    stream = io.StringIO()
    with Journal(StderrSink(stream)) as journal:
        journal.write(message, "text", **fields)
    assert re.fullmatch(line, stream.getvalue()), stream.getvalue()


def test_a_closed_terminal_is_no_failure() -> None:
    stream = io.StringIO()
    stream.close()
    with Journal(StderrSink(stream)) as journal:
        journal.write(Message.READY, "text")
    assert journal.failures == 0


def test_the_journal_is_taken_only_when_stderr_is_connected_to_it(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as file:
        stat = os.fstat(file.fileno())
        inherited = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
        assert stderr_is_journal(inherited, file.fileno())
        assert not stderr_is_journal({"JOURNAL_STREAM": "1:2"}, file.fileno())
        assert not stderr_is_journal({"JOURNAL_STREAM": "nonsense"}, file.fileno())
        assert not stderr_is_journal({}, file.fileno())
    assert not stderr_is_journal(inherited, 9999)
    assert isinstance(choose_sink({}), StderrSink)


def test_ids_are_128_bits_and_never_shared() -> None:
    ids = [message.id for message in Message]
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)
    assert len(set(ids)) == len(ids)
