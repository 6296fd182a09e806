"""What the caller sends in each 20 ms slot: silence, speech, digits. No clock, no socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tests.peers.rtp_wire import TICK, event, header

MU_LAW_SILENCE = b"\xff" * TICK
END_PACKETS = 3  # RFC 4733 section 2.5.1.4
GAP_SLOTS = 4  # between digits: 80 ms, well above the 40 ms that a decoder needs


@dataclass(frozen=True, slots=True)
class Slot:
    """One packet; `note` says what begins or ends with it."""

    payload_type: int
    marker: bool
    timestamp: int
    payload: bytes
    note: str = ""


class RtpPlan:
    """A queue of things to send; `next_slot` is called once each 20 ms and never runs dry."""

    def __init__(self, *, payload_type: int, event_type: int | None, timestamp: int) -> None:
        self._payload_type = payload_type
        self._event_type = event_type
        self._timestamp = timestamp
        self._work: deque[Iterator[Slot]] = deque()
        self._first = True

    def speak(self, octets: bytes, name: str, late_ms: int = 0) -> None:
        """Queue G.711 octets; a last part of a packet is filled up with silence.

        The note of the beginning goes with the first slot, `late_ms` before the speech itself.
        """
        late = MU_LAW_SILENCE * (late_ms // 20)
        self._work.append(self._speech(late + octets, name))

    def press(self, digits: str, ms: int) -> None:
        """Queue RFC 4733 events of `ms` each. Raises ValueError if none were negotiated."""
        if self._event_type is None:
            raise ValueError("telephone-event was not negotiated")
        for digit in digits:
            self._work.append(self._digit(digit, max(1, round(ms / 20)), self._event_type))

    def wait(self, ms: int) -> None:
        """Queue silence."""
        self._work.append(self._silence(ms // 20))

    def next_slot(self) -> Slot:
        while self._work:
            slot = next(self._work[0], None)
            if slot is not None:
                return slot
            self._work.popleft()
        return self._audio(MU_LAW_SILENCE)

    def skip_slot(self) -> None:
        """Time goes on while nothing is sent (hold)."""
        self._timestamp += TICK

    def _audio(self, payload: bytes, note: str = "") -> Slot:
        slot = Slot(self._payload_type, self._first, self._timestamp, payload, note)
        self._first = False
        self._timestamp += TICK
        return slot

    def _silence(self, slots: int) -> Iterator[Slot]:
        for _ in range(slots):
            yield self._audio(MU_LAW_SILENCE)

    def _speech(self, octets: bytes, name: str) -> Iterator[Slot]:
        for start in range(0, len(octets), TICK):
            note = f"speaking {name}" if start == 0 else ""
            yield self._audio(octets[start : start + TICK].ljust(TICK, b"\xff"), note)
        yield self._audio(MU_LAW_SILENCE, f"spoken {name}")

    def _digit(self, digit: str, slots: int, payload_type: int) -> Iterator[Slot]:
        """Updates each 20 ms with the time stamp of the start, then the end three times."""
        begin = self._timestamp
        for number in range(slots + END_PACKETS - 1):
            end = number >= slots - 1
            payload = event(digit, end, min(number + 1, slots) * TICK)
            note = f"digit {digit}" if number == 0 else ""
            self._timestamp += TICK
            yield Slot(payload_type, number == 0, begin, payload, note)
        yield from self._silence(GAP_SLOTS)


def packet(slot: Slot, sequence: int, ssrc: int) -> bytes:
    """The slot on the wire."""
    head = header(slot.payload_type, sequence, slot.timestamp, ssrc, marker=slot.marker)
    return head + slot.payload
