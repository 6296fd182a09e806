"""The simulated board: a GPIO chip whose lines a test turns, and a sound card that hears itself.

The kernel's gpio-sim offers the drivers a chip like any other. From behind it, `pull` is what the
circuit outside puts on a line, and `value` is what the line carries, which is the pull unless a
driver holds the line as an output.

    python3 -m tests.vm.guest.board    # makes it; prints the environment that drivers need
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

# The wiring of the reference build, by BCM number.
PINS: Final = {
    "PD": 5, "BUTTON": 6, "LED": 12, "FR": 13, "EST": 16, "STD": 17,
    "Q1": 22, "Q2": 23, "RM": 24, "SHK": 25, "Q3": 26, "Q4": 27,
}  # fmt: skip
LINES: Final = 54  # of a Raspberry Pi's chip
# What the circuit puts on lines that nobody drives: PD and BUTTON have pull-ups.
PULLED_UP: Final = frozenset({"PD", "BUTTON"})

CONFIG: Final = Path("/sys/kernel/config/gpio-sim/board")
# rpi-lgpio knows its chip by the board's revision; any with a single chip of GPIO will do.
ZERO_2_W: Final = "902120"
LGPIO_FOLDER: Final = Path("/run/lgpio")


def make() -> None:
    """Load the simulators. To be called once, on a machine made for it."""
    # Addresses of the loopback card: hw:CARD=Loopback,DEV=0 is heard on DEV=1 and the reverse.
    subprocess.run(
        ["modprobe", "snd-aloop", "index=0", "id=Loopback", "pcm_substreams=2"], check=True
    )
    subprocess.run(["modprobe", "gpio-sim"], check=True)
    bank = CONFIG / "bank0"
    bank.mkdir(parents=True)
    (bank / "num_lines").write_text(f"{LINES}\n", "ascii")
    (bank / "label").write_text("pinctrl-sim\n", "ascii")
    for name, pin in PINS.items():
        (bank / f"line{pin}").mkdir()
        (bank / f"line{pin}" / "name").write_text(f"{name}\n", "ascii")
    (CONFIG / "live").write_text("1\n", "ascii")
    LGPIO_FOLDER.mkdir(exist_ok=True)


class Board:
    """The circuit's side of the chip."""

    def __init__(self) -> None:
        self.chip: Final = (CONFIG / "bank0/chip_name").read_text("ascii").strip()
        device = (CONFIG / "dev_name").read_text("ascii").strip()
        lines = Path("/sys/devices/platform", device, self.chip)
        self._pulls = {pin: lines / f"sim_gpio{pin}/pull" for pin in range(LINES)}
        self._values = {pin: lines / f"sim_gpio{pin}/value" for pin in range(LINES)}

    @property
    def number(self) -> int:
        """Of the chip, as drivers want it."""
        return int(self.chip.removeprefix("gpiochip"))

    def pull(self, pin: int, level: int) -> None:
        """Put a level on a line from outside. An edge, if the line is an input."""
        self._pulls[pin].write_text("pull-up" if level else "pull-down", "ascii")

    def value(self, pin: int) -> int:
        """The level that the line carries."""
        return int(self._values[pin].read_text("ascii"))

    def rest(self) -> None:
        """All lines as they are with the handset on its hook and nothing pressed."""
        for name, pin in PINS.items():
            self.pull(pin, int(name in PULLED_UP))


def environment(board: Board) -> dict[str, str]:
    """What rpi-lgpio and lgpio need to find the simulated chip."""
    return {
        "RPI_LGPIO_CHIP": str(board.number),
        "RPI_LGPIO_REVISION": ZERO_2_W,
        "LG_WD": str(LGPIO_FOLDER),
    }


if __name__ == "__main__":
    make()
    made = Board()
    made.rest()
    print("\n".join(f"{name}={value}" for name, value in environment(made).items()))
