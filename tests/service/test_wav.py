"""WAV files of every usual kind, and those that lie."""

from __future__ import annotations

import io
import math
import struct
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.service.wav import WavReader, WavWriter
from tests.audio.g711 import ulaw_encode
from tests.audio.wav import read_wav

TONE = [round(12000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(800)]


def riff(tag: int, bits: int, data: bytes, *, channels: int = 1, rate: int = 8000) -> bytes:
    """A WAV file with an odd chunk before the format, as editors write them."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    if tag == 0xFFFE:
        form += struct.pack("<HHI", 22, bits, 0) + struct.pack("<H", 1) + bytes(14)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def packed(convert: Callable[[int], bytes]) -> bytes:
    return b"".join(convert(value) for value in TONE)


KINDS = [
    pytest.param(riff(1, 16, packed(lambda v: struct.pack("<h", v))), 0, id="16 bits"),
    pytest.param(riff(1, 8, packed(lambda v: bytes([(v >> 8) + 128]))), 256, id="8 bits"),
    pytest.param(riff(1, 24, packed(lambda v: struct.pack("<i", v << 8)[:3])), 0, id="24 bits"),
    pytest.param(riff(1, 32, packed(lambda v: struct.pack("<i", v << 16))), 0, id="32 bits"),
    pytest.param(riff(3, 32, packed(lambda v: struct.pack("<f", v / 32768))), 2, id="float"),
    pytest.param(riff(0xFFFE, 16, packed(lambda v: struct.pack("<h", v))), 0, id="extensible"),
    pytest.param(
        riff(1, 16, packed(lambda v: struct.pack("<hh", v, 0)), channels=2), 6001, id="stereo"
    ),
    pytest.param(
        riff(7, 8, bytes(ulaw_encode(np.array(TONE, dtype=np.int16)))),
        600,
        id="mu-law",
    ),
]


def read_all(content: bytes, piece: int = 333) -> list[int]:
    reader = WavReader(io.BytesIO(content))
    samples = array("h")
    while chunk := reader.read(piece):
        samples.frombytes(chunk)
    reader.close()
    return list(samples)


@pytest.mark.parametrize(("content", "off_by"), KINDS)
def test_every_kind_gives_the_same_sound(content: bytes, off_by: int) -> None:
    heard = read_all(content)
    assert len(heard) == len(TONE)
    assert max(abs(a - b) for a, b in zip(heard, TONE, strict=True)) <= off_by


def test_two_channels_are_mixed() -> None:
    frames = b"".join(struct.pack("<hh", 1000, -400) for _ in range(5))
    assert read_all(riff(1, 16, frames, channels=2)) == [300] * 5


@pytest.mark.parametrize("cut", [1, 2, 3, 101])
def test_a_file_cut_short_is_played_as_far_as_it_goes(cut: int) -> None:
    content = riff(1, 16, packed(lambda v: struct.pack("<h", v)))[:-cut]
    assert read_all(content) == TONE[: (2 * len(TONE) - cut) // 2]


def test_an_unknown_length_is_read_to_the_end() -> None:
    content = riff(1, 16, packed(lambda v: struct.pack("<h", v)))
    at = content.index(b"data") + 4
    assert read_all(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :]) == TONE


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no WAV file"),
        (b"ID3 this is an mp3", "no WAV file"),
        (riff(1, 16, b"")[:20], "no sound"),
        (riff(1, 12, b"ab"), "12-bit samples"),
        (riff(85, 16, b"ab"), "format 85"),
        (riff(1, 16, b"ab", rate=0), "at 0 Hz"),
        (riff(1, 16, b"ab", channels=0), "0 channels"),
        (b"RIFF\0\0\0\0WAVEdata\2\0\0\0ab", "before it says"),
        (b"RIFF\0\0\0\0WAVEfmt \4\0\0\0abcd", "cut short"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff", "no sound"),
    ],
)
def test_what_cannot_be_played_says_why(content: bytes, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        WavReader(io.BytesIO(content))


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(content: bytes, as_wav: bool) -> None:
    head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0\x40\x1f\0\0\0\0\0\0\4\0\x10\0data"
    with suppress(ConfigError):
        read_all(head + content if as_wav else content)


def test_written_files_replace_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    path.write_bytes(bytes(9999))
    writer = WavWriter(path.open("r+b"))
    writer.write(array("h", TONE).tobytes())
    writer.close()
    assert list(read_wav(path)) == TONE
    assert path.stat().st_size == 44 + 2 * len(TONE)
