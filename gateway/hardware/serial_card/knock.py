"""Asks whatever is on a serial port whether it is a line card. Nothing rings or moves by it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.hardware.finding import Finding
from gateway.hardware.serial_card.link import CardLink
from gateway.hardware.serial_card.wire import Lost, Received, Wire
from gateway.line.events import Fault


def knock(
    device: str, wire: Wire, now: Callable[[], float], wait: Callable[[float], object]
) -> Finding:
    """Over an open `wire`, for 3 s at most. `wait(seconds)` may return when something arrives."""
    link = CardLink(device, 20, now())
    link.opened(now())
    while link.state == "knocking":
        wire.write(link.to_send(now()))
        wait(max(0.0, (link.next_deadline() or 0.0) - now()))
        while (arrival := wire.arrival()) is not None:
            match arrival:
                case Received(data, t_ns):
                    link.receive(data, t_ns)
                case Lost(text, t_ns):
                    link.lost(text, t_ns / 1e9)
        link.handle_deadline(now())
        while (event := link.next_event()) is not None:
            if isinstance(event, Fault):
                text, _, fix = event.text.removeprefix(f"{link.name}: ").partition("; ")
                return Finding("failure", device, text, fix or "plug it in again")
    return Finding("ok", device, f"a line card answers, version {link.version or 'unknown'}")
