"""A key leaves once: its digit soon, its tone not at all; and speech is left alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.bench import dtmf, key_lines, key_press, rtp, speech
from tests.bench.bench import Bench
from tests.bench.far_end import EVENT_TYPE
from tests.bench.figures.digits import wrong
from tests.bench.key_lines import Trial
from tests.bench.key_press import MS
from tests.bench.processes import busy_cores
from tests.bench.rtp import DigitCollector, Packet, Unwrapper
from tests.bench.table import Row

SEED = 4733
LINES = 4  # of each kind; two with a card that holds 10 ms back, two with one that holds 30
AHEAD = (80, 240)
BLOCK = 8  # 1 ms
HEARD = 300  # a peak of -37 dBm0
NEAR = 1600  # a key's tone and its event begin within this
SILENT = 20  # mu-law's least steps
ESt_MS, StD_MS, START_MS = 14, 60, 60

# What is wired, whether ESt is, look-ahead, and the most of a tone that may be heard (ms).
KINDS = (
    ("ESt", True, 0, ESt_MS),
    ("StD alone", False, 0, StD_MS),
    ("StD alone, look-ahead 50", False, 50, 0),
)


def run(bench: Bench) -> list[Row]:
    """Leak, digits and speech at once, at rest; then how soon a digit leaves, under load."""
    count = 25 if bench.quick else 250
    kinds = [_keyed(est, ahead, count, n) for n, (_, est, ahead, _) in enumerate(KINDS)]
    spoken = _spoken(6 if bench.quick else 60)
    keyed = [trial for trials in kinds for trial in trials]
    began = key_lines.carry_out([*keyed, spoken], bench.folder)
    rows: list[Row] = []
    for (name, _, ahead, limit), trials in zip(KINDS, kinds, strict=True):
        rows += _leaks(f"key, {name}", limit, trials, clean=ahead > 0 or name == "ESt")
    rows.append(_chopped(spoken))
    rows.append(_starts("at rest", began, keyed))
    return [*rows, *_loaded(bench)]


def _loaded(bench: Bench) -> list[Row]:
    count = 25 if bench.quick else 250
    rows = []
    with busy_cores(600):
        trials = _keyed(True, 0, count, 7)
        rows.append(_starts("cores busy", key_lines.carry_out(trials, bench.folder), trials))
    trials = _keyed(True, 0, count, 8)
    began = key_lines.carry_out(trials, bench.folder, key_lines.busy_loop())
    return [*rows, _starts("loop busy with SIP", began, trials)]


def _keyed(est: bool, lookahead_ms: int, count: int, seed: int) -> list[Trial]:
    trials = []
    for n in range(LINES):
        keys = key_press.presses(count, SEED + 10 * seed + n)
        said = key_press.sound(keys, keys[-1].end_ns / 1e9 + 1)
        trials.append(Trial(keys, said, est, lookahead_ms, AHEAD[n % len(AHEAD)]))
    return trials


def _spoken(seconds: float) -> Trial:
    said = np.array(rtp.mulaw_decode(speech.mulaw(seconds)), np.int16)
    return Trial([], said, True, alarms=key_press.false_alarms(seconds - 1, SEED))


# --- what the far end heard ---


def timeline(packets: Sequence[Packet]) -> npt.NDArray[np.int16]:
    """The audio by timestamp, silence where there was none."""
    times, placed = Unwrapper(32), list[tuple[int, bytes]]()
    for packet in packets:
        at = times.feed(packet.timestamp)
        if packet.payload_type == 0:
            placed.append((at, packet.payload))
    pcm = np.zeros(max(at + len(payload) for at, payload in placed), np.int16)
    for at, payload in placed:
        pcm[at : at + len(payload)] = rtp.mulaw_decode(payload)
    return pcm


def events(packets: Sequence[Packet]) -> DigitCollector:
    """The digits."""
    collector = DigitCollector()
    for packet in packets:
        if packet.payload_type == EVENT_TYPE:
            collector.feed(packet)
    return collector


def leaks(packets: Sequence[Packet]) -> list[float]:
    """For each digit, ms of sound beside it; sound that is nobody's comes last."""
    pcm = timeline(packets)
    peaks = np.abs(pcm[: len(pcm) // BLOCK * BLOCK].reshape(-1, BLOCK)).max(axis=1)
    begins = np.array([digit.timestamp for digit in events(packets).digits])
    found, strays = np.zeros(len(begins)), 0
    for block in np.flatnonzero(peaks > HEARD):
        distance = np.abs(begins - block * BLOCK)
        nearest = int(distance.argmin())
        if distance[nearest] <= NEAR:
            found[nearest] += 1
        else:
            strays += 1
    return [*found.tolist(), float(strays)]


def _leaks(name: str, limit: float, trials: Sequence[Trial], *, clean: bool) -> list[Row]:
    heard = [ms for trial in trials for ms in leaks(trial.packets)]
    count = sum(len(trial.keys) for trial in trials)
    doubles = sum(len(dtmf.keys(timeline(trial.packets).astype(float))) for trial in trials)
    changed = sum(
        wrong("".join(key.digit for key in trial.keys), events(trial.packets).text())
        for trial in trials
    )
    note = f"mean {np.mean(heard):.1f} p99 {np.percentile(heard, 99):.0f}; cards 10 and 30 ms"
    return [
        Row(f"{name}: most of its tone heard", "ms", limit, max(heard), None, note),
        Row(f"{name}: digits lost or doubled", "digits", 0, changed, None, f"of {count}"),
        Row(
            f"{name}: keys decoded from the sound beside them",
            "keys",
            0 if clean else None,
            doubles,
            None,
            f"of {count}",
        ),
    ]


def _chopped(trial: Trial) -> Row:
    """Speech: how much of it was silenced, by the engine's count and by the far end's ears."""
    assert trial.statistics is not None
    muted, alarms = trial.statistics.muted / 8, trial.statistics.early_mutes
    heard = timeline(trial.packets)
    lag = _lag(trial.said, heard)
    said = trial.said[: len(heard) - lag]
    loud = np.abs(said) > HEARD
    gone = loud & (np.abs(heard[lag : lag + len(said)]) < SILENT)
    return Row(
        "speech silenced by an ESt that is no key, mean",
        "ms",
        5,
        muted / max(alarms, 1),
        None,
        f"{alarms} times of 3-45 ms in {len(said) / 8000:.0f} s;"
        f" {100 * gone.sum() / loud.sum():.2f} % of speech missing at the far end",
    )


def _lag(said: npt.NDArray[np.int16], heard: npt.NDArray[np.int16]) -> int:
    """How much later the far end has it: the best match of the envelopes, then of the samples."""
    size = 1 << (len(heard) + len(said)).bit_length()
    spectrum = np.fft.rfft(heard.astype(float), size) * np.fft.rfft(said.astype(float), size).conj()
    return int(np.fft.irfft(spectrum, size)[: len(heard)].argmax())


def _starts(when: str, began: int, trials: Sequence[Trial]) -> Row:
    """From StD's edge to the kernel's stamp on the digit's first packet."""
    late = [
        (first - began - key.std_ns[0]) / MS
        for trial in trials
        for first, key in zip(_firsts(trial.packets), trial.keys, strict=False)
    ]
    whole = all(len(_firsts(trial.packets)) == len(trial.keys) for trial in trials)
    note = (
        f"p50 {np.percentile(late, 50):.1f} p99 {np.percentile(late, 99):.1f}; {len(late)} digits"
    )
    return Row(
        f"StD to RFC 4733, {when}, max", "ms", START_MS, max(late) if whole else None, None, note
    )


def _firsts(packets: Sequence[Packet]) -> list[int]:
    return [p.t_ns for p in packets if p.payload_type == EVENT_TYPE and p.marker]
