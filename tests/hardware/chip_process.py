"""The shipped process of a line's pins on a fake chip: what is written goes to standard error.

Its environment says what the chip does: REFUSE names a pin that cannot be had, SHK=1 lifts the
phone.
"""

from __future__ import annotations

import os
import sys
import time

from gateway.hardware.gpio_slic import worker
from gateway.hardware.gpio_slic.wiring import Wiring
from tests.hardware.fake_chip import FakeChip, Written


def show(written: Written) -> None:
    os.write(2, f"{written.t_ns} {written.pin} {int(written.level)}\n".encode())


def chip() -> FakeChip:
    made = FakeChip(time.monotonic_ns, on_write=show)
    if "REFUSE" in os.environ:
        made.refused[int(os.environ["REFUSE"])] = "another program uses it"
    made.drive(Wiring().pins.shk, os.environ.get("SHK") == "1")
    return made


if __name__ == "__main__":
    sys.exit(worker.main(chip))
