"""What `tipring status` shows: the present, gathered without stopping anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from msgspec import UNSET, structs

from gateway import __version__, sip
from gateway.call.call import Call
from gateway.hardware.audio.direction import Direction
from gateway.hardware.linked import Linked
from gateway.service import commands, limits
from gateway.service.line_binding import LineUnit
from gateway.service.media_binding import EngineVoice

if TYPE_CHECKING:
    from gateway.service.runtime import Gateway


def status(gateway: Gateway) -> commands.Status:
    """The whole status, version 1 of its JSON."""
    realtime = gateway.engine.realtime
    return commands.Status(
        version=__version__,
        ready=gateway.ready,
        lines=[line_status(unit) for unit in gateway.units.values()],
        registrations=[
            registration_status(each, gateway.now) for each in gateway.stack.registrations
        ],
        calls=[call_status(call) for call in gateway.switchboard.calls],
        limits=limits.status(gateway.stack.settings.limits, gateway.counters),
        realtime=commands.RealtimeStatus(
            fifo=realtime.fifo, locked=realtime.locked, why_not=realtime.why_not
        ),
        interpreter=commands.InterpreterStatus(
            longest_hold_ms=round(1000 * gateway.interpreter.longest_s, 2)
        ),
    )


def line_status(unit: LineUnit) -> commands.LineStatus:
    """One line, with its link, its sound card and what is known of its dial, where it has them."""
    port, card = unit.port, unit.card
    link = commands.LinkStatus(**asdict(port.link_status())) if isinstance(port, Linked) else UNSET
    audio = (
        UNSET if card is None else commands.AudioStatus(_sound(card.capture), _sound(card.playback))
    )
    dial = unit.machine.hook.dial.habits
    rotary = (
        UNSET
        if dial is None
        else commands.RotaryStatus(round(dial.pulses_s, 1), round(dial.break_percent, 1))
    )
    return commands.LineStatus(
        name=unit.name,
        driver=port.driver,
        state=unit.machine.state,
        fault=unit.fault,
        link=link,
        audio=audio,
        rotary=rotary,
    )


def _sound(side: Direction) -> commands.SoundStatus:
    counted = side.counters
    told = commands.SoundStatus(
        device=side.device,
        fault=side.fault,
        xruns=counted.xruns,
        inserted=counted.inserted,
        dropped=counted.dropped,
        discarded=counted.discarded,
    )
    shape, delay = side.shape, side.delay_ms
    if shape is None:
        return told
    return structs.replace(
        told,
        card=shape.name,
        rate=shape.rate,
        channels=shape.channels,
        period_ms=round(shape.period_ms, 2),
        delay_ms=None if delay is None else round(delay, 1),
    )


def registration_status(status: sip.RegistrationStatus, now: float) -> commands.RegistrationStatus:
    """One account; times from now on."""
    return commands.RegistrationStatus(
        account=status.account,
        state=status.state,
        registrar=status.registrar,
        error=status.error,
        next_try_s=_until(status.next_try, now),
        expires_s=_until(status.expires, now),
        contact=status.contact,
    )


def _until(at: float | None, now: float) -> float | None:
    return None if at is None else round(max(0.0, at - now), 1)


def call_status(call: Call) -> commands.CallStatus:
    """One call in progress."""
    session = call.session
    parties = (str(session.remote_party.uri), str(session.local_party.uri))
    from_, to = parties if call.caller is not None else parties[::-1]
    return commands.CallStatus(
        call=call.name,
        call_id=session.call_id,
        line=call.line,
        direction=call.direction,
        state=call.state.value,
        twilio_call_sid=session.twilio.call_sid or None,
        rtp=_rtp(call),
        from_=from_,
        to=to,
        digits=commands.DigitStatus(
            sent="".join(call.digits_sent), received="".join(call.digits_received)
        ),
        on_hold=call.on_hold,
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
        srtp=figures.srtp,
        srtp_failed=figures.srtp_failed,
    )
