"""From a card's frames to the line's samples, and back."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TypeAlias

from gateway.hardware.audio.card import Shape
from gateway.media.port import SAMPLE_RATE, RateConverter

Convert: TypeAlias = Callable[[bytes], bytes]
MakeConverter: TypeAlias = Callable[[int, int], RateConverter]
"""From one rate to another."""


def to_line(shape: Shape, make_converter: MakeConverter) -> Convert:
    """The first channel of the card, at the line's rate."""
    if shape.rate == SAMPLE_RATE:
        return lambda frames: first_channel(frames, shape.channels)
    feed = make_converter(shape.rate, SAMPLE_RATE).feed
    return lambda frames: feed(first_channel(frames, shape.channels))


def to_card(shape: Shape, make_converter: MakeConverter) -> Convert:
    """The line's samples at the card's rate, in each of its channels."""
    if shape.rate == SAMPLE_RATE:
        return lambda samples: every_channel(samples, shape.channels)
    feed = make_converter(SAMPLE_RATE, shape.rate).feed
    return lambda samples: every_channel(feed(samples), shape.channels)


def first_channel(frames: bytes, channels: int) -> bytes:
    """The left one of a stereo card: the other is often left open, and hums."""
    return frames if channels == 1 else array("h", frames)[::channels].tobytes()


def every_channel(samples: bytes, channels: int) -> bytes:
    """The same sound on all."""
    if channels == 1:
        return samples
    sound = array("h", samples)
    frames = array("h", bytes(len(samples) * channels))
    for channel in range(channels):
        frames[channel::channels] = sound
    return frames.tobytes()
