"""What the owner may ask of a line's call, beside what the phone itself can do."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.call import cause
from gateway.call.call import Call, CallState
from gateway.call.calls import Calls
from gateway.call.extension import Extension
from gateway.call.outgoing import NotPlaced, Outgoing
from gateway.call.ports import Observer
from gateway.errors import TipringError


class NotPossible(TipringError):
    """The line is not in a state in which this can be done; the text says what it needs."""

    fault = "configuration"


class Commands:
    """Each raises NotPossible, or what the far end's session says. `line` is one that exists."""

    def __init__(
        self,
        calls: Calls,
        extensions: Mapping[str, Extension],
        outgoing: Outgoing,
        observer: Observer,
    ) -> None:
        self._calls = calls
        self._extensions = extensions
        self._outgoing = outgoing
        self._observer = observer

    def dial(self, line: str, to: str, now: float) -> Call:
        """Call a number by the line's account, or a URI; the handset has to be lifted."""
        extension = self._extensions[line]
        if extension.phone.state != "off-hook":
            raise NotPossible(f"line {line} is {extension.phone.state}: lift the handset first")
        if self._calls.at(line) is not None:
            raise NotPossible(f"line {line} has a call already")
        if to.lower().startswith(("sip:", "sips:")):
            placed = self._outgoing.place_uri(line, to, extension.account, now)
        else:
            obstacle = self._outgoing.obstacle(extension)
            placed = obstacle or self._outgoing.place(line, to, extension.account, now)
        if isinstance(placed, NotPlaced):
            self._observer.not_placed(line, to, placed.text)
            raise NotPossible(f"line {line} cannot call {to}: {placed.text}")
        return placed

    def hold(self, line: str, now: float) -> None:
        """Ask the far end to wait."""
        call = self._talking(line)
        if call.session.on_hold:
            raise NotPossible(f"the call of line {line} is on hold already")
        call.session.hold(now)

    def resume(self, line: str, now: float) -> None:
        """Go on after `hold`."""
        call = self._talking(line)
        if not call.session.on_hold:
            raise NotPossible(f"the call of line {line} is not on hold")
        call.session.resume(now)

    def transfer(self, line: str, uri: str, now: float) -> None:
        """Ask the far end to call `uri` in place of this phone."""
        call = self._talking(line)
        call.session.transfer(uri, now)
        self._observer.transfer(call, f"we transfer this call to {uri}")

    def hang_up(self, line: str, now: float) -> None:
        """End the call, or refuse the one that rings."""
        call = self._call(line)
        rings = call.caller is not None and call.state is not CallState.TALKING
        self._calls.end(call, cause.DECLINED if rings else cause.COMMANDED, now)

    def transfer_progress(self, call: Call, status: int, done: bool) -> None:
        """What the far end tells of a transfer that we asked for.

        twilio.md 38: when it is through, the call ends within a second, by its BYE or the stack's.
        """
        if not done:
            self._observer.transfer(call, f"the transfer goes on: {status}")
        elif 200 <= status < 300:
            call.leaving = True
            self._observer.transfer(call, "the far end has gone over")
        else:
            self._observer.trouble(call, f"the transfer failed with {status}; the call goes on")

    def _call(self, line: str) -> Call:
        call = self._calls.at(line)
        if call is None:
            raise NotPossible(f"line {line} has no call")
        return call

    def _talking(self, line: str) -> Call:
        call = self._call(line)
        if call.state is not CallState.TALKING:
            raise NotPossible(f"the call of line {line} is {call.state.value}, not talking")
        return call
