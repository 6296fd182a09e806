"""The states of an incoming call: `{state: {event: (action, next)}}` (RFC 3261 sections 13-15).

Local events: ring, answer, refuse, hang_up. The peer's: cancel, ack, bye, and unusable (an ACK
whose answer we cannot use). Ours in time: no_ack (64*T1 after a 2xx) and done (our BYE has its
answer, or will have none).
"""

from __future__ import annotations

from typing import Final

from gateway.sip.transaction import Table

SESSION: Final[Table] = {
    "incoming": {
        "ring": ("ring", "ringing"),
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "ringing": {
        "ring": ("nothing", "ringing"),
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "answered": {
        "ack": ("confirm", "confirmed"),
        "hang_up": ("leave", "hanging-up"),
        "no_ack": ("give_up", "closing"),
        "bye": ("end", "over"),
        "unusable": ("disagree", "closing"),
    },
    # Section 15: the called party must not send BYE before the ACK came or 64*T1 passed.
    "hanging-up": {
        "ack": ("send_bye", "closing"),
        "no_ack": ("send_bye", "closing"),
        "unusable": ("send_bye", "closing"),
        "bye": ("report_over", "over"),
    },
    "confirmed": {
        "hang_up": ("hang_up", "closing"),
        "bye": ("end", "over"),
        "no_ack": ("give_up", "closing"),
    },
    "closing": {"bye": ("nothing", "closing"), "done": ("report_over", "over")},
    "over": {},
}

# The service has been told of the end: local calls do nothing any more.
FINISHED: Final = frozenset({"hanging-up", "closing", "over"})
