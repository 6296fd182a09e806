"""What a line costs while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.line.traces import country
from tests.vm.guest.board import Board
from tests.vm.guest.hand import Hand
from tests.vm.guest.line import Attended, gpio_rig, line_processes, processor_s

MINUTE_S = 60


def test_a_line_at_rest(
    board: Board, hand: Hand, record_property: Callable[[str, object], None]
) -> None:
    """Of one core: its process, and what its port does in the service."""
    with gpio_rig(board, hand) as rig:
        line = Attended(rig, country("us"))
        line.start()
        line.run_for(1)
        (pid,) = line_processes()
        own, service = processor_s(pid), time.process_time()
        line.run_for(MINUTE_S)
        own, service = processor_s(pid) - own, time.process_time() - service
    record_property("process_percent", 100 * own / MINUTE_S)
    record_property("service_percent", 100 * service / MINUTE_S)
    assert own + service <= MINUTE_S / 100
