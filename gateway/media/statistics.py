"""Counters of a stream and of a line, read from the engine without locks at any time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from gateway.media.lib import ffi, lib
from gateway.media.srtp import suite_name


@dataclass(frozen=True)
class StreamStatistics:
    """One stream so far. `*_ms` are milliseconds; None means not known yet.

    `srtp` is the suite that protects it, None without. `srtp_failed` counts packets that were
    forged, of another key, or not protected; `srtp_replayed` genuine ones that came again.
    """

    sent: int
    sent_octets: int
    send_errors: int
    received: int
    received_octets: int
    lost: int
    duplicates: int
    reordered: int
    late: int
    discarded_source: int
    discarded_payload: int
    malformed: int
    reads_cut: int
    jitter_ms: float
    round_trip_ms: float | None
    remote_loss: float | None
    remote_jitter_ms: float | None
    concealed_ms: float
    buffer_delay_ms: float
    buffer_target_ms: float
    mos: float | None
    digits_sent: int
    digits_received: int
    digits_pending: int
    digits_unsent: int
    digits_unplayed: int
    ssrc_changes: int
    source_changes: int
    rtcp_sent: int
    rtcp_received: int
    srtp_failed: int
    srtp_replayed: int
    first_rtp_ns: int | None
    last_rtp_ns: int | None
    remote_ssrc: int | None
    events_lost: int
    srtp: str | None


@dataclass(frozen=True)
class LineStatistics:
    """One line so far, in samples of 1/8000 s.

    `early_mutes` counts edges of ESt that silenced the microphone, `muted` the samples that a key
    or a ring trip silenced, `digits_guarded` digits of the decoder's that we had played ourselves.
    """

    source_taken: int
    source_missing: int
    sink_given: int
    sink_overrun: int
    early_mutes: int
    muted: int
    digits_guarded: int


_SAME_NAME = (
    "sent",
    "sent_octets",
    "send_errors",
    "received",
    "received_octets",
    "lost",
    "duplicates",
    "reordered",
    "late",
    "discarded_source",
    "discarded_payload",
    "malformed",
    "reads_cut",
    "digits_sent",
    "digits_received",
    "digits_pending",
    "digits_unsent",
    "digits_unplayed",
    "ssrc_changes",
    "source_changes",
    "rtcp_sent",
    "rtcp_received",
    "srtp_failed",
    "srtp_replayed",
    "events_lost",
)


def _known(value: int, divisor: float) -> float | None:
    return None if value < 0 else value / divisor


def read_stream(engine: Any, slot: int) -> StreamStatistics:
    """A consistent snapshot of the stream in `slot`."""
    raw = ffi.new("tr_stream_statistics *")
    lib.tr_stream_read_statistics(engine, slot, raw)
    return StreamStatistics(
        **{name: getattr(raw, name) for name in _SAME_NAME},
        jitter_ms=raw.jitter_us / 1000,
        round_trip_ms=_known(raw.round_trip_us, 1000),
        remote_loss=_known(raw.remote_lost_q8, 256),
        remote_jitter_ms=_known(raw.remote_jitter_us, 1000),
        concealed_ms=raw.concealed_samples / 8,
        buffer_delay_ms=raw.buffer_delay_us / 1000,
        buffer_target_ms=raw.buffer_target_us / 1000,
        mos=raw.mos_milli / 1000 or None,
        first_rtp_ns=raw.first_packet_ns or None,
        last_rtp_ns=raw.last_packet_ns or None,
        srtp=suite_name(raw.srtp_suite),
        remote_ssrc=None if raw.remote_ssrc < 0 else raw.remote_ssrc,
    )


def read_line(engine: Any, slot: int) -> LineStatistics:
    """A consistent snapshot of the line in `slot`."""
    raw = ffi.new("tr_line_statistics *")
    lib.tr_line_read_statistics(engine, slot, raw)
    return LineStatistics(
        **{field.name: getattr(raw, field.name) for field in fields(LineStatistics)}
    )
