"""How evenly a peer sends its RTP, by the kernel's receive time stamps. Works on any peer:

python -m tests.bench.pacing --call sip:alice@127.0.0.1:5060 --seconds 60
python -m tests.bench.pacing --listen 127.0.0.1:40000 --seconds 60
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.bench import rtp, slots, stamps
from tests.bench.caller import Caller
from tests.bench.far_end import FarEnd, Voice
from tests.bench.grid import Spread, fit_line, fixed_grid, gap_errors, grid_errors, spread
from tests.bench.rtp import Packet
from tests.bench.sip import Target, answered_media, offer

SETTLING_NS = 1_000_000_000  # the first second is start-up, not pacing


@dataclass(frozen=True, slots=True)
class Pacing:
    """Spacing of one stream. `gap`: gap minus 20 ms; `grid`: distance from the best 20 ms grid;
    `fitted`: the same with the period fitted too. Milliseconds; drift in ppm of CLOCK_MONOTONIC.
    """

    gap: Spread
    grid: Spread
    fitted: Spread
    drift_ppm: float
    resolution_ppm: float
    packets: int
    lost: int


def analyse(packets: Sequence[Packet], settling_ns: int = SETTLING_NS) -> Pacing:
    """The figures of a recording. Raises ValueError when there is less than a second of it."""
    if packets:
        packets = [p for p in packets if p.t_ns - packets[0].t_ns >= settling_ns]
    if len(packets) < 50:
        raise ValueError(f"only {len(packets)} RTP packets after the first second")
    places = slots.assign(packets)
    times = [p.t_ns for p in packets]
    # A repeated end packet shares its slot with audio; the first one there is the slot's.
    firsts = [n for n, place in enumerate(places) if n == 0 or place != places[n - 1]]
    places, times = [places[n] for n in firsts], [times[n] for n in firsts]
    line = fit_line(places, times)
    fixed = fixed_grid(places, times)
    return Pacing(
        gap=spread(gap_errors(places, times)),
        grid=spread(grid_errors(places, times, fixed)),
        fitted=spread(grid_errors(places, times, line)),
        drift_ppm=line.drift_ppm(),
        resolution_ppm=line.resolution_ppm,
        packets=len(packets),
        lost=slots.lost(packets),
    )


def describe(pacing: Pacing) -> str:
    """Four lines for a reader."""
    rows = (
        ("gap minus 20 ms", pacing.gap),
        ("off the best 20 ms grid", pacing.grid),
        ("off it, period fitted too", pacing.fitted),
    )
    lines = [
        f"{name:26} p50 {s.p50:8.3f}  p99 {s.p99:8.3f}  max {s.worst:8.3f} ms" for name, s in rows
    ]
    drift = f"{pacing.drift_ppm:+.3f} ppm (resolution {pacing.resolution_ppm:.3f})"
    return "\n".join([*lines, f"drift {drift}; {pacing.packets} packets, {pacing.lost} lost"])


def listen(address: stamps.Address, seconds: float) -> list[Packet]:
    """Record what arrives at a port within `seconds` of the first packet (waits 60 s for it)."""
    packets: list[Packet] = []
    with stamps.bound(*address) as sock:
        sock.settimeout(60.0)
        while not packets or packets[-1].t_ns - packets[0].t_ns < seconds * 1e9:
            data, _, t_ns = stamps.receive(sock)
            packet = rtp.read(data, t_ns)
            if packet:
                packets.append(packet)
            sock.settimeout(5.0)
    return packets


def call(target: Target, seconds: float, speech: bytes = b"") -> list[Packet]:
    """Call a peer that answers by itself, talk to it, and record what it sends."""
    host = stamps.local_address(target.address)
    caller, far = Caller(host), FarEnd(host, Voice(speech, seed=1))
    try:
        dialog = caller.dialog(target, offer(host, far.port))
        far.start(answered_media(caller.call(dialog, timeout=30.0).body))
        threading.Event().wait(seconds)
        caller.bye(dialog)
    finally:
        far.stop()
        caller.close()
    return far.packets


def _target(uri: str, username: str, password: str) -> Target:
    user, _, place = uri.removeprefix("sip:").rpartition("@")
    host, _, port = place.partition(":")
    return Target((socket.gethostbyname(host), int(port or 5060)), user, username, password)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="measure how evenly a peer sends RTP")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--call", metavar="SIP-URI", help="call this peer, which answers by itself")
    how.add_argument("--listen", metavar="HOST:PORT", help="only record what arrives there")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--username", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.call:
        target = _target(given.call, given.username, given.password)
        packets = call(target, given.seconds)
    else:
        host, _, port = given.listen.rpartition(":")
        packets = listen((host, int(port)), given.seconds)
    found = analyse(packets)
    print(json.dumps(asdict(found)) if given.json else describe(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
