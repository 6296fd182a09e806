"""The line card on a Raspberry Pi Pico (RP2040): its pins, its clock, its USB port or UART.

`from card.pico import run; run()` is the whole main.py. Imports of MicroPython stand inside, so
that everything else can look at this file on any machine.
"""

from .board import Board
from .line_card import LineCard

# GPIO numbers. The UART is UART0 on GP0 and GP1.
PINS = {"fr": 2, "rm": 3, "shk": 4, "pd": 5, "q": (6, 7, 8, 9), "std": 10, "est": 11}
BAUD = 57600
WATCHDOG_MS = 1000  # a card that hangs in a burst is reset: RM has a pull-down


class PicoBoard(Board):
    """An Ag1171S and an MT8870 on `PINS`."""

    def __init__(self) -> None:
        from machine import Pin  # noqa: PLC0415

        self._rm = Pin(PINS["rm"], Pin.OUT, value=0)
        self._fr = Pin(PINS["fr"], Pin.OUT, value=1)
        self._pd = Pin(PINS["pd"], Pin.OUT, value=1)  # behind a diode
        self._shk = Pin(PINS["shk"], Pin.IN)
        self._q = [Pin(number, Pin.IN) for number in PINS["q"]]  # type: ignore[attr-defined]
        self._std = Pin(PINS["std"], Pin.IN, Pin.PULL_DOWN)
        self._est = Pin(PINS["est"], Pin.IN, Pin.PULL_DOWN)

    def hook(self) -> bool:
        return bool(self._shk.value())

    def decoder(self) -> "tuple[bool, bool, int]":
        code = 0
        for bit, pin in enumerate(self._q):
            code |= pin.value() << bit
        return bool(self._std.value()), bool(self._est.value()), code

    def ring_mode(self, on: bool) -> None:
        self._rm.value(int(on))

    def forward(self, on: bool) -> None:
        self._fr.value(int(on))

    def power(self, on: bool) -> None:
        self._pd.value(int(on))


class UsbWire:
    """The Pico's own USB port, /dev/ttyACM* on the host; the REPL is there when this ends."""

    def __init__(self) -> None:
        import select  # noqa: PLC0415
        import sys  # noqa: PLC0415

        import micropython  # noqa: PLC0415

        micropython.kbd_intr(-1)  # garbage may contain a Ctrl-C
        self._in, self._out = sys.stdin.buffer, sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def read(self) -> bytes:
        data = b""
        while len(data) < 256 and self._poll.poll(0):
            data += self._in.read(1)
        return data

    def write(self, data: bytes) -> None:
        self._out.write(data)


class UartWire:
    """UART0: the Pi's own pins 14 and 15, or a USB adapter."""

    def __init__(self) -> None:
        from machine import UART  # noqa: PLC0415

        self._uart = UART(0, BAUD, bits=8, parity=None, stop=1, rxbuf=512, txbuf=512)

    def read(self) -> bytes:
        return self._uart.read() or b""

    def write(self, data: bytes) -> None:
        self._uart.write(data)


def run(usb: bool = True) -> None:
    """Be a line card, for ever."""
    import time  # noqa: PLC0415

    from machine import WDT  # noqa: PLC0415

    board = PicoBoard()  # first of all: RM low
    wire = UsbWire() if usb else UartWire()
    watchdog = WDT(timeout=WATCHDOG_MS)
    last = time.ticks_ms()  # type: ignore[attr-defined]
    now = 0
    card = LineCard(board, now)
    while True:
        ticks = time.ticks_ms()  # type: ignore[attr-defined]
        now += time.ticks_diff(ticks, last)  # type: ignore[attr-defined]
        last = ticks
        data = wire.read()
        if data:
            card.receive(data)
        card.step(now)
        out = card.to_send()
        if out:
            wire.write(out)
        watchdog.feed()
