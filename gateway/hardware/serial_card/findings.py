"""What keeps a serial line card from working on this machine, and what to do about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import HardwareError
from gateway.hardware.board.rights import may_i_open, refused
from gateway.hardware.finding import Finding, FoundFaulty
from gateway.hardware.serial_card import device as dev
from gateway.hardware.serial_card.knock import knock
from gateway.hardware.serial_card.wire import SerialWire


def ask(device: str) -> Finding:
    """Open it, and ask for a card."""
    woken = threading.Event()
    wire = SerialWire(device, woken.set)

    def wait(seconds: float) -> None:
        woken.wait(seconds)
        woken.clear()

    try:
        wire.open()
        return knock(device, wire, time.monotonic, wait)
    except FoundFaulty as error:
        return error.finding
    except HardwareError as error:
        return Finding("failure", device, str(error), "see the journal")
    finally:
        wire.close()


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that is looked at; the defaults are this one."""

    root: Path = Path("/")
    refused: Callable[[Path], str | None] = refused
    may_i_look: Callable[[Path], bool] = may_i_open
    ask: Callable[[str], Finding] = ask


def serial(lines: Mapping[str, str], busy: Set[str], host: Host) -> Iterator[Finding]:
    """`lines`: name to device. `busy` are those that a service works now: they are left alone."""
    for name, device in lines.items():
        path = host.root / device.lstrip("/")
        found = dev.in_the_way(device, host.root)
        if found is not None:
            yield found
        elif not path.exists():
            yield dev.missing(device, host.root)
        elif host.refused(path) is not None:
            yield dev.forbidden(device, path)
        elif name not in busy:
            yield _asked(device, path, host)


def _asked(device: str, path: Path, host: Host) -> Finding:
    if not host.may_i_look(path):
        text = "not asked for a card: you may not open it, though the service may"
        return Finding("warning", device, text, "run `tipring doctor` with sudo")
    if any(dev.holders(device, host.root)):
        return dev.in_use(device, host.root)
    return host.ask(device)
