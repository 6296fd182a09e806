"""A table of `session_table` at work: the one place where the state of a call changes."""

from __future__ import annotations

from typing import ClassVar

from gateway.errors import LocalProtocolError
from gateway.sip.message import Message
from gateway.sip.session_table import FINISHED
from gateway.sip.transaction import Table

_REMEMBERED = 8


class CallMachine:
    """`state` is one of the table's, `history` the last ones for the log.

    The actions of the table are the methods `_do_...`.
    """

    table: ClassVar[Table]
    """The states of this kind of call."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.history: tuple[str, ...] = (state,)

    @property
    def finished(self) -> bool:
        """Whether the service has been told of the end."""
        return self.state in FINISHED

    @property
    def is_up(self) -> bool:
        """Whether both sides know that the call is answered."""
        return self.state == "confirmed"

    def feed(self, event: str, now: float, message: Message | None = None) -> bool:
        """Run an event through the table; False where it has no use for it."""
        entry = self.table[self.state].get(event)
        if entry is None:
            return False
        action, state = entry
        if state != self.state:
            self.history = (*self.history[1 - _REMEMBERED :], state)
        self.state = state
        getattr(self, "_do_" + action)(now, message)
        self.entered(state, now)
        return True

    def local_event(self, event: str, now: float) -> None:
        """Something that we want; LocalProtocolError where it makes no sense."""
        if not self.feed(event, now) and not self.finished:
            raise LocalProtocolError(f"{event} while {self.state}")

    def entered(self, state: str, now: float) -> None:
        """The action that led to `state` is done."""

    def _do_nothing(self, now: float, message: Message | None) -> None:
        """The event changes the state and nothing else."""
