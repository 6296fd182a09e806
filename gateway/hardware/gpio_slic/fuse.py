"""Ends this process when a burst has no end: RM must not stay high where nothing runs any more.

A timer of the kernel (timer_create(2)) with SIGKILL as its signal. It is set before RM goes high
and taken back once RM is low, and runs out whatever stands still meanwhile: this process, the
service, all of their unit (SIGSTOP, a frozen control group, a hung interpreter). Of a killed
process the kernel lets the pins go, and the board's resistor takes RM low.
"""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Final

from gateway.hardware.ring_duty import LONGEST_BURST_NS

FUSE_S: Final = LONGEST_BURST_NS / 1e9 + 0.1
_CLOCK_MONOTONIC: Final = 1
_SIGEV_SIGNAL: Final = 0


class _SigEvent(ctypes.Structure):
    """struct sigevent of sigevent(3type), with room to spare."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 64),
    )


class _TimerSpec(ctypes.Structure):
    """struct itimerspec: seconds and nanoseconds of the interval, then of the first time."""

    _fields_ = (("interval", ctypes.c_long * 2), ("value", ctypes.c_long * 2))


class Fuse:
    """`burn(True)` before RM goes high, `burn(False)` once it is low. OSError: it cannot be had."""

    def __init__(self, seconds: float = FUSE_S) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = ctypes.c_void_p()
        event = _SigEvent(signo=signal.SIGKILL, notify=_SIGEV_SIGNAL)
        self._check(
            self._libc.timer_create(
                _CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)
            )
        )
        whole = int(seconds)
        self._length = _TimerSpec(value=(whole, round((seconds - whole) * 1e9)))
        self._off = _TimerSpec()

    def burn(self, on: bool) -> None:
        """Begin anew, or stop."""
        length = self._length if on else self._off
        self._check(self._libc.timer_settime(self._timer, 0, ctypes.byref(length), None))

    def _check(self, result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"no timer for the bell: {os.strerror(number)}")
