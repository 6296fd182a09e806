"""The only importer of the C extension: `ffi`, `lib`, and a check of its results."""

from __future__ import annotations

import os
from typing import Any

from gateway.errors import ExhaustedError, LocalProtocolError, SystemRefusal
from gateway.media._engine import ffi as _ffi
from gateway.media._engine import lib as _lib

# cffi objects carry no static types; everything that leaves this package does.
ffi: Any = _ffi
lib: Any = _lib

LOOP_RING = 0
"""The command ring of the loop thread."""


def check(result: int, what: str) -> int:
    """`result` when it is not an error.

    Raises ExhaustedError when a ring is full (nothing was dropped), LocalProtocolError for an
    argument out of range, SystemRefusal when the operating system said no.
    """
    if result >= 0:
        return result
    if result == lib.TR_EFULL:
        raise ExhaustedError(f"{what}: the engine's command ring is full")
    if result == lib.TR_EINVAL:
        raise LocalProtocolError(f"{what}: an argument is out of range")
    raise SystemRefusal(ffi.errno, f"{what}: {os.strerror(ffi.errno)}")
