"""Sample-rate conversion of sound files: 16-bit mono, any rate to any rate."""

from __future__ import annotations

from gateway.errors import LocalProtocolError
from gateway.media.lib import ffi, lib
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE


class Resampler:
    """Streaming conversion; output sample 0 is input sample 0 in time.

    Raises LocalProtocolError for a rate outside 1,000 to 384,000 Hz.
    """

    def __init__(self, from_rate: int, to_rate: int = SAMPLE_RATE) -> None:
        state = lib.tr_resampler_new(from_rate, to_rate)
        if state == ffi.NULL:
            raise LocalProtocolError(f"cannot convert from {from_rate} Hz to {to_rate} Hz")
        self._state = ffi.gc(state, lib.tr_resampler_free)

    def feed(self, pcm: bytes) -> bytes:
        """What can be given after these samples; an odd last byte is an error."""
        samples = len(pcm) // SAMPLE_BYTES
        if samples * SAMPLE_BYTES != len(pcm):
            raise LocalProtocolError("16-bit samples come in pairs of bytes")
        out = bytearray(lib.tr_resampler_room(self._state, samples) * SAMPLE_BYTES)
        made = lib.tr_resampler_feed(
            self._state,
            ffi.from_buffer("int16_t[]", pcm),
            samples,
            ffi.from_buffer("int16_t[]", out),
        )
        return bytes(out[: made * SAMPLE_BYTES])

    def flush(self) -> bytes:
        """The rest, as if silence followed. The resampler is used up."""
        out = bytearray(lib.tr_resampler_room(self._state, 0) * SAMPLE_BYTES)
        made = lib.tr_resampler_flush(self._state, ffi.from_buffer("int16_t[]", out))
        return bytes(out[: made * SAMPLE_BYTES])


def resample(pcm: bytes, from_rate: int, to_rate: int = SAMPLE_RATE) -> bytes:
    """Convert a whole recording."""
    if from_rate == to_rate:
        return pcm
    resampler = Resampler(from_rate, to_rate)
    return resampler.feed(pcm) + resampler.flush()
