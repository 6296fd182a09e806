"""`python -m tests.bench [--quick] [names...]`: all figures of the service in one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import baresip, table
from tests.bench.bench import Bench
from tests.bench.figures import (
    answer,
    caller_id,
    endurance,
    keys,
    load,
    ring,
    spacing,
    stall,
    start,
    strangers,
)
from tests.bench.table import Row

FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "ring": ring.run,
    "answer": answer.run,
    "spacing": spacing.run,
    "busy": spacing.run_busy,
    "stall": stall.run,
    "endurance": endurance.run,
    "start": start.run,
    "strangers": strangers.run,
    "flood": load.run_flood,
    "series": load.run_series,
    "caller-id": caller_id.run,
    "keys": keys.run,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when every figure meets its target, 1 when one is short."""
    given = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with_baresip = baresip.installed() and not given.alone
        bench = Bench(given.quick, with_baresip, Path(folder))
        rows: list[Row] = []
        for name in given.names or FIGURES:
            rows += _measure(name, bench)
    print(table.text(rows, baresip=baresip.installed()))
    if given.json:
        given.json.write_text(table.as_json(rows))
    return 1 if any(row.verdict == "SHORT" for row in rows) else 0


def _measure(name: str, bench: Bench) -> list[Row]:
    """A figure that cannot be taken is a SHORT row, and the others are still taken."""
    began = time.monotonic()
    try:
        rows = FIGURES[name](bench)
    except Exception as problem:
        rows = [Row(name, "", 0, None, None, f"{type(problem).__name__}: {problem}")]
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--alone", action="store_true", help="leave baresip out")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
