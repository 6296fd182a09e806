"""The report of `tipring check`."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.hardware.finding import Finding, Level
from gateway.service.doctor.case import Case
from gateway.service.problems import Problem


def check(case: Case) -> Iterator[Finding]:
    """Every problem of the file, or that it has none."""
    for problem in case.reading.problems:
        level: Level = "failure" if problem.severity == "error" else "warning"
        yield Finding(level, _subject(problem), problem.text, _fix(problem))
    if not case.reading.problems:
        yield Finding("ok", str(case.file), "fine")


def _subject(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return f"{place} {problem.key}".rstrip()


def _fix(problem: Problem) -> str:
    if problem.line:
        return f"edit line {problem.line}; `tipring check {problem.file}` says when it is right"
    return "name the file with --config; one that others may not read is read with sudo"
