"""What the control commands take, by rows."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from msgspec import Struct

from gateway.service.arguments import (
    Calls,
    CallTo,
    Dial,
    Flash,
    Nothing,
    OnLine,
    Play,
    Record,
    one_file,
    typed,
)
from gateway.service.control_wire import Descriptors
from gateway.service.usage import UsageError


def ask(kind: type[Struct], fields: dict[str, Any]) -> object:
    async def give_back(arguments: Struct, _fds: Descriptors) -> object:
        return arguments

    async def answer() -> object:
        return await typed(kind, give_back)({"v": 1, "command": "c", **fields}, Descriptors())

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("kind", "fields", "arguments"),
    [
        (Nothing, {}, Nothing()),
        (Calls, {}, Calls(None)),
        (Calls, {"since": None}, Calls(None)),
        (Calls, {"since": "today"}, Calls("today")),
        (OnLine, {"line": "p"}, OnLine("p")),
        (CallTo, {"line": "p", "to": "600"}, CallTo("p", "600")),
        (Flash, {"line": "p"}, Flash("p", None)),
        (Flash, {"line": "p", "ms": 300}, Flash("p", 300)),
        (Dial, {"line": "p", "digits": "1"}, Dial("p", "1")),
        (Dial, {"line": "p", "digits": "1", "break": 67.5}, Dial("p", "1", break_percent=67.5)),
        (Play, {"line": "p", "wait": False}, Play("p", wait=False)),
        (Record, {"line": "p", "seconds": 2}, Record("p", 2.0)),
    ],
)
def test_a_good_request(kind: type[Struct], fields: dict[str, Any], arguments: Struct) -> None:
    assert ask(kind, fields) == arguments


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Nothing, {"x": 1}, "c: unknown field 'x'"),
        (OnLine, {}, "c: Object missing required field `line`"),
        (OnLine, {"line": 5}, "c: Expected `str`, got `int`"),
        (Calls, {"since": 5}, "c: Expected `str | null`, got `int`"),
        (Dial, {"line": "p", "digits": ""}, "c: Expected `str` of length >= 1"),
        (Dial, {"line": "p", "digits": "1", "break": 100}, "c: Expected `float` < 100.0"),
        (Dial, {"line": "p", "digits": "1", "break_percent": 60}, "unknown field 'break_percent'"),
        (Dial, {"line": "p", "digits": "1", "pps": 0}, "c: Expected `float` > 0.0"),
        (CallTo, {"line": "p", "to": ""}, "c: Expected `str` of length >= 1"),
        (Flash, {"line": "p", "ms": 1}, "c: Expected `int` >= 10"),
        (Record, {"line": "p", "seconds": 0}, "c: Expected `float` > 0.0"),
    ],
)
def test_a_wrong_request_names_the_field(
    kind: type[Struct], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        ask(kind, fields)
    assert words in str(caught.value)


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_file(count: int) -> None:
    with pytest.raises(UsageError, match="one open file"):
        one_file(Descriptors([-1] * count))


def test_the_one_file_is_taken_over() -> None:
    number = os.open("/dev/null", os.O_RDONLY)
    descriptors = Descriptors([number])
    assert one_file(descriptors) == number
    descriptors.close()
    os.fstat(number)
    os.close(number)
