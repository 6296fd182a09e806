"""Caller ID as a display gets it: random callers, the engine's sound, noise on the way, a judge."""

from __future__ import annotations

import random
import select
import string
import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from gateway.line.caller_id import (
    CallerIdentity,
    LocalTime,
    multiple_data_message,
    single_data_message,
)
from gateway.media import DataSent, DataSpec, Engine, EngineSettings
from tests.judges import adsi

Pcm = npt.NDArray[np.int16]

LINES = 32  # sent at once
PATIENCE_S = 20.0
_TAIL = 400  # samples of silence that a receiver gets to hear behind a message


def messages(count: int, seed: int) -> list[bytes]:
    """Call set-up messages of callers with long and short names and numbers, or with neither."""
    dice = random.Random(seed)
    return [_message(dice) for _ in range(count)]


def _message(dice: random.Random) -> bytes:
    who = CallerIdentity(
        number="".join(dice.choices(string.digits, k=dice.choice((0, 3, 7, 10, 12, 20)))),
        name="".join(dice.choices(string.ascii_letters + " .'-&", k=dice.choice((0, 4, 9, 15)))),
        absence=dice.choice(("unavailable", "private")),
    )
    when = LocalTime(
        dice.randint(1, 12), dice.randint(1, 28), dice.randint(0, 23), dice.randint(0, 59)
    )
    return dice.choice((multiple_data_message, single_data_message))(who, when)


def sounds(specs: Sequence[DataSpec]) -> list[Pcm]:
    """What the earpieces of as many lines play for them, real engine and all."""
    engine = Engine(EngineSettings(streams=1, lines=LINES, priority=0, ring_ms=8000))
    engine.start()
    try:
        return [pcm for at in range(0, len(specs), LINES) for pcm in _batch(engine, specs, at)]
    finally:
        engine.close()


def _batch(engine: Engine, specs: Sequence[DataSpec], at: int) -> Iterator[Pcm]:
    lines = [(engine.open_line(), spec) for spec in specs[at : at + LINES]]
    for line, spec in lines:
        line.start_sink()
        line.send_data(spec)
    _wait(engine, len(lines))
    for line, _ in lines:
        pcm = np.frombuffer(line.read_sink(10**6), dtype="<i2")
        yield np.concatenate([pcm, np.zeros(_TAIL, np.int16)])
        line.close()
    _settle(engine)


def _wait(engine: Engine, count: int) -> None:
    limit = time.monotonic() + PATIENCE_S
    sent = 0
    while sent < count:
        left = limit - time.monotonic()
        assert left > 0, f"only {sent} of {count} messages were sent"
        if select.select([engine.event_fd], [], [], left)[0]:
            sent += sum(isinstance(event, DataSent) for event in engine.read_events())


def _settle(engine: Engine) -> None:
    """Until the lines that were closed are free again: two ticks."""
    goal = engine.heartbeat() + 3
    while engine.heartbeat() < goal:
        select.select([engine.event_fd], [], [], 0.005)
    engine.read_events()


def with_noise(pcm: Pcm, snr_db: float, dice: np.random.Generator) -> Pcm:
    """White noise up to 4 kHz, so much weaker than the signal where there is one."""
    power = float(np.mean(pcm[pcm != 0].astype(float) ** 2))
    noise = dice.normal(0, np.sqrt(power / 10 ** (snr_db / 10)), len(pcm))
    return np.clip(pcm + noise, -32768, 32767).astype(np.int16)


def understood(
    standard: str, count: int, snr_db: float, *, tries: int = 1, seed: int = 1
) -> tuple[int, int]:
    """How many of `count` messages, each heard through `tries` noises, arrive with every byte."""
    wanted = messages(count, seed)
    dice = np.random.default_rng(seed)
    heard = sounds([DataSpec(standard, message) for message in wanted])
    right = sum(
        adsi.read(with_noise(pcm, snr_db, dice), standard) == [message[:-1]]
        for message, pcm in zip(wanted, heard, strict=True)
        for _ in range(tries)
    )
    return right, count * tries
