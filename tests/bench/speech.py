"""Speech to send: Debian's recorded prompts where they are installed, else a voice-like noise.

Every sample is a mu-law value already, so that what arrives can be compared to the bit.
"""

from __future__ import annotations

import math
import random
import wave
from array import array
from functools import cache
from pathlib import Path

from tests.bench import rtp

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
NAMES = ("demo-instruct", "demo-nogo", "demo-echotest", "vm-options", "demo-congrats")
RATE = 8000


@cache
def mulaw(seconds: float) -> bytes:
    """That much speech in mu-law, repeated as often as needed."""
    once = rtp.mulaw_encode(_without_lead(_prompts() or _made_up()))
    whole = round(seconds * RATE)
    return (once * (whole // len(once) + 1))[:whole]


def write_wav(path: Path, seconds: float) -> Path:
    """The same speech as a WAV file, 8 kHz, 16 bits, mono."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(array("h", rtp.mulaw_decode(mulaw(seconds))).tobytes())
    return path


def _prompts() -> list[int]:
    samples = array("h")
    for name in NAMES:
        path = PROMPTS / f"{name}.wav"
        if path.exists():
            with wave.open(str(path), "rb") as source:
                samples.frombytes(source.readframes(source.getnframes()))
    return samples.tolist()


def _without_lead(samples: list[int]) -> list[int]:
    """Begin with the first sound, so that its arrival can be timed."""
    return samples[next(n for n, sample in enumerate(samples) if abs(sample) > 1000) :]


def _made_up() -> list[int]:
    """Ten seconds of a gliding, syllable-wise swelling buzz; never the same twice."""
    rng = random.Random(11)
    samples, phase = [], 0.0
    for n in range(10 * RATE):
        phase += 2 * math.pi * (110 + 40 * math.sin(n / 3000)) / RATE
        swell = max(0.0, math.sin(n / 900)) * (0.7 + 0.3 * math.sin(n / 7000))
        buzz = sum(math.sin(h * phase) / h for h in range(1, 12))
        samples.append(round(5000 * swell * buzz + rng.uniform(-20, 20)))
    return samples
