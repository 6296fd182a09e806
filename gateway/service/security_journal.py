"""What was refused and ignored, for the journal: enough to see an attack, too little to be one."""

from __future__ import annotations

from typing import Any, Final

from gateway.service.journal import Journal, Message
from gateway.service.text import host_port
from gateway.service.throttle import Throttle
from gateway.sip import AuthFailed, Malformed, Refused
from gateway.sip.login_failures import FORGOTTEN_PER_S
from gateway.sip.session import Session
from gateway.sip.verdict import SLOWED

# Records of one kind in a minute; the rest become one number.
_EACH: Final = 10


class SecurityJournal:
    """Call `minute` once a minute."""

    def __init__(self, journal: Journal, *, each: int = _EACH) -> None:
        self._journal = journal
        self._throttle: Throttle[tuple[Message, str]] = Throttle(each)
        self._has_warned_of_keys = False

    def told(self, event: Refused | AuthFailed | Malformed) -> None:
        """What the stack refused by itself."""
        peer = host_port(event.flow.remote)
        match event:
            case Refused(_, method, status, why, call_id):
                text = f"{method} from {peer} refused with {status}: {why}"
                fields = {"peer": peer, "sip_status": status, "call_id": call_id}
                self._write(Message.REQUEST_REFUSED, "requests were refused", text, **fields)
            case AuthFailed(flow, _, why) if why == SLOWED:
                # It follows on just those records that a minute has no room for more of.
                text = (
                    f"{flow.remote[0]} failed to log in too often: of its further tries only "
                    f"{FORGOTTEN_PER_S:.0f} a second are read"
                )
                self._write(Message.AUTH_FAILED, "sources were slowed", text, peer=peer)
            case AuthFailed(_, username, why):
                text = f"{peer} did not authenticate as {username!r}: {why}"
                self._write(Message.AUTH_FAILED, "logins failed", text, peer=peer)
            case Malformed(_, error, size):
                text = f"{size} bytes from {peer} are no SIP message: {error}"
                self._write(Message.MALFORMED, "messages were malformed", text, peer=peer)

    def media_agreed(self, session: Session) -> None:
        """SRTP keys that went in the open are told of once: it is the configuration that is so."""
        if self._has_warned_of_keys or not session.keys_exposed:
            return
        self._has_warned_of_keys = True
        text = (
            f"SRTP keys went over {session.flow.transport.upper()} with"
            f" {host_port(session.flow.remote)}: who reads the signalling can hear the call"
        )
        peer = host_port(session.flow.remote)
        self._journal.write(Message.KEYS_EXPOSED, text, peer=peer, call_id=session.call_id)

    def minute(self, strangers: int, last: str) -> None:
        """What a minute brought beyond single records. `strangers`: messages and connections from
        outside `allow_from`, `last` the source of the last one."""
        if strangers:
            text = f"{strangers} datagrams of strangers got no answer, the last from {last}"
            self._journal.write(Message.STRANGERS, text, peer=last, count=strangers)
        for (kind, what), count in self._throttle.turn_over().items():
            self._journal.write(kind, f"{count} more {what} in the last minute", count=count)

    def _write(self, kind: Message, what: str, text: str, **fields: Any) -> None:
        if self._throttle.passes((kind, what)):
            self._journal.write(kind, text, **fields)
