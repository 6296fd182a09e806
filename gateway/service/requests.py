"""What the control socket can ask of a running gateway."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, TypeVar

from gateway import __version__
from gateway.errors import TipringError
from gateway.service import arguments, commands
from gateway.service.control import Handler
from gateway.service.control_wire import Descriptors
from gateway.service.handset_control import HandsetControl
from gateway.service.runtime import Gateway
from gateway.service.status import status

Result = TypeVar("Result")


class WrongLine(TipringError, ValueError):
    """A command for a line that is not there, or that has a real telephone."""

    fault = "configuration"


class Requests:
    """The handlers, by command name."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        typed = arguments.typed
        return {
            "status": typed(arguments.Nothing, self._status),
            "calls": typed(arguments.Calls, self._calls),
            "version": typed(arguments.Nothing, self._version),
            "call.dial": typed(arguments.CallTo, self._place),
            "call.transfer": typed(arguments.CallTo, self._transfer),
            "call.hold": typed(arguments.OnLine, self._hold),
            "call.resume": typed(arguments.OnLine, self._resume),
            "call.hang-up": typed(arguments.OnLine, self._hang_up),
            "handset.off-hook": typed(arguments.OnLine, self._off_hook),
            "handset.on-hook": typed(arguments.OnLine, self._on_hook),
            "handset.flash": typed(arguments.Flash, self._flash),
            "handset.dial": typed(arguments.Dial, self._dial),
            "handset.play": typed(arguments.Play, self._play),
            "handset.record": typed(arguments.Record, self._record),
            "handset.record-stop": typed(arguments.OnLine, self._record_stop),
        }

    async def _version(self, _: arguments.Nothing, _fds: Descriptors) -> object:
        return commands.Version(__version__)

    async def _status(self, _: arguments.Nothing, _fds: Descriptors) -> object:
        return status(self._gateway)

    async def _calls(self, asked: arguments.Calls, _fds: Descriptors) -> object:
        return await self._gateway.records.read(asked.since)

    async def _place(self, asked: arguments.CallTo, _fds: Descriptors) -> object:
        dial = self._gateway.switchboard.commands.dial
        call = self._now(asked.line, lambda now: dial(asked.line, asked.to, now))
        return {"call": call.name}

    async def _transfer(self, asked: arguments.CallTo, _fds: Descriptors) -> object:
        transfer = self._gateway.switchboard.commands.transfer
        self._now(asked.line, lambda now: transfer(asked.line, asked.to, now))
        return {}

    async def _hold(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        hold = self._gateway.switchboard.commands.hold
        self._now(asked.line, lambda now: hold(asked.line, now))
        return {}

    async def _resume(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        resume = self._gateway.switchboard.commands.resume
        self._now(asked.line, lambda now: resume(asked.line, now))
        return {}

    async def _hang_up(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        hang_up = self._gateway.switchboard.commands.hang_up
        self._now(asked.line, lambda now: hang_up(asked.line, now))
        return {}

    def _now(self, line: str, command: Callable[[float], Result]) -> Result:
        """Carry out a command of an existing line, and what follows from it."""
        self._check_line(line)
        now = self._gateway.now
        try:
            return command(now)
        finally:
            self._gateway.turn(now)

    async def _off_hook(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        return {"t": self._handset(asked.line).off_hook()}

    async def _on_hook(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        return {"t": self._handset(asked.line).on_hook()}

    async def _flash(self, asked: arguments.Flash, _fds: Descriptors) -> object:
        await self._handset(asked.line).flash(asked.ms)
        return {}

    async def _dial(self, asked: arguments.Dial, _fds: Descriptors) -> object:
        await self._handset(asked.line).dial(
            asked.digits,
            pulse=asked.pulse,
            pps=asked.pps,
            break_percent=asked.break_percent,
            on_ms=asked.on_ms,
            off_ms=asked.off_ms,
        )
        return {}

    async def _play(self, asked: arguments.Play, fds: Descriptors) -> object:
        return await self._handset(asked.line).sound.play(_file(fds, "rb"), wait=asked.wait)

    async def _record(self, asked: arguments.Record, fds: Descriptors) -> object:
        return await self._handset(asked.line).sound.record(_file(fds, "wb"), seconds=asked.seconds)

    async def _record_stop(self, asked: arguments.OnLine, _fds: Descriptors) -> object:
        return await self._handset(asked.line).sound.stop_recording()

    def _check_line(self, line: str) -> None:
        if line not in self._gateway.units:
            names = ", ".join(self._gateway.units)
            raise WrongLine(f"there is no line {line!r}; the lines are: {names}")

    def _handset(self, line: str) -> HandsetControl:
        self._check_line(line)
        if line not in self._gateway.handsets:
            raise WrongLine(f"line {line} has a real telephone: lift it by hand")
        return self._gateway.handsets[line]


def _file(descriptors: Descriptors, mode: str) -> IO[bytes]:
    """The file that the client opened and passed on: its rights count, not ours."""
    opened: IO[bytes] = os.fdopen(arguments.one_file(descriptors), mode)
    return opened
