"""A key pad and a decoder chip on paper: when tones sound, and when ESt and StD rise and fall.

Times are those of the MT8870's data sheet: ESt 5 to 14 ms after a tone's beginning, StD 40 to 50;
ESt falls up to 8 ms after its end, StD 20 to 40. What the decoder says is a script, which
`python -m tests.bench.key_press SCRIPT` plays to its standard output on the real clock, as the
process of a line's pins does: StD's digit is told 1 ms after its edge, and stamped with the edge.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.bench.dtmf import COLUMNS, KEYS, RATE, ROWS

MS = 1_000_000
CONFIRM_NS = MS
AMPLITUDE = 7164  # -10 dBm0 for each of the two

Samples = npt.NDArray[np.int16]
Word = tuple[int, str]
"""When it is said, in nanoseconds after the beginning; and what, `@` for the time of its edge."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key's tone from `begin_ns` to `end_ns`; the decoder's edges."""

    digit: str
    begin_ns: int
    end_ns: int
    est_ns: tuple[int, int]
    std_ns: tuple[int, int]


def presses(count: int, seed: int, first_ms: float = 1000) -> list[Press]:
    """Keys of 60 to 140 ms, 90 to 170 ms apart, a third of them the same as the one before."""
    rng = random.Random(seed)
    found: list[Press] = []
    at = first_ms
    for _ in range(count):
        again = found and rng.random() < 0.33
        digit = found[-1].digit if again else rng.choice("0123456789*#ABCD")
        begin, end = at, at + rng.uniform(60, 140)
        est = begin + rng.uniform(5, 14), end + rng.uniform(1, 8)
        std = begin + rng.uniform(40, 50), end + rng.uniform(20, 40)
        found.append(Press(digit, _ns(begin), _ns(end), _both(est), _both(std)))
        at = end + rng.uniform(90, 170)
    return found


def false_alarms(seconds: float, seed: int) -> list[tuple[int, int]]:
    """ESt at speech: some four times a second, 3 to 45 ms long, mostly short."""
    rng = random.Random(seed)
    found, at = list[tuple[int, int]](), 1000.0
    while at < seconds * 1000:
        length = min(3 + rng.expovariate(1 / 12), 45)
        found.append(_both((at, at + length)))
        at += length + rng.uniform(80, 400)
    return found


def sound(keys: Iterable[Press], seconds: float) -> Samples:
    """What the handset sends: the keys' tones and nothing else."""
    pcm = np.zeros(round(seconds * RATE))
    for key in keys:
        first, last = (t * RATE // 1_000_000_000 for t in (key.begin_ns, key.end_ns))
        row = next(r for r, text in enumerate(KEYS) if key.digit in text)
        times = np.arange(last - first) / RATE
        high = COLUMNS[KEYS[row].index(key.digit)]
        low = np.sin(2 * np.pi * ROWS[row] * times)
        pcm[first:last] = AMPLITUDE * (low + np.sin(2 * np.pi * high * times))
    return pcm.astype(np.int16)


def script(keys: Iterable[Press], alarms: Iterable[tuple[int, int]], *, est: bool) -> list[Word]:
    """What the decoder says."""
    words: list[Word] = []
    for rose, fell in [*(key.est_ns for key in keys), *alarms] if est else ():
        words += [(rose, "early @ 1"), (fell, "early @ 0")]
    for key in keys:
        words.append((key.std_ns[0], f"key @ {key.digit}"))
        words.append((key.std_ns[1], f"key-end @ {key.digit}"))
    return sorted(words)


def write(path: Path, began_ns: int, words: Sequence[Word]) -> Path:
    """The script as a file, with times of CLOCK_MONOTONIC."""
    lines = (
        f"{began_ns + at + CONFIRM_NS * text.startswith('key @')} "
        f"{text.replace('@', str(began_ns + at))}"
        for at, text in words
    )
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def main(argv: Sequence[str]) -> None:
    """Play a script, then wait for the end of standard input. The line is lifted first."""
    _say(f"ready {time.monotonic_ns()}")
    _say(f"hook {time.monotonic_ns()} 1")
    for line in Path(argv[0]).read_text().splitlines():
        due, text = line.split(maxsplit=1)
        time.sleep(max(0, int(due) - time.monotonic_ns()) / 1e9)
        _say(text)
    sys.stdin.read()


def _say(text: str) -> None:
    print(text, flush=True)


def _ns(ms: float) -> int:
    return round(ms * MS)


def _both(edges: tuple[float, float]) -> tuple[int, int]:
    return _ns(edges[0]), _ns(edges[1])


if __name__ == "__main__":
    main(sys.argv[1:])
