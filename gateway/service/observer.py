"""Tells the journal what happens to calls and lines, and writes one record at each call's end."""

from __future__ import annotations

import time
import traceback
from typing import Any, Final

from gateway.call.call import Call
from gateway.line import events as ev
from gateway.media.statistics import StreamStatistics
from gateway.service.journal import Journal, Message
from gateway.service.media_binding import EngineVoice
from gateway.service.records import (
    CallRecord,
    Digits,
    Packets,
    RecordStore,
    decoded,
    headers_by_name,
    write_record,
)
from gateway.service.since import rfc3339
from gateway.service.text import host_port

_LINE_WORDS: Final[dict[type, str]] = {
    ev.Ringing: "the bell rings",
    ev.OffHook: "off-hook",
    ev.OnHook: "on-hook",
    ev.HookFlash: "hook flash",
    ev.LineReady: "in service again",
}


class CallJournal:
    """The switchboard's observer. Records go to `records` and the journal."""

    def __init__(self, journal: Journal, records: RecordStore) -> None:
        self._journal = journal
        self._records = records
        # Calls are timed by the monotonic clock; a record wants the calendar's.
        self._calendar = time.time() - time.monotonic()

    # --- calls ---------------------------------------------------------------------------------

    def offered(self, call: Call) -> None:
        caller = call.caller
        assert caller is not None
        who = caller.caller.name or caller.caller.number or "somebody unknown"
        wanted = caller.requested_user or "(nobody)"
        text = f"{who} calls {wanted}, from {caller.remote_party.uri}"
        self._call(Message.CALL_INCOMING, call, text, peer=host_port(caller.flow.remote))
        for problem in caller.twilio.problems:
            self._call(Message.CALL_INCOMING, call, f"odd header, ignored: {problem}")

    def placed(self, call: Call) -> None:
        way = "directly" if call.account is None else f"by account {call.account}"
        text = f"line {call.line} calls {call.session.remote_party.uri} {way}"
        self._call(Message.CALL_OUTGOING, call, text)

    def not_placed(self, line: str, to: str, text: str) -> None:
        whom = f"call {to}" if to else "place calls"
        self._journal.write(
            Message.CALL_NOT_PLACED, f"line {line} cannot {whom}: {text}", line=line
        )

    def ringing(self, call: Call) -> None:
        who = f"line {call.line}" if call.caller is not None else "the far end"
        self._call(Message.CALL_RINGING, call, f"{who} rings", sip_status=180)

    def early_media(self, call: Call) -> None:
        self._media(call, "heard before the answer: ")

    def answered(self, call: Call) -> None:
        who = f"line {call.line}" if call.caller is not None else "the far end"
        text = f"{who} answered after {(call.answered or 0) - call.started:.1f} s"
        self._call(Message.CALL_ANSWERED, call, text, sip_status=200)
        self._media(call)

    def _media(self, call: Call, before: str = "") -> None:
        media = call.session.media
        if media is not None:
            digits = (
                "digits in band"
                if media.telephone_event is None
                else f"digits as telephone-event {media.telephone_event}"
            )
            how = "" if media.srtp is None else f" by SRTP ({media.srtp.suite})"
            where = f"{media.codec.name} with {host_port(media.remote)}{how}"
            text = f"{before}{where}, {media.ptime} ms packets, {digits}"
            self._call(Message.CALL_MEDIA, call, text)

    def held(self, call: Call, on: bool, *, by_us: bool) -> None:
        word = "put on hold" if on else "resumed"
        who = "us" if by_us else "the far end"
        self._call(Message.CALL_MEDIA, call, f"the call was {word} by {who}")

    def digit(self, call: Call, digit: str, *, sent: bool) -> None:
        kind = Message.LINE_DIGIT if sent else Message.CALL_DIGIT
        self._call(kind, call, f"digit {'sent' if sent else 'received'}: {digit}")

    def flash(self, call: Call, *, sent: bool) -> None:
        kind = Message.LINE_DIGIT if sent else Message.CALL_DIGIT
        self._call(kind, call, f"hook flash {'sent' if sent else 'received'}")

    def transfer(self, call: Call, text: str) -> None:
        self._call(Message.CALL_TRANSFER, call, text)

    def trouble(self, call: Call, text: str) -> None:
        self._call(Message.CALL_TROUBLE, call, text)

    def first_packet(self, call: Call, source: tuple[str, int]) -> None:
        """The first RTP of the far end."""
        self._call(
            Message.RTP_FIRST, call, f"first RTP from {host_port(source)}", peer=host_port(source)
        )

    def ended(self, call: Call) -> None:
        record = self.record(call)
        text = "; ".join([f"call ended: {record.reason}", *_why(call)])
        self._call(Message.CALL_ENDED, call, text, sip_status=record.sip_status)
        self._records.add(record)
        write_record(self._journal, record)

    def record(self, call: Call) -> CallRecord:
        """What is kept of a finished call."""
        figures = call.voice.statistics() if isinstance(call.voice, EngineVoice) else None
        ended = call.ended if call.ended is not None else time.monotonic()
        session, media = call.session, call.session.media
        kept = dict.fromkeys([*session.x_headers, *session.identity_headers])
        headers = headers_by_name(kept)
        shown = call.caller.caller if call.caller is not None else None
        parties = (session.remote_party, session.local_party)
        from_, to = parties if call.caller is not None else parties[::-1]
        return CallRecord(
            call=call.name,
            call_id=session.call_id,
            direction=call.direction,
            from_=str(from_.uri),
            to=str(to.uri),
            start=self._wall(call.started),
            answer=None if call.answered is None else self._wall(call.answered),
            end=self._wall(ended),
            reason=call.cause.reason if call.cause is not None else "",
            sip_status=200 if call.answered is not None else call.sip_status,
            codec=media.codec.name if media is not None and call.answered is not None else None,
            digits=Digits("".join(call.digits_sent), "".join(call.digits_received)),
            headers=headers,
            headers_decoded=decoded(headers),
            caller_name=shown.name if shown is not None else "",
            caller_number=shown.number if shown is not None else "",
            line=call.line or None,
            duration_s=0.0 if call.answered is None else round(ended - call.answered, 3),
            twilio_call_sid=session.twilio.call_sid or None,
            twilio_account_sid=session.twilio.account_sid or None,
            **_figures(figures),
        )

    # --- lines ---------------------------------------------------------------------------------

    def line(self, name: str, event: ev.LineEvent) -> None:
        """What a phone did, whether or not a call is on it."""
        if isinstance(event, ev.LineFault):
            self._journal.write(Message.LINE_FAULT, f"line {name}: {event.text}", line=name)
        elif isinstance(event, ev.LineReady):
            self._journal.write(Message.LINE_READY, f"line {name}: in service again", line=name)
        elif type(event) in _LINE_WORDS:
            text = f"line {name}: {_LINE_WORDS[type(event)]}"
            self._journal.write(Message.LINE_STATE, text, line=name)

    def guarded(self, name: str, digit: str) -> None:
        """A digit of the decoder's that was no key of the phone's."""
        text = f"line {name}: {digit} came from the far end and is no key of the phone"
        self._journal.write(Message.LINE_GUARDED, text, line=name)

    # --- defects -------------------------------------------------------------------------------

    def defect(self, error: BaseException) -> None:
        """A mistake of ours. The service goes on; the journal keeps the place."""
        trace = "".join(traceback.format_exception(error, limit=-6))
        self._journal.write(
            Message.INTERNAL_ERROR, f"a defect of tipring: {error!r}", traceback=trace
        )

    def _call(self, kind: Message, call: Call, text: str, **fields: Any) -> None:
        twilio = call.session.twilio
        self._journal.write(
            kind,
            text,
            line=call.line,
            call=call.name,
            call_id=call.session.call_id,
            twilio_call_sid=twilio.call_sid,
            twilio_account_sid=twilio.account_sid,
            **fields,
        )

    def _wall(self, monotonic: float) -> str:
        return rfc3339(monotonic + self._calendar)


def _why(call: Call) -> list[str]:
    """What the network, or the far end of a call that we placed, says of why it ended."""
    refused = call.caller is None and call.answered is None
    said = call.session.identity_headers if refused else []
    problem = call.session.problem
    return [*([problem] if problem else []), *(f"{name}: {value}" for name, value in said)]


def _figures(figures: StreamStatistics | None) -> dict[str, Any]:
    if figures is None:
        return {}
    expected = figures.received + max(0, figures.lost)
    return {
        "packets": Packets(figures.sent, figures.received, figures.lost),
        "loss": round(100 * max(0, figures.lost) / expected, 2) if expected else None,
        "jitter_ms": round(figures.jitter_ms, 2),
        "mos": figures.mos,
        "round_trip_ms": figures.round_trip_ms,
        "concealed_ms": figures.concealed_ms,
        "srtp": figures.srtp,
        "srtp_failed": figures.srtp_failed,
    }
