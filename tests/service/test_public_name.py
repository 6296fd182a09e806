"""The address behind a name: asked for again, kept when there is no answer."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import SystemRefusal
from gateway.service.public_name import PublicName


class Names:
    """What DNS would say, one answer after another; None for a failure."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)

    async def find(self) -> str:
        answer = self.answers.pop(0)
        if answer is None:
            raise SystemRefusal("cannot resolve gw.example.com")
        return answer


A, B = "192.0.2.1", "192.0.2.2"


@pytest.mark.parametrize(
    ("first", "answers", "changes", "address", "trouble"),
    [
        (A, [A, A], [False, False], A, ""),
        (A, [B, B], [True, False], B, ""),
        (A, [B, A], [True, True], A, ""),
        (None, [A, A], [True, False], A, ""),
        (A, [None, None], [False, False], A, "cannot resolve gw.example.com"),
        (A, [None, A], [False, False], A, ""),
        (A, [None, B], [False, True], B, ""),
    ],
)
def test_what_becomes_of_an_address(
    first: str | None,
    answers: list[str | None],
    changes: list[bool],
    address: str,
    trouble: str,
) -> None:
    name = PublicName(Names(*answers).find, first)
    assert [asyncio.run(name.changed()) for _ in answers] == changes
    assert (name.address, name.trouble) == (address, trouble)
