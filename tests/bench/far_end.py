"""The far end's voice: RTP that is sent, one tick of 20 ms at a time, and RTP that is recorded."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.bench import rtp, stamps
from tests.bench.rtp import TICK, Packet
from tests.bench.stamps import Address

EVENT_TYPE = 101
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Key:
    """A key press: held `on_ms`, then at least `off_ms` of nothing."""

    digit: str
    on_ms: int
    off_ms: int


def random_keys(count: int, seed: int) -> list[Key]:
    """Keys held 40-500 ms, gaps from 40 ms, a third of them the same as the one before."""
    rng = random.Random(seed)
    keys: list[Key] = []
    for _ in range(count):
        repeated = keys and rng.random() < 0.33
        digit = keys[-1].digit if repeated else rng.choice("0123456789*#ABCD")
        keys.append(Key(digit, rng.randint(40, 500), rng.randint(40, 200)))
    return keys


class Voice:
    """Makes the packets of each tick: speech, silence after it, and keys by RFC 4733."""

    def __init__(self, speech: bytes, seed: int) -> None:
        rng = random.Random(seed)
        self._speech = speech
        self._sequence = rng.randrange(1 << 16)
        self._timestamp = rng.randrange(1 << 32)
        self._ssrc = rng.randrange(1 << 32)
        self._tick = 0
        self._keys: deque[Key] = deque()
        self._event: tuple[Key, int] | None = None  # the key now down and the tick of its start
        self._repeats: list[bytes] = []
        self._next_start = 0

    def press(self, keys: Iterable[Key]) -> None:
        """Queue key presses; they are sent one after another."""
        self._keys.extend(keys)

    @property
    def idle(self) -> bool:
        """No key is down or waiting."""
        return self._event is None and not self._keys and not self._repeats

    def tick(self) -> list[bytes]:
        """What leaves in this tick: one packet, or two while an event's end is repeated."""
        if self._event is None and self._keys and self._tick >= self._next_start:
            self._event = (self._keys.popleft(), self._tick)
        packets = self._end_repeat()
        packets += [self._audio()] if self._event is None else [self._update(*self._event)]
        self._tick += 1
        return packets

    def _audio(self) -> bytes:
        start = self._tick * TICK
        payload = self._speech[start : start + TICK].ljust(TICK, b"\xff")
        return self._packet(self._tick, 0, payload, marker=self._tick == 0)

    def _update(self, key: Key, start: int) -> bytes:
        """RFC 4733 2.5.1: constant timestamp, growing duration, first a marker, three ends."""
        elapsed = (self._tick - start + 1) * TICK
        whole = key.on_ms * 8
        ended = elapsed >= whole
        payload = rtp.event(key.digit, ended, min(elapsed, whole))
        if ended:
            self._event = None
            self._repeats = [payload, payload]
            self._repeat_start = start
            self._next_start = start - (-(whole + key.off_ms * 8) // TICK)
        return self._packet(start, EVENT_TYPE, payload, marker=self._tick == start)

    def _end_repeat(self) -> list[bytes]:
        if not self._repeats:
            return []
        return [self._packet(self._repeat_start, EVENT_TYPE, self._repeats.pop())]

    def _packet(self, tick: int, kind: int, payload: bytes, marker: bool = False) -> bytes:
        self._sequence += 1
        stamp = self._timestamp + tick * TICK
        return rtp.build(Packet(0, self._sequence, stamp, kind, marker, self._ssrc, payload))


class Impairment(Generic[Item]):
    """Loses, doubles and delays packets by a fixed seed; `loss`, `double`, `late` are fractions."""

    def __init__(
        self, seed: int, loss: float = 0.05, double: float = 0.02, late: float = 0.02
    ) -> None:
        self._rng = random.Random(seed)
        self._shares = (loss, double, late)
        self._held: list[Item] = []
        self.lost = 0

    def apply(self, packets: Iterable[Item]) -> list[Item]:
        """What comes out of the network in this tick; a late packet comes behind the next one's."""
        loss, double, late = self._shares
        out: list[Item] = []
        held, self._held = self._held, []
        for packet in packets:
            draw = self._rng.random()
            if draw < loss:
                self.lost += 1
            elif draw < loss + double:
                out += [packet, packet]
            elif draw < loss + double + late:
                self._held.append(packet)
            else:
                out.append(packet)
        return out + held


class FarEnd:
    """RTP of one call on loopback: a thread that sends and one that records with kernel stamps."""

    def __init__(
        self, host: str, voice: Voice, impairment: Impairment[bytes] | None = None
    ) -> None:
        self.port = stamps.even_port(host)
        self.voice = voice
        self.packets: list[Packet] = []
        self.sent = 0
        self._impairment = impairment
        self._socket = stamps.bound(host, self.port)
        self._control = stamps.bound(host, self.port + 1, stamped=False)
        self._stop = threading.Event()
        self._hush = threading.Event()
        self._threads = [threading.Thread(target=self._record, daemon=True)]
        self._threads[0].start()

    def start(self, remote: Address) -> None:
        """Begin to send."""
        sender = threading.Thread(target=self._send, args=(remote,), daemon=True)
        self._threads.append(sender)
        sender.start()

    def _send(self, remote: Address) -> None:
        due = time.monotonic()
        while not (self._stop.is_set() or self._hush.is_set()):
            packets = self.voice.tick()
            if self._impairment:
                packets = self._impairment.apply(packets)
            for packet in packets:
                _send_quietly(self._socket, packet, remote)
                self.sent += 1
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))

    def _record(self) -> None:
        self._socket.settimeout(0.2)
        while not self._stop.is_set():
            try:
                data, _, t_ns = stamps.receive(self._socket)
            except TimeoutError:
                continue
            except OSError:  # an ICMP error of a peer that hung up first
                continue
            packet = rtp.read(data, t_ns)
            if packet:
                self.packets.append(packet)

    def hush(self) -> None:
        """Send no more; go on recording."""
        self._hush.set()

    def stop(self) -> None:
        """Stop both threads; `packets` stays."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        self._control.close()


def _send_quietly(sock: socket.socket, packet: bytes, remote: Address) -> None:
    try:
        sock.sendto(packet, remote)
    except ConnectionRefusedError:  # the peer closed its port: its hang-up is seen elsewhere
        return
