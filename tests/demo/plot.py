"""One picture of the call: what each side heard, packet spacing, jitter. Needs matplotlib."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.audio.gaps import frame_levels
from tests.audio.wav import Floats, read_wav
from tests.demo.evidence import Evidence, Row

FRAME_MS = 20
FLOOR_DB = -80


def plot(evidence: Evidence, path: Path) -> None:
    """Write a PNG; the time axis begins with the INVITE."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    begun = evidence.first("sent").get("t", 0.0)
    figure, axes = plt.subplots(4, 1, sharex=True, figsize=(11, 9), layout="constrained")
    heard = (
        ("the phone heard", evidence.phone_heard, evidence.phone_recording_begun, "tab:purple"),
        (
            "the caller heard",
            evidence.caller_heard,
            evidence.over.get("begin") or begun,
            "tab:cyan",
        ),
    )
    for axis, (title, wav, start, colour) in zip(axes[:2], heard, strict=True):
        levels = np.maximum(frame_levels(read_wav(wav), FRAME_MS), FLOOR_DB)
        times = start - begun + np.arange(levels.size) * FRAME_MS / 1000
        axis.fill_between(times, FLOOR_DB, levels, color=colour, linewidth=0)
        axis.set(title=f"what {title}", ylabel="level, dBFS", ylim=(FLOOR_DB, 0))
    packets = _packets(Path(evidence.over["log"]))
    arrivals = np.array([row["t"] for row in packets])
    axes[2].plot(arrivals[1:] - begun, np.diff(arrivals) * 1000 - 20, ".", markersize=3)
    axes[2].set(title="packets from the gateway: gap minus 20 ms", ylabel="ms")
    times, jitter = _jitter([row for row in packets if row["pt"] in {0, 8}])
    axes[3].plot(times - begun, jitter)
    axes[3].set(title="interarrival jitter at the caller (RFC 3550)", ylabel="ms")
    axes[3].set_xlabel("seconds since the INVITE")
    for axis in axes:
        axis.grid(alpha=0.3)
        for _, t in _marks(evidence):
            axis.axvline(t - begun, color="grey", linewidth=0.8, linestyle="--")
    for name, t in _marks(evidence):
        axes[0].annotate(name, (t - begun, -2), rotation=90, va="top", ha="right", fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _marks(evidence: Evidence) -> list[tuple[str, float]]:
    marks = [("rings", evidence.rang), ("lifted", evidence.lifted), ("put down", evidence.hung_up)]
    for name, event in (("caller's digits", "digit-sent"), ("phone's digits", "digit-heard")):
        marks += [(name, row["t"]) for row in evidence.rows(event)[:1]]
    return [(name, t) for name, t in marks if t]


def _packets(log: Path) -> list[Row]:
    return [json.loads(line) for line in log.read_text(encoding="ascii").splitlines()]


def _jitter(audio: list[Row]) -> tuple[Floats, Floats]:
    """Arrival times (s) and the running jitter (ms); events, whose time stamps stand, left out."""
    arrivals = np.array([row["t"] for row in audio])
    stamps = np.unwrap([row["ts"] for row in audio], period=2**32) / 8000
    jitter, last = [0.0], 0.0
    for step in np.abs(np.diff(arrivals - stamps)) * 1000:
        last += (float(step) - last) / 16
        jitter.append(last)
    return arrivals, np.array(jitter[: arrivals.size])
