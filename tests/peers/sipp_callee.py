"""sipp as the one who is called: the scenarios uas_*."""

from __future__ import annotations

import re
import secrets
import threading
import time
from pathlib import Path

from tests.peers.sipp_run import SippError, SippProcess, addresses

READY_S = 10.0
POLL_S = 0.02


class SippCallee(SippProcess):
    """`with SippCallee("uas_answers", folder) as sipp:` listens inside, at `uri`.

    `ring_ms` is how long it rings, milliseconds. `transport` is "udp" or "tcp".
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        transport: str = "udp",
        limit_s: int = 12,
        options: tuple[str, ...] = (),
        **values: str,
    ) -> None:
        where = addresses("127.0.0.1")
        self.port = int(where[where.index("-p") + 1])
        self.transport = transport
        arguments = [*where, "-t", "t1" if transport == "tcp" else "u1", *options]
        usual = {"aim": f"sip:127.0.0.1:{self.port}", "held_ms": "300", "ring_ms": "1"}
        own = folder / f"{name}-{secrets.token_hex(6)}"
        super().__init__(name, own, arguments, usual | values, limit_s)
        self._await_listening()

    @property
    def uri(self) -> str:
        """Where it can be called."""
        more = ";transport=tcp" if self.transport == "tcp" else ""
        return f"sip:callee@127.0.0.1:{self.port}{more}"

    def _await_listening(self) -> None:
        deadline = time.monotonic() + READY_S
        pause = threading.Event()
        while not _listens(self.transport, self.port):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.__exit__(None, None, None)
                raise SippError(f"sipp does not listen; {self.told()}")
            pause.wait(POLL_S)


def _listens(transport: str, port: int) -> bool:
    """Looked up, not tried: a try could take the port from under it (proc_net(5))."""
    table = Path(f"/proc/net/{transport}").read_text(encoding="ascii")
    return re.search(rf"^ *\d+: 0100007F:{port:04X} ", table, re.MULTILINE) is not None
