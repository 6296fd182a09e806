"""spandsp's ADSI receiver: what a caller-ID display would make of the sound on a line.

The library (Debian: libspandsp2, with libspandsp-dev) is loaded as it is; no header is read.
"""

from __future__ import annotations

from ctypes.util import find_library
from typing import Any, Final

import cffi
import numpy as np
import numpy.typing as npt

_DECLARATIONS: Final = """
typedef void (*put_msg_func_t)(void *user_data, const uint8_t *msg, int len);
void *adsi_rx_init(void *s, int standard, put_msg_func_t put_msg, void *user_data);
int adsi_rx(void *s, const int16_t *amp, int len);
int adsi_rx_free(void *s);
int adsi_next_field(void *s, const uint8_t *msg, int msg_len, int pos, uint8_t *field_type,
                    uint8_t const **field_body, int *field_len);
"""

STANDARDS: Final = {"bell202": 1, "v23": 2}  # ADSI_STANDARD_CLASS and ADSI_STANDARD_CLIP

LIBRARY: Final = find_library("spandsp")
MISSING: Final = "spandsp is not installed: apt-get install libspandsp-dev"

_LONGEST = 100_000  # samples that are given to it at once


def _load() -> tuple[Any, Any]:
    """What cffi makes of the declarations has no static types."""
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    return ffi, ffi.dlopen(LIBRARY)


class Display:
    """A receiver for one line. Messages that arrive whole, checksum right, are in `messages`."""

    def __init__(self, standard: str) -> None:
        self._ffi, self._library = _load()
        self.messages: list[bytes] = []
        self._callback = self._ffi.callback("put_msg_func_t", self._take)  # has to live as long
        self._state = self._library.adsi_rx_init(
            self._ffi.NULL, STANDARDS[standard], self._callback, self._ffi.NULL
        )

    def _take(self, _: Any, message: Any, length: int) -> None:
        self.messages.append(bytes(self._ffi.buffer(message, length)))

    def hear(self, pcm: npt.NDArray[np.int16]) -> None:
        """Give it samples, 8,000 a second."""
        for at in range(0, len(pcm), _LONGEST):
            part = pcm[at : at + _LONGEST].tobytes()
            self._library.adsi_rx(
                self._state, self._ffi.from_buffer("int16_t[]", part), len(part) // 2
            )

    def fields(self, message: bytes) -> list[tuple[int, bytes]]:
        """The parameters of a message: type and content, the first one is the message's own."""
        kind, body = self._ffi.new("uint8_t *"), self._ffi.new("uint8_t const **")
        length = self._ffi.new("int *")
        found: list[tuple[int, bytes]] = []
        at = 0
        while at >= 0:
            at = self._library.adsi_next_field(
                self._state, message, len(message), at, kind, body, length
            )
            if at > 0:
                content = self._ffi.buffer(body[0], length[0]) if body[0] else b""
                found.append((kind[0], bytes(content)))
        return found

    def close(self) -> None:
        """Free it."""
        self._library.adsi_rx_free(self._state)


def read(pcm: npt.NDArray[np.int16], standard: str) -> list[bytes]:
    """The messages in a recording."""
    display = Display(standard)
    try:
        display.hear(pcm)
        return display.messages
    finally:
        display.close()
