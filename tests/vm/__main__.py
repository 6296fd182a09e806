"""`python -m tests.vm [OPTIONS] [COMMAND...]`: runs a command on the test machine.

Without a command: the tests of tests/vm/guest. `shell` is a shell to look around with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.vm import initrd, machine
from tests.vm.parts import CACHE, TOP, parts

TESTS = (
    "python3", "-m", "pytest", "--no-skips", "--timeout=300", "-p", "no:cacheprovider",
    "--junitxml=/run/results/junit.xml", "--override-ini=junit_family=xunit1",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Exit code: the command's own; 1 if the machine failed."""
    options, others = _parser().parse_known_args(arguments)
    clock, command = options.clock, others + options.command
    if command == ["shell"]:
        command, clock = ["bash", "-i"], options.clock or "host"
    elif not command or command[0].startswith(("-", "tests/")):
        colour = "yes" if sys.stdout.isatty() else "no"
        where = [] if any(word.startswith("tests/") for word in command) else ["tests/vm/guest"]
        command = [*TESTS, f"--color={colour}", *command, *where]
    settings = machine.Options(clock or "virtual", timeout_s=options.timeout)

    made = parts()
    with tempfile.TemporaryDirectory(prefix="run-", dir=CACHE) as work:
        memory = Path(work, "initrd")
        initrd.write(made, command, memory)
        outcome = machine.run(made.kernel, memory, settings, options.results)
    print(f"== test machine: {outcome.took_s:.0f} s; results in {options.results}")
    if outcome.trouble:
        print(f"tipring: test machine: {outcome.trouble}", file=sys.stderr)
    return 1 if outcome.status is None else outcome.status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.vm", description=__doc__, allow_abbrev=False)
    parser.add_argument("--clock", choices=machine.CLOCKS, help="virtual; a shell: host")
    parser.add_argument("--timeout", type=float, default=machine.TIMEOUT_S, metavar="SECONDS")
    parser.add_argument("--results", type=Path, default=TOP / "build/vm", metavar="FOLDER")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="or arguments of pytest, or shell"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
