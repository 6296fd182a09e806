"""The `tipring` command.

`tipring run` is the service: it goes its own way before click and rich are imported, which would
only cost it memory and time to start.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Exit code 0 fine, 1 a finding or failure, 2 wrong use."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    run = run_arguments(arguments)
    if run is not None:
        from gateway.service.main import main as serve  # noqa: PLC0415 - loads the engine

        return serve(run)
    from gateway.service.cli_root import invoke  # noqa: PLC0415 - loads click

    return invoke(arguments)


def run_arguments(arguments: Sequence[str]) -> list[str] | None:
    """What follows `run`, with a `--socket` before it kept; None when it is another command."""
    before: list[str] = []
    rest = list(arguments)
    while rest and rest[0].startswith("--socket"):
        taken = 1 if "=" in rest[0] else 2
        before += rest[:taken]
        del rest[:taken]
    return [*before, *rest[1:]] if rest[:1] == ["run"] else None


if __name__ == "__main__":
    sys.exit(main())
