"""What each control command takes, typed: a missing or wrong field is answered as wrong use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.service.control import Handler
from gateway.service.control_wire import Descriptors
from gateway.service.usage import UsageError

Arguments = TypeVar("Arguments", bound=Struct)

Milliseconds = Annotated[int, Meta(ge=1, le=60_000)]


class Nothing(Struct, frozen=True):
    """status, version"""


class Calls(Struct, frozen=True):
    """calls. `since`: only calls that ended at or after this time."""

    since: str | None = None


class OnLine(Struct, frozen=True):
    """handset.off-hook, on-hook and record-stop; call.hold, call.resume and call.hang-up"""

    line: str


class CallTo(Struct, frozen=True):
    """call.dial, call.transfer. `to`: a number, or a SIP URI."""

    line: str
    to: Annotated[str, Meta(min_length=1, max_length=1000)]


class Flash(Struct, frozen=True):
    """handset.flash. `ms`: None for a usual flash."""

    line: str
    ms: Annotated[int, Meta(ge=10, le=5000)] | None = None


class Dial(Struct, frozen=True, rename={"break_percent": "break"}):
    """handset.dial; answered when the last digit is over."""

    line: str
    digits: Annotated[str, Meta(min_length=1, max_length=10_000)]
    pulse: bool = False
    pps: Annotated[float, Meta(gt=0, le=50)] = 10
    break_percent: Annotated[float, Meta(gt=0, lt=100)] = 60
    on_ms: Milliseconds = 100
    off_ms: Milliseconds = 100


class Play(Struct, frozen=True):
    """handset.play, with the WAV file as descriptor; `wait`: answered when played."""

    line: str
    wait: bool = True


class Record(Struct, frozen=True):
    """handset.record, with the file to write as descriptor; until on-hook, stop or `seconds`."""

    line: str
    seconds: Annotated[float, Meta(gt=0)] | None = None


def typed(
    kind: type[Arguments], carry_out: Callable[[Arguments, Descriptors], Awaitable[object]]
) -> Handler:
    """A handler that checks a request against `kind` before `carry_out` sees it."""

    async def handler(request: dict[str, Any], descriptors: Descriptors) -> object:
        fields = {key: value for key, value in request.items() if key not in {"v", "command"}}
        unknown = set(fields) - set(kind.__struct_encode_fields__)
        if unknown:
            raise UsageError(f"{request['command']}: unknown field {min(unknown)!r}")
        try:
            arguments = msgspec.convert(fields, kind)
        except msgspec.ValidationError as error:
            raise UsageError(f"{request['command']}: {error}") from None
        return await carry_out(arguments, descriptors)

    return handler


def one_file(descriptors: Descriptors) -> int:
    """Take over the one descriptor that a request must carry."""
    if len(descriptors) != 1:
        raise UsageError(f"one open file must be passed, not {len(descriptors)}")
    return descriptors.take()
