"""A service as small as can be: one line, whose bell rings until somebody ends this process."""

from __future__ import annotations

from gateway.line.cadence import Cadence
from tests.vm.guest.line import Line

RING = Cadence("long", ((2000, 4000),))


def main() -> None:
    line = Line()
    line.port.start(lambda event: print(event, flush=True), line.now)
    line.port.ring(RING, line.now)
    while True:
        line.run_for(3600)


if __name__ == "__main__":
    main()
