"""How many of the tests' own torture messages a library takes and refuses as it must."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.libraries.library import Library
from tests.sip.ipv6_rows import RFC_5118
from tests.sip.torture_rows import RFC_4475, Case


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Right answers, of how many; `wrong` names the sections of the others."""

    accepted: int
    good: int
    rejected: int
    bad: int
    wrong: tuple[str, ...]

    @property
    def perfect(self) -> bool:
        """Whether every answer is right."""
        return not self.wrong


def judge(library: Library, cases: Sequence[Case] = (*RFC_4475, *RFC_5118)) -> Verdicts:
    """Taken means: parsed, and every Via, From, To, CSeq, Contact and the Request-URI read."""
    right = [_takes(library, case.data) == case.good for case in cases]
    wrong = tuple(case.section for case, good in zip(cases, right, strict=True) if not good)
    return Verdicts(
        _count(case.good and one for case, one in zip(cases, right, strict=True)),
        _count(case.good for case in cases),
        _count(not case.good and one for case, one in zip(cases, right, strict=True)),
        _count(not case.good for case in cases),
        wrong,
    )


def _count(values: Iterable[bool]) -> int:
    return sum(1 for value in values if value)


def _takes(library: Library, data: bytes) -> bool:
    # Some libraries print what they think of a message.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            library.accept(data)
        except Exception:
            return False
    return True
