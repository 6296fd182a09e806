"""Pure protocols of the voice engine's line side, for drivers that move samples.

Importing this module does not load the C extension. Samples are signed 16-bit native-endian mono at
8,000 Hz, as bytes (two a sample).
"""

from __future__ import annotations

from typing import Protocol

SAMPLE_RATE = 8000
SAMPLE_BYTES = 2
MAX_NETWORKS = 16  # in each of a stream's lists of sources; the engine's TR_ALLOW_NETWORKS


class RateConverter(Protocol):
    """Converts a stream of samples from one rate to another."""

    def feed(self, pcm: bytes) -> bytes:
        """What can be given after these samples."""


class LineSignals(Protocol):
    """What a line's electronics see, told to the engine at once and never by way of the loop.

    `t_ns` is when an edge was seen (CLOCK_MONOTONIC). Exactly one thread may call these; they never
    block.
    """

    def early_tone(self, on: bool, t_ns: int) -> None:
        """The decoder sees what may become a key tone (ESt), or no longer: the microphone is
        silent as long as it may."""

    def key_down(self, digit: str, t_ns: int) -> bool:
        """The decoder is sure of a key (StD). False when its tone is one that we play to the
        telephone just now: it is no digit, and is counted and reported."""

    def key_up(self, t_ns: int) -> None:
        """The key is up; harmless when none was down."""

    def ring_trip(self, t_ns: int) -> None:
        """Lifted while the bell rang: what leaks of its 20 Hz into the microphone is not sent."""


class LineAudio(Protocol):
    """One line's microphone (source) and earpiece (sink) inside the engine.

    Each ring has one producer and one consumer. The engine takes from the source and fills the sink
    on its own clock; the methods here never block. Exactly one thread may write the source, and
    exactly one may read the sink.
    """

    def write_source(self, pcm: bytes) -> int:
        """Queue microphone samples; returns how many samples were taken (less when full)."""

    def end_source(self) -> None:
        """Nothing follows for now: running empty is no underrun, and SourceDrained is reported."""

    def clear_source(self) -> None:
        """Forget the samples not yet taken by the engine."""

    def source_level(self) -> int:
        """Samples queued and not yet taken."""

    def start_sink(self) -> None:
        """Begin to collect what the earpiece plays, from the next engine tick on."""

    def stop_sink(self) -> None:
        """Collect no more; samples already collected can still be read."""

    def read_sink(self, max_samples: int) -> bytes:
        """Take up to `max_samples` collected earpiece samples; empty when there are none."""

    def sink_level(self) -> int:
        """Samples collected and not yet read."""


class EngineLine(LineAudio, LineSignals, Protocol):
    """A line of the engine, as a driver has it."""
