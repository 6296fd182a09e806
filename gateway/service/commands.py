"""What the control commands answer: `tipring status --json`, version 1, as types.

Requests and their fields are in README.md. Fields that may be missing are extras of this version;
the others never change within version 1.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class LinkStatus(Struct, frozen=True):
    """The link to a line card. `state`: absent, knocking, syncing or up. Counts since the start:
    `lines` are whole ones, `damaged` ones were made good, `retries` are commands sent again.
    """

    device: str
    state: str
    version: str | None
    lines: int
    damaged: int
    retries: int
    reconnects: int
    resets: int


class SoundStatus(Struct, frozen=True):
    """One direction of a line's sound card. What is not known while the card is away is null.

    `delay_ms`: what card and ring add beside the engine. Since the start: `xruns`, and the samples
    that were `inserted` and `dropped` to match the clocks and to fill gaps, and `discarded` because
    they were too old. `fault`: why the card cannot be used, "" when it can.
    """

    device: str
    fault: str
    xruns: int
    inserted: int
    dropped: int
    discarded: int
    card: str | None = None
    rate: int | None = None
    channels: int | None = None
    period_ms: float | None = None
    delay_ms: float | None = None


class AudioStatus(Struct, frozen=True):
    """Both directions of a line's sound card."""

    capture: SoundStatus
    playback: SoundStatus


class RotaryStatus(Struct, frozen=True):
    """A rotary dial as it was measured: pulses a second, and the share that the loop is open."""

    pulses_s: float
    break_percent: float


class LineStatus(Struct, frozen=True):
    """`state`: idle, ringing, off-hook or fault; `fault`: why, "" for a line in service.

    `link` is that of a serial line card; `audio` is there where the line has a sound card;
    `rotary` once a rotary dial has shown enough of itself.
    """

    name: str
    driver: str
    state: str
    fault: str | UnsetType = UNSET
    link: LinkStatus | UnsetType = UNSET
    audio: AudioStatus | UnsetType = UNSET
    rotary: RotaryStatus | UnsetType = UNSET


class RtpStatus(Struct, frozen=True):
    """Packets since the call's start; times in milliseconds."""

    sent: int
    received: int
    lost: int
    jitter_ms: float
    round_trip_ms: float | UnsetType | None = UNSET
    mos: float | UnsetType | None = UNSET
    srtp: str | UnsetType | None = UNSET
    srtp_failed: int | UnsetType = UNSET


class DigitStatus(Struct, frozen=True):
    """Digits of this call so far, in order."""

    sent: str = ""
    received: str = ""


class CallStatus(Struct, frozen=True, rename={"from_": "from"}):
    """A call in progress. `direction`: incoming or outgoing.

    `state`: offered or proceeding, ringing, early-media, talking. `on_hold`: by either side.
    """

    call: str
    call_id: str
    line: str
    direction: str
    state: str
    twilio_call_sid: str | None
    rtp: RtpStatus
    from_: str | UnsetType = UNSET
    to: str | UnsetType = UNSET
    digits: DigitStatus | UnsetType = UNSET
    on_hold: bool | UnsetType = UNSET


class RegistrationStatus(Struct, frozen=True):
    """How an account fares. `state`: off (it does not register), trying, registered, waiting
    (failed; tries again in `next_try_s`) or ended. `expires_s`: seconds until a registration ends.
    """

    account: str
    state: str
    registrar: str
    error: str = ""
    next_try_s: float | None = None
    expires_s: float | None = None
    contact: str = ""


class LimitStatus(Struct, frozen=True):
    """A key of [sip.limits]. `now`: how much of it is in use, null where nothing is held.

    Since the start: `refused` counts what was turned away, `replaced` what was over or idle and
    made room for something new, which costs nobody a call.
    """

    limit: int
    now: int | None
    refused: int
    replaced: int = 0


class RealtimeStatus(Struct, frozen=True):
    """What the system allows the engine; `why_not` is empty when it allows all."""

    fifo: bool
    locked: bool
    why_not: str = ""


class InterpreterStatus(Struct, frozen=True):
    """The longest that a thread waited for the interpreter since the start."""

    longest_hold_ms: float


class Status(Struct, frozen=True):
    """The whole of `tipring status --json`, version 1."""

    version: str
    ready: bool
    lines: list[LineStatus]
    registrations: list[RegistrationStatus]
    calls: list[CallStatus]
    limits: dict[str, LimitStatus] | UnsetType = UNSET
    realtime: RealtimeStatus | UnsetType = UNSET
    interpreter: InterpreterStatus | UnsetType = UNSET


class Version(Struct, frozen=True):
    """What answers `version`."""

    version: str
