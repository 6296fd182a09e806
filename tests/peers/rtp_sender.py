"""Sends the plan's packets on an absolute 20 ms grid, from a thread of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.peers.impairments import Network
from tests.peers.rtp_plan import RtpPlan, packet

PERIOD_NS = 20_000_000
PRIORITY = 10


def be_prompt(priority: int) -> None:
    """SCHED_FIFO for the calling thread where the system allows it."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))


class RtpSender:
    """`tell(t, text)` is called on the sender's thread with the notes of slots as they leave."""

    def __init__(
        self,
        sock: socket.socket,
        plan: RtpPlan,
        network: Network,
        *,
        ssrc: int,
        sequence: int,
        tell: Callable[[float, str], None],
    ) -> None:
        self._sock, self._plan, self._network, self._tell = sock, plan, network, tell
        self.ssrc, self._sequence = ssrc, sequence
        self._remote: tuple[str, int] | None = None
        self._orders: queue.SimpleQueue[Callable[[RtpPlan], Any]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rtp-sender", daemon=True)
        self.packets = 0
        self.octets = 0
        self.late_ms = 0.0  # the worst of all packets: how far behind the grid it left
        self.last = (0, 0)  # monotonic ns, RTP time stamp: for the sender report

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def order(self, work: Callable[[RtpPlan], Any]) -> None:
        """Have `work` done to the plan before the next slot."""
        self._orders.put(work)

    def send_to(self, remote: tuple[str, int] | None) -> None:
        """Where packets go from the next slot on; None: nowhere, while time goes on (hold)."""
        self._remote = remote

    def _run(self) -> None:
        be_prompt(PRIORITY)
        due = time.monotonic_ns() + PERIOD_NS
        while not self._stop.is_set():
            # The grid is absolute: a late slot does not move those after it.
            time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
            self._slot(due)
            due += PERIOD_NS

    def _slot(self, due: int) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._orders.get_nowait()(self._plan)
        remote = self._remote
        if remote is None:
            self._plan.skip_slot()
            return
        slot = self._plan.next_slot()
        for datagram in self._network.carry(packet(slot, self._sequence, self.ssrc)):
            with contextlib.suppress(OSError):
                self._sock.sendto(datagram, remote)
        self.late_ms = max(self.late_ms, (time.monotonic_ns() - due) / 1e6)
        self._sequence += 1
        self.packets += 1
        self.octets += len(slot.payload)
        self.last = (due, slot.timestamp)
        if slot.note:
            self._tell(due / 1e9, slot.note)
