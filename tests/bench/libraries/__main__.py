"""`python -m tests.bench.libraries [--quick]`: our SIP stack beside those of other people."""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.libraries import rewriting, trying
from tests.bench.libraries.invites import Invite, invites
from tests.bench.libraries.library import NAMES, Library, load
from tests.bench.libraries.rounds import Rate
from tests.bench.libraries.table import Line, Table
from tests.bench.libraries.verdicts import Verdicts, judge

# Messages a second that ours must reach.
REWRITING, TRYING = 20_000, 15_000


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when ours meets every target and leads every table, 1 when it is short."""
    given = _parser().parse_args(argv)
    logging.disable()  # some libraries have much to say about the messages they are given
    count, rounds = (1_000, 3) if given.quick else (10_000, 5)
    messages = list(invites(count))
    libraries = [library for name in NAMES if (library := load(name)) is not None]
    head = f"{count:,} different INVITEs, {rounds} rounds, CPU time, Python"
    print(f"{head} {platform.python_version()}, {platform.machine()}")
    missing = [name for name in NAMES if importlib.util.find_spec(name) is None and name != "ours"]
    if missing:
        print(f"not installed (make bench-sip installs them): {', '.join(missing)}")
    tables = [
        _rewriting(libraries, messages, rounds),
        _trying(libraries, messages, rounds),
        _verdicts(libraries),
    ]
    for table in tables:
        print(f"\n{table.text()}")
    if given.json:
        given.json.write_text(json.dumps([table.as_dict() for table in tables], indent=2) + "\n")
    return 0 if all(table.passed for table in tables) else 1


def _rewriting(libraries: Sequence[Library], messages: Sequence[Invite], rounds: int) -> Table:
    _say("parse, read, change, write")
    found = rewriting.rates(libraries, messages, rounds)
    versions = {one.name: one.version for one in libraries}
    notes = {one.name: one.note for one in libraries}
    return Table.of_rates(
        "Parse, read field by field, change a Via and a Route, write; checked byte for byte",
        found, versions, notes, REWRITING,
    )  # fmt: skip


def _trying(libraries: Sequence[Library], messages: Sequence[Invite], rounds: int) -> Table:
    _say("INVITE to 100")
    agents = [agent for name in trying.NAMES if (agent := trying.load(name)) is not None]
    found: dict[str, Rate | None] = dict(trying.rates(agents, messages, rounds))
    versions = {one.name: one.version for one in libraries}
    notes = {one.name: one.note for one in agents}
    for name in versions.keys() & trying.LACKING.keys():
        found[name], notes[name] = None, trying.LACKING[name]
    return Table.of_rates(
        "INVITE to 100 Trying, a new call each time", found, versions, notes, TRYING
    )


def _verdicts(libraries: Sequence[Library]) -> Table:
    _say("torture messages")
    found = {library.name: judge(library) for library in libraries}
    versions = {library.name: library.version for library in libraries}
    lines = [_verdict_line(name, versions[name], one) for name, one in found.items()]
    title = "Messages in the manner of RFC 4475 and RFC 5118 (tests/sip): taken and refused rightly"
    return Table(title, ("library", "version", "taken", "refused", "", "wrong about"), lines)


def _verdict_line(name: str, version: str, one: Verdicts) -> Line:
    verdict = ("pass" if one.perfect else "SHORT") if name == "ours" else ""
    wrong = ", ".join(one.wrong[:8]) + (" ..." if len(one.wrong) > 8 else "")
    taken, refused = f"{one.accepted} of {one.good}", f"{one.rejected} of {one.bad}"
    return Line((name, version, taken, refused, verdict, wrong), verdict)


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.libraries", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 messages instead of 10,000")
    parser.add_argument("--json", type=Path, help="also write the tables to this file")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
