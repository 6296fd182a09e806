"""Tells the journal how accounts fare: once for each change, not for each refresh."""

from __future__ import annotations

from gateway.service.journal import Journal, Message
from gateway.sip import RegistrarLeft, RegistrationStatus


class RegistrationJournal:
    """`told` gets every status that the stack reports; `now` is its clock."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last: dict[str, tuple[str, ...]] = {}
        self._left: dict[tuple[str, str], str] = {}

    def told(self, status: RegistrationStatus, now: float) -> None:
        """One account's registration has a new state, or keeps it after a refresh."""
        if status.state in {"off", "trying"}:
            return
        if status.state == "registered" and not status.error:
            self._left.pop((status.account, status.registrar), None)
        essence = (status.state, status.registrar, status.error, status.contact)
        if self._last.get(status.account) == essence:
            return
        self._last[status.account] = essence
        self._write(status, now)

    def left(self, event: RegistrarLeft) -> None:
        """A registrar failed and another one is asked: once for each reason, until it works."""
        name, registrar = event.account, event.registrar
        if self._left.get((name, registrar)) == event.why:
            return
        self._left[name, registrar] = event.why
        text = f"account {name}: {registrar} failed: {event.why}; {event.following} is asked"
        self._journal.write(Message.REGISTRATION_FAILED, text, account=name, peer=registrar)

    def messages(self, account: str, waiting: bool, new: int, old: int) -> None:
        """A mailbox told what it has (RFC 3842)."""
        text = f"account {account}: {new} new messages, {old} old ones"
        if not (new or old):
            text = f"account {account}: {'' if waiting else 'no '}messages are waiting"
        self._journal.write(Message.MESSAGES_WAITING, text, account=account)

    def _write(self, status: RegistrationStatus, now: float) -> None:
        name, where = f"account {status.account}", status.registrar
        match status.state:
            case "registered" if status.error:
                kind, text = Message.REGISTRATION_FAILED, f"{name} is still registered with {where}"
                text += f", but a refresh failed: {status.error}{_next_try(status, now)}"
            case "registered":
                kind, text = Message.REGISTERED, f"{name} is registered with {where}"
                if status.contact:
                    text += f" as {status.contact}"
                if status.expires is not None:
                    text += f", for {max(0.0, status.expires - now):.0f} s"
            case "ended":
                kind, text = Message.UNREGISTERED, f"{name} is unregistered from {where}"
                if status.error:
                    text = f"{name} could not be unregistered from {where}: {status.error}"
            case _:
                kind, text = Message.REGISTRATION_FAILED, f"{name} is not registered with {where}"
                text += f": {status.error or 'no reason is known'}{_next_try(status, now)}"
        self._journal.write(kind, text, account=status.account, peer=where)


def _next_try(status: RegistrationStatus, now: float) -> str:
    if status.next_try is None:
        return ""
    return f"; next try in {max(0.0, status.next_try - now):.0f} s"
