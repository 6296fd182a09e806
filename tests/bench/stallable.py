"""The service with a wrench in it: SIGUSR1 holds Python's interpreter lock for 300 ms.

The C library's usleep is called through PyDLL, which does not release the lock, from a signal
handler, which runs on the loop thread: neither asyncio nor any other Python thread moves meanwhile.
The engine has to go on by itself.
"""

from __future__ import annotations

import ctypes
import signal
import sys

STALL_US = 300_000


def main() -> int:
    """Arm the wrench, then be the service."""
    from gateway.service.main import main as serve

    sleep = ctypes.PyDLL(None).usleep
    signal.signal(signal.SIGUSR1, lambda *_: sleep(STALL_US))
    return serve(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
