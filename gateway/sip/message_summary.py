"""application/simple-message-summary (RFC 3842): whether messages wait, and how many."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError

CONTENT_TYPE = "application/simple-message-summary"

# msg-summary-line = message-context-class HCOLON newmsgs SLASH oldmsgs [ LPAREN urgent RPAREN ]
_COUNT = re.compile(r"\s*+([0-9]{1,9})\s*+/\s*+([0-9]{1,9})\s*+(?:\(.*+)?+")


class MessageSummary(NamedTuple):
    """Voice messages: `new` and `old` are 0 where the body does not count them."""

    waiting: bool
    new: int = 0
    old: int = 0


def parse_message_summary(body: bytes) -> MessageSummary:
    """Read the body of a NOTIFY (section 5.2). Raises RemoteProtocolError.

    Only Messages-Waiting has to be there; other kinds of messages and unknown lines are let be.
    """
    lines: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            lines.setdefault(name.strip().lower(), value.strip())
    waiting = lines.get("messages-waiting", "").lower()
    if waiting not in {"yes", "no"}:
        raise RemoteProtocolError("message summary without Messages-Waiting: yes or no")
    count = _COUNT.fullmatch(lines.get("voice-message", ""))
    new, old = (int(count[1]), int(count[2])) if count else (0, 0)
    return MessageSummary(waiting == "yes", new, old)
