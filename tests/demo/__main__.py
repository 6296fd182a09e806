"""python -m tests.demo: a whole call into a simulated phone, shown as it happens and judged.

Exit code 0 only when speech arrived intact both ways and every digit was right at both ends.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.audio.speech import NoSpeechError
from tests.demo import breaks
from tests.demo.checks import check
from tests.demo.evidence import Evidence
from tests.demo.plot import plot
from tests.demo.screen import Screen
from tests.demo.stage import play, prepare

OUTPUT = Path("build/demo")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    console = Console(no_color=options.no_color, highlight=False, soft_wrap=True)
    broken = breaks.BREAKS[options.broken] if options.broken else breaks.NONE
    try:
        return _show(prepare(options.output.resolve(), options.seconds), broken, console)
    except (AssertionError, NoSpeechError) as error:
        console.print(f"The demonstration broke off: {error}", style="bold red", markup=False)
        return 1


def _show(evidence: Evidence, broken: breaks.Break, console: Console) -> int:
    with tempfile.TemporaryDirectory(prefix="tipring-demo-") as run, Screen(console) as screen:
        play(evidence, Path(run), broken, screen)
    screen.record(evidence.record)
    checks = check(evidence)
    screen.checks(checks)
    _files(evidence, console)
    failed = [found for found in checks if not found.passed]
    for found in failed:
        console.print(f"FAILED  {found}", style="bold red", markup=False)
    if failed:
        return 1
    console.print("Speech arrived intact both ways, and every digit was right at both ends.")
    return 0


def _files(evidence: Evidence, console: Console) -> None:
    picture = evidence.folder / "call.png"
    plot(evidence, picture)
    for what, path in (
        ("what the phone heard", evidence.phone_heard),
        ("what the caller heard", evidence.caller_heard),
        ("picture of the call", picture),
        ("log of the service", evidence.folder / "tipring.log"),
    ):
        console.print(f"{what:22} {path}", markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="folder for WAV and PNG (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=9.0, help="how long both sides speak (%(default)s)"
    )
    parser.add_argument(
        "--break",
        dest="broken",
        choices=sorted(breaks.BREAKS),
        help="spoil one thing, to see it found",
    )
    parser.add_argument("--no-color", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
