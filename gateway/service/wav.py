"""WAV files: any usual kind is read as 16-bit mono, our own kind is written.

The standard library reads integer PCM alone; recordings of telephony are often mu-law or A-law, and
those of studios 24-bit, floating point or WAVE_FORMAT_EXTENSIBLE (RFC 2361, Microsoft's
"Multiple channel audio data and WAVE files"). Reading blocks: it is work for a worker thread.
"""

from __future__ import annotations

import os
import struct
import sys
import wave
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final

from gateway.errors import ConfigError
from gateway.media import g711
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE

_EXTENSIBLE: Final = 0xFFFE
_MAX_CHANNELS: Final = 32
_MAX_RATE: Final = 384_000
_PIECE: Final = 1 << 16
_LENGTH_UNKNOWN: Final = 0xFFFFFFFF  # what a program writes that streams into a pipe

# An eighth bit away from unsigned: the high byte of a signed sample.
_SIGNED: Final = bytes(value ^ 0x80 for value in range(256))


def _from_8(data: bytes) -> bytes:
    wide = bytearray(2 * len(data))
    wide[1::2] = data.translate(_SIGNED)
    return bytes(wide)


def _high_bytes(width: int) -> Callable[[bytes], bytes]:
    """Wider integers lose their low bytes (little-endian: those that come first)."""

    def convert(data: bytes) -> bytes:
        narrow = bytearray(2 * (len(data) // width))
        narrow[0::2] = data[width - 2 :: width]
        narrow[1::2] = data[width - 1 :: width]
        return bytes(narrow)

    return convert


def _from_float(data: bytes) -> bytes:
    values = array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    # max() first: a value that is no number becomes the lowest, not an error.
    whole = array("h", (round(32767 * min(1.0, max(-1.0, value))) for value in values))
    if sys.byteorder == "big":
        whole.byteswap()
    return whole.tobytes()


# (format tag, bits a sample): to 16-bit little-endian
_CONVERT: Final[dict[tuple[int, int], Callable[[bytes], bytes]]] = {
    (1, 8): _from_8,
    (1, 16): lambda data: data,
    (1, 24): _high_bytes(3),
    (1, 32): _high_bytes(4),
    (3, 32): _from_float,
    (6, 8): lambda data: g711.decode("a", data),
    (7, 8): lambda data: g711.decode("mu", data),
}


class WavReader:
    """A WAV file as 16-bit mono at its own `rate` (Hz). Takes over `file`.

    Raises ConfigError for what is no WAV file, or is of a kind that cannot be played.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._format: tuple[int, int] = (0, 0)
        self.rate = 0
        self.channels = 0
        try:
            self._left = self._find_data()
        except ConfigError:
            file.close()
            raise

    @property
    def seconds(self) -> float:
        """Length still to be read, by the header; a shorter file ends earlier."""
        return self._left / (self._frame_bytes * self.rate)

    def read(self, frames: int) -> bytes:
        """Up to `frames` mono samples, native-endian; empty at the end."""
        wanted = min(frames * self._frame_bytes, self._left)
        data = self._file.read(wanted) if wanted > 0 else b""
        self._left -= len(data)
        whole = len(data) - len(data) % self._frame_bytes
        if whole < len(data) or len(data) < wanted:
            self._left = 0  # cut off in the middle: what is there is played
        return self._mono(_CONVERT[self._format](data[:whole]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def _frame_bytes(self) -> int:
        return self.channels * self._format[1] // 8

    def _mono(self, pcm: bytes) -> bytes:
        samples = array("h", pcm)
        if sys.byteorder == "big":
            samples.byteswap()
        if self.channels > 1:
            columns = (samples[channel :: self.channels] for channel in range(self.channels))
            samples = array(
                "h", (sum(frame) // self.channels for frame in zip(*columns, strict=True))
            )
        return samples.tobytes()

    def _find_data(self) -> int:
        """Read chunk after chunk up to the sound; its length in bytes."""
        head = self._file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ConfigError("this is no WAV file: it does not begin as RIFF and WAVE")
        while len(chunk := self._file.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            if name == b"data":
                if not self.rate:
                    raise ConfigError("this WAV file has sound before it says of what kind")
                return 1 << 62 if length == _LENGTH_UNKNOWN else length
            if name == b"fmt ":
                self._take_format(self._file.read(min(length, _PIECE)))
                length -= min(length, _PIECE)
            self._skip(length + length % 2)
        raise ConfigError("this WAV file has no sound in it (no data chunk)")

    def _skip(self, length: int) -> None:
        # By reading: the file may be a pipe. In pieces: a length in a header may be a lie.
        while length > 0 and (piece := self._file.read(min(length, _PIECE))):
            length -= len(piece)

    def _take_format(self, body: bytes) -> None:
        if len(body) < 16:
            raise ConfigError("this WAV file's format chunk is cut short")
        tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
        if tag == _EXTENSIBLE and len(body) >= 26:
            tag = struct.unpack_from("<H", body, 24)[0]  # the first word of the sub-format's GUID
        if (tag, bits) not in _CONVERT:
            raise ConfigError(
                f"this WAV file has {bits}-bit samples of format {tag}; PCM of 8, 16, 24 and 32 "
                "bits, 32-bit floating point, mu-law and A-law can be played"
            )
        if not 1 <= channels <= _MAX_CHANNELS or not 1000 <= rate <= _MAX_RATE:
            raise ConfigError(
                f"this WAV file has {channels} channels at {rate} Hz; 1 to {_MAX_CHANNELS} "
                f"channels at 1000 to {_MAX_RATE} Hz can be played"
            )
        self._format, self.channels, self.rate = (tag, bits), channels, rate


class WavWriter:
    """Writes 16-bit mono at 8,000 Hz into `file`, which is emptied first and closed at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        with suppress(OSError):
            os.ftruncate(file.fileno(), 0)  # a pipe has nothing to empty
        self._wave = wave.open(file, "wb")  # noqa: SIM115 - closed by close()
        self._wave.setnchannels(1)
        self._wave.setsampwidth(SAMPLE_BYTES)
        self._wave.setframerate(SAMPLE_RATE)

    def write(self, pcm: bytes) -> None:
        """Append samples."""
        self._wave.writeframesraw(pcm)

    def close(self) -> None:
        """Complete the header and close the file."""
        try:
            self._wave.close()
        finally:
            self._file.close()
