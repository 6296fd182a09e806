"""One call with everything going on: speech and keys both ways, figures taken on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import speech
from tests.bench.caller import Caller
from tests.bench.far_end import FarEnd, Key, Voice
from tests.bench.processes import Footprint, footprint
from tests.bench.rtp import Packet
from tests.bench.sip import Target, answered_media, offer

KEY_EVERY_S = 3.0


@dataclass(frozen=True, slots=True)
class Talk:
    """What the far end received, and what the peer had spent by the end of the call."""

    packets: list[Packet]
    sent: int
    at_end: Footprint
    cpu_per_minute_s: float


def talk(
    target: Target, pid: int, seconds: float, press: Callable[[int], None] = lambda n: None
) -> Talk:
    """Call, talk for `seconds`, hang up. `press(n)` presses the n-th key at the other end."""
    caller, far = Caller(), FarEnd("127.0.0.1", Voice(speech.mulaw(seconds), seed=1))
    try:
        dialog = caller.dialog(target, offer("127.0.0.1", far.port))
        far.start(answered_media(caller.call(dialog).body))
        before, began = footprint(pid), time.monotonic()
        press(0)
        for n in range(1, int(seconds / KEY_EVERY_S)):
            time.sleep(max(0.0, began + n * KEY_EVERY_S - time.monotonic()))
            far.voice.press([Key("0123456789*#"[n % 12], 120, 60)])
            press(n)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        after, took = footprint(pid), time.monotonic() - began
        caller.bye(dialog)
    finally:
        far.stop()
        caller.close()
    cost = (after.cpu_s - before.cpu_s) / took * 60
    return Talk(far.packets, far.sent, after, cost)
