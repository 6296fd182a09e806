"""Whether the service answers, and if not why; and what the system allows it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from gateway import __version__
from gateway.hardware.finding import Finding, Level
from gateway.service import commands
from gateway.service.doctor.case import RESTART, Case, Silence

_SUBJECT = "service"
_ALLOW = "LimitRTPRIO= and LimitMEMLOCK= of the unit allow it; in a shell: `ulimit -r 60 -l 65536`"


def check(case: Case) -> Iterator[Finding]:
    """A service that is not started is a warning: it may be about to be."""
    answer = case.service
    if isinstance(answer, Silence):
        level: Level = "failure" if answer.hangs else "warning"
        yield Finding(level, _SUBJECT, answer.text, answer.fix)
        return
    yield from _answering(answer)
    yield from _same_lines(case, answer)


def _answering(answer: commands.Status) -> Iterator[Finding]:
    if not answer.ready:
        yield Finding("warning", _SUBJECT, "it is starting or stopping", "ask again in a moment")
    elif answer.version != __version__:
        text = f"version {answer.version} runs, {__version__} is installed"
        yield Finding("warning", _SUBJECT, text, RESTART)
    else:
        yield Finding("ok", _SUBJECT, f"version {answer.version} is ready")
    realtime = answer.realtime
    if realtime is UNSET:
        return
    if realtime.why_not:
        yield Finding("warning", "real time", f"refused: {realtime.why_not}", _ALLOW)
    else:
        yield Finding("ok", "real time", "allowed: priority and locked memory")


def _same_lines(case: Case, answer: commands.Status) -> Iterator[Finding]:
    config = case.reading.config
    if config is None:
        return
    written = [(line.name, line.driver) for line in config.line]
    running = [(line.name, line.driver) for line in answer.lines]
    if written != running:
        text = f"it runs other lines than {case.file}: {_listed(running)}"
        fix = f"{RESTART} to use the file, or name the service's own with --config"
        yield Finding("warning", _SUBJECT, text, fix)


def _listed(lines: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({driver})" for name, driver in lines) or "none"
