"""What `tipring status` shows: the present, gathered without stopping anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import __version__
from gateway.call.call import Call
from gateway.service import commands
from gateway.service.media_binding import EngineVoice

if TYPE_CHECKING:
    from gateway.service.runtime import Gateway


def status(gateway: Gateway) -> commands.Status:
    """The whole status, version 1 of its JSON."""
    realtime = gateway.engine.realtime
    return commands.Status(
        version=__version__,
        ready=gateway.ready,
        lines=[
            commands.LineStatus(name=name, driver=unit.port.driver, state=unit.machine.state)
            for name, unit in gateway.units.items()
        ],
        registrations=[],
        calls=[call_status(call) for call in gateway.switchboard.calls],
        realtime=commands.RealtimeStatus(
            fifo=realtime.fifo, locked=realtime.locked, why_not=realtime.why_not
        ),
    )


def call_status(call: Call) -> commands.CallStatus:
    """One call in progress."""
    return commands.CallStatus(
        call=call.name,
        call_id=call.caller.call_id,
        line=call.line,
        direction=call.direction,
        state=call.state.value,
        twilio_call_sid=call.caller.twilio.call_sid or None,
        rtp=_rtp(call),
        from_=str(call.caller.remote_party.uri),
        to=str(call.caller.local_party.uri),
        digits=commands.DigitStatus(
            sent="".join(call.digits_sent), received="".join(call.digits_received)
        ),
    )


def _rtp(call: Call) -> commands.RtpStatus:
    figures = call.voice.statistics() if isinstance(call.voice, EngineVoice) else None
    if figures is None:
        return commands.RtpStatus(sent=0, received=0, lost=0, jitter_ms=0.0)
    return commands.RtpStatus(
        sent=figures.sent,
        received=figures.received,
        lost=figures.lost,
        jitter_ms=figures.jitter_ms,
        round_trip_ms=figures.round_trip_ms,
        mos=figures.mos,
    )
