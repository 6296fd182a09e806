"""Was this speech heard? A recording judged against what was sent, with reasons.

Run by hand: python -m tests.audio.compare sent.wav recorded.wav
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pesq import PesqError, pesq

from tests.audio.align import Alignment, align, slips
from tests.audio.gaps import dropouts
from tests.audio.wav import RATE, Pcm, level_db, read_wav


@dataclass(frozen=True, slots=True)
class Check:
    """One measured value beside its bound."""

    name: str
    value: str
    bound: str
    passed: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.value} (bound {self.bound})"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a clean G.711 path without loss."""

    correlation: float = 0.9
    pesq: float = 3.8
    level_db: float = 1.0
    dropout_ms: float = 0.0
    slip_ms: float = 20.0
    lag_ms: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`offset`: the sample of the recording where the reference begins."""

    offset: int
    correlation: float
    pesq: float
    level_db: float
    dropout_ms: float
    slip_ms: float
    checks: tuple[Check, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        return [str(check) for check in self.checks if not check.passed]


def compare(
    reference: Pcm, recorded: Pcm, limits: Limits | None = None, *, expected_offset: float = 0.0
) -> Verdict:
    """Find `reference` in `recorded` and judge it.

    `expected_offset`: the sample where a path without delay would put it; `limits.lag_ms` bounds
    the distance from there.
    """
    bounds = limits or Limits()
    place = align(reference, recorded)
    heard = _cut(recorded, place.offset, reference.size)
    missing = sum(gap.duration_ms for gap in dropouts(reference, heard))
    steps = slips(reference, recorded, place.offset)
    verdict = Verdict(
        offset=place.offset,
        correlation=place.correlation,
        pesq=pesq_nb(reference, heard),
        level_db=_level_difference(reference, heard),
        dropout_ms=missing,
        slip_ms=max((abs(step) for step in steps), default=0.0),
    )
    lag_ms = (place.offset - expected_offset) * 1000 / RATE
    return _with_checks(verdict, bounds, place, lag_ms)


def pesq_nb(reference: Pcm, heard: Pcm) -> float:
    """PESQ (P.862, narrow band, as MOS-LQO 1.0 to 4.5); 1.0 where there is no speech to score."""
    size = min(reference.size, heard.size)
    if size < RATE // 2 or not np.any(heard[:size]):
        return 1.0
    try:
        return float(pesq(RATE, reference[:size], heard[:size], "nb"))
    except PesqError:
        return 1.0


def _level_difference(reference: Pcm, heard: Pcm) -> float:
    return level_db(heard) - level_db(reference[: heard.size])


def _cut(recorded: Pcm, offset: int, size: int) -> Pcm:
    """`size` samples from `offset`, silence where the recording has none."""
    out = np.zeros(size, dtype=np.int16)
    first, last = max(0, offset), min(recorded.size, offset + size)
    if last > first:
        out[first - offset : last - offset] = recorded[first:last]
    return out


def _with_checks(verdict: Verdict, bounds: Limits, place: Alignment, lag_ms: float) -> Verdict:
    checks = [
        Check(
            "aligned (correlation)",
            f"{place.correlation:.3f}",
            f">= {bounds.correlation}",
            place.correlation >= bounds.correlation,
        ),
        Check("PESQ", f"{verdict.pesq:.2f}", f">= {bounds.pesq}", verdict.pesq >= bounds.pesq),
        Check(
            "level difference",
            f"{verdict.level_db:+.2f} dB",
            f"+-{bounds.level_db} dB",
            abs(verdict.level_db) <= bounds.level_db,
        ),
        Check(
            "drop-outs",
            f"{verdict.dropout_ms:.0f} ms",
            f"<= {bounds.dropout_ms:.0f} ms",
            verdict.dropout_ms <= bounds.dropout_ms,
        ),
        Check(
            "slip between parts",
            f"{verdict.slip_ms:.2f} ms",
            f"<= {bounds.slip_ms} ms",
            verdict.slip_ms <= bounds.slip_ms,
        ),
    ]
    if bounds.lag_ms is not None:
        low, high = bounds.lag_ms
        within = low <= lag_ms <= high
        checks.append(Check("lag", f"{lag_ms:.1f} ms", f"{low:.0f} to {high:.0f} ms", within))
    return Verdict(
        verdict.offset,
        verdict.correlation,
        verdict.pesq,
        verdict.level_db,
        verdict.dropout_ms,
        verdict.slip_ms,
        tuple(checks),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sent")
    parser.add_argument("recorded")
    options = parser.parse_args(arguments)
    verdict = compare(read_wav(options.sent), read_wav(options.recorded))
    for check in verdict.checks:
        print(f"{'ok  ' if check.passed else 'FAIL'}  {check}")
    print(f"the sent speech begins {verdict.offset * 1000 / RATE:.1f} ms into the recording")
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
