"""Which 20 ms slot each received packet belongs to, from what the packet itself says."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench import grid
from tests.bench.rtp import TICK, Packet, Unwrapper

AUDIO = (0, 8)  # RFC 3551 section 6: PCMU, PCMA


def assign(packets: Sequence[Packet]) -> list[int]:
    """Slot numbers, one a packet, in the packets' order.

    An audio packet's RTP timestamp counts samples, so its slot is exact however late it comes.
    Events carry the time of the key press instead: they get the slot nearest to their arrival.
    A peer whose timestamps jump (a restart, another clock) is numbered by sequence.
    """
    audio = [p for p in packets if p.payload_type in AUDIO]
    if not audio:
        return _by_sequence(packets)
    known = _audio_slots(audio)
    if not _plausible(audio, known):
        return _by_sequence(packets)
    base = grid.fixed_grid_offset(known, [p.t_ns for p in audio])
    exact = iter(known)
    return [
        next(exact) if p.payload_type in AUDIO else round((p.t_ns - base) / grid.NOMINAL_NS)
        for p in packets
    ]


def _audio_slots(audio: Sequence[Packet]) -> list[int]:
    times = Unwrapper(32)
    stamps = [times.feed(p.timestamp) for p in audio]
    return [round((stamp - stamps[0]) / TICK) for stamp in stamps]


def _plausible(audio: Sequence[Packet], known: Sequence[int]) -> bool:
    """Timestamps and arrivals agree to half a second over the whole recording."""
    rests = [p.t_ns - s * grid.NOMINAL_NS for p, s in zip(audio, known, strict=True)]
    return max(rests) - min(rests) < 500_000_000


def _by_sequence(packets: Sequence[Packet]) -> list[int]:
    numbers = Unwrapper(16)
    extended = [numbers.feed(p.sequence) for p in packets]
    return [n - extended[0] for n in extended]


def lost(packets: Sequence[Packet]) -> int:
    """Packets missing from the sequence between the first and the last received (RFC 3550 A.3)."""
    numbers = Unwrapper(16)
    seen = {numbers.feed(p.sequence) for p in packets}
    return max(seen) - min(seen) + 1 - len(seen) if seen else 0
