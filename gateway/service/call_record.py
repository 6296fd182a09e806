"""The record of a finished call: what `tipring calls --json` prints and the journal keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from gateway.service.journal import Journal, Message


class Digits(Struct, frozen=True):
    """Digits of the call, in order. Sent: dialled at the phone; received: from the peer."""

    sent: str = ""
    received: str = ""


class Packets(Struct, frozen=True):
    """RTP packets of the whole call; `lost` are those the peer sent and we never got."""

    sent: int = 0
    received: int = 0
    lost: int = 0


class CallRecord(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One finished call. Times are RFC 3339 in UTC; what is not known is null.

    `answer` is null for a call that nobody answered; `loss` is in percent of the packets that the
    peer sent; `sip_status` is the final status of the INVITE; `concealed_ms` is sound made up for
    packets that came too late or never. `srtp` is the crypto suite that protected the voice, null
    for none, and `srtp_failed` counts packets that it refused. `headers` are the X- and identity
    headers of the INVITE as they came, `headers_decoded` those that %HH escapes make different;
    `caller_name` and `caller_number` are what a display may show, "" when withheld.
    """

    call: str
    call_id: str
    direction: str
    from_: str
    to: str
    start: str
    answer: str | None = None
    end: str
    reason: str
    sip_status: int | None = None
    codec: str | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    mos: float | None = None
    digits: Digits = Digits()
    headers: dict[str, str] = {}
    headers_decoded: dict[str, str] = {}
    caller_name: str = ""
    caller_number: str = ""
    line: str | None = None
    duration_s: float = 0.0
    packets: Packets = Packets()
    round_trip_ms: float | None = None
    concealed_ms: float | None = None
    srtp: str | None = None
    srtp_failed: int = 0
    twilio_call_sid: str | None = None
    twilio_account_sid: str | None = None


def headers_by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """X- headers as received, by name; repeated ones joined by commas (RFC 3261 section 7.3.1)."""
    joined: dict[str, str] = {}
    spelling: dict[str, str] = {}
    for received, value in pairs:
        name = spelling.setdefault(received.lower(), received)
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def decoded(headers: dict[str, str]) -> dict[str, str]:
    """Those values that %HH escapes make different: Twilio writes `?x-name=value` so."""
    plain = {name: unquote(value, errors="replace") for name, value in headers.items()}
    return {name: value for name, value in plain.items() if value != headers[name]}


def write_record(journal: Journal, record: CallRecord) -> None:
    """Put the record into the journal: fields to search by, and the whole as CALL_RECORD."""
    journal.write(Message.CALL_RECORD, summary(record), durable=True, **journal_fields(record))


def journal_fields(record: CallRecord) -> dict[str, Any]:
    """The record as journal fields. Digits are counted here; `CALL_RECORD` holds everything."""
    return {
        "line": record.line,
        "call_id": record.call_id,
        "call": record.call,
        "twilio_call_sid": record.twilio_call_sid,
        "twilio_account_sid": record.twilio_account_sid,
        "sip_status": record.sip_status,
        "direction": record.direction,
        "call_from": record.from_,
        "call_to": record.to,
        "caller_name": record.caller_name,
        "caller_number": record.caller_number,
        "call_start": record.start,
        "call_answer": record.answer,
        "call_end": record.end,
        "duration_s": record.duration_s,
        "reason": record.reason,
        "codec": record.codec,
        "packets_sent": record.packets.sent,
        "packets_received": record.packets.received,
        "packets_lost": record.packets.lost,
        "loss": record.loss,
        "jitter_ms": record.jitter_ms,
        "round_trip_ms": record.round_trip_ms,
        "concealed_ms": record.concealed_ms,
        "srtp": record.srtp,
        "srtp_failed": record.srtp_failed,
        "mos": record.mos,
        "dtmf_sent": len(record.digits.sent),
        "dtmf_received": len(record.digits.received),
        "x_headers": "; ".join(f"{name}: {value}" for name, value in record.headers.items()),
        "call_record": msgspec.json.encode(record).decode(),
    }


def summary(record: CallRecord) -> str:
    """One line for people."""
    parts = [f"{record.direction} call from {record.from_} to {record.to}: {record.reason}"]
    if record.sip_status is not None:
        parts.append(f"status {record.sip_status}")
    if record.answer is not None:
        parts.append(f"{record.duration_s:.1f} s")
    if record.codec:
        parts.append(f"{record.codec} by SRTP" if record.srtp else record.codec)
    for text, value in (
        ("loss {:.1f} %", record.loss),
        ("jitter {:.1f} ms", record.jitter_ms),
        ("MOS {:.1f}", record.mos),
    ):
        if value is not None:
            parts.append(text.format(value))
    return ", ".join(parts)
