"""The demonstration's verdict: every claim it makes, measured, beside its bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.audio.compare import Check, Limits, Verdict, compare
from tests.audio.dtmf import digits_of
from tests.audio.wav import RATE, read_wav
from tests.demo.evidence import CALLER_DIGITS, PHONE_DIGITS, Evidence

# A clean loopback: mu-law alone costs PESQ about 0.2 of its 4.5. The delay of a path is one packet,
# the jitter buffer and the steps of both clocks.
SPEECH = Limits(correlation=0.95, pesq=3.8, level_db=1.0, dropout_ms=0, slip_ms=20)
LAG_MS = (0.0, 250.0)


def check(evidence: Evidence) -> list[Check]:
    """All checks, passed or not."""
    return [
        *_signalling(evidence),
        *_speech(evidence),
        *_digits(evidence),
        *_headers(evidence),
        *_record(evidence),
    ]


def _equal(name: str, got: object, wanted: object) -> Check:
    return Check(name, f"{got!r}", f"= {wanted!r}", got == wanted)


def _signalling(e: Evidence) -> Iterator[Check]:
    statuses = [row["status"] for row in e.rows("response", method="INVITE")]
    yield _equal("answers to the INVITE", statuses, [100, 180, 200])
    states = [state for _, state in e.phone_states]
    yield _equal("states of the phone", states, ["idle", "ringing", "off-hook", "idle"])
    faults = e.over.get("faults", ["the caller did not finish"])
    yield _equal("faults the caller found", faults, [])
    yield _equal("RTP packets lost on the way to the caller", e.over.get("lost"), 0)


def _speech(e: Evidence) -> Iterator[Check]:
    announced = e.first("speaking").get("t", 0.0)
    phone = _judge(e.caller_said, e.phone_heard, announced - e.phone_recording_begun)
    begin = e.over.get("begin") or 0.0
    caller = _judge(e.phone_said, e.caller_heard, e.phone_play_begun - begin)
    for leg, verdict in (("caller to phone", phone), ("phone to caller", caller)):
        for found in verdict.checks:
            yield replace(found, name=f"{leg}: {found.name}")


def _judge(said: Path, heard: Path, expected_s: float) -> Verdict:
    limits = replace(SPEECH, lag_ms=LAG_MS)
    return compare(read_wav(said), read_wav(heard), limits, expected_offset=expected_s * RATE)


def _digits(e: Evidence) -> Iterator[Check]:
    heard = digits_of(read_wav(e.phone_heard))
    yield _equal("caller's digits heard at the earpiece (by their tones)", heard, CALLER_DIGITS)
    told = e.record.get("digits") or {}
    yield _equal("caller's digits in the record", told.get("received"), CALLER_DIGITS)
    got = e.over.get("digits")
    yield _equal("phone's digits received by the caller (RFC 4733)", got, PHONE_DIGITS)
    ends = e.over.get("ends", [])
    yield _equal("end packets of each of the phone's digits", ends, [3] * len(PHONE_DIGITS))
    yield _equal("phone's digits in the record", told.get("sent"), PHONE_DIGITS)
    leaked = digits_of(read_wav(e.caller_heard))
    yield _equal("tones leaked into the caller's audio", leaked, "")


def _headers(e: Evidence) -> Iterator[Check]:
    ok = e.first("response", status=200, method="INVITE").get("x", {})
    yield _equal("X-Gateway-Line on the 200", ok.get("X-Gateway-Line"), "phone1")
    bye = e.first("request", method="BYE").get("x", {})
    reason = bye.get("X-Gateway-Reason", "")
    yield Check("X-Gateway-Reason on the BYE", repr(reason), "not empty", bool(reason))


def _record(e: Evidence) -> Iterator[Check]:
    record = e.record
    wanted = {"direction": "incoming", "sip_status": 200, "codec": "PCMU"}
    for key, value in wanted.items():
        yield _equal(f"record: {key}", record.get(key), value)
    headers = record.get("headers") or {}
    sid = headers.get("X-Twilio-CallSid")
    yield _equal("record: X-Twilio-CallSid", sid, e.over.get("call_sid"))
    loss = record.get("loss")
    yield Check("record: loss", f"{loss} %", "= 0 %", loss == 0)
    jitter = record.get("jitter_ms")
    good = isinstance(jitter, int | float) and 0 <= jitter < 20
    yield Check("record: jitter", f"{jitter} ms", "0 to 20 ms", good)
    times = [str(record.get(key)) for key in ("start", "answer", "end")]
    ordered = times == sorted(times) and "None" not in times
    yield Check("record: start, answer, end", ", ".join(times), "in this order", ordered)
    duration = record.get("duration_s", 0.0)
    right = isinstance(duration, int | float) and e.speech_s < duration < 45
    yield Check("record: duration", f"{duration} s", f"{e.speech_s:.0f} to 45 s", right)
