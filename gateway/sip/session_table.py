"""The states of calls: `{state: {event: (action, next)}}` (RFC 3261 sections 13-15).

Local events: ring, progress, accept, answer, refuse, hang_up. The peer's: cancel, ack, bye, success
and failure (final answers to our INVITE), and unusable (an answer to our offer that we cannot use).
Ours in time: expire (the invitation does not hold any more), no_ack (64*T1 after a 2xx), lost
(nobody answers our INVITE), finish (what only a call that is up can end of) and done (our BYE has
its answer, or will have none).
"""

from __future__ import annotations

from typing import Final

from gateway.sip.transaction import Table

_UP: Final = {
    "confirmed": {
        "hang_up": ("hang_up", "closing"),
        "finish": ("hang_up", "closing"),
        "bye": ("end", "over"),
        "no_ack": ("give_up", "closing"),
        "unusable": ("disagree", "closing"),
    },
    "closing": {"bye": ("nothing", "closing"), "done": ("report_over", "over")},
    "over": {},
}

INCOMING: Final[Table] = {
    "incoming": {
        "ring": ("ring", "ringing"),
        "progress": ("progress", "ringing"),
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "ringing": {
        "ring": ("nothing", "ringing"),
        "progress": ("progress", "ringing"),
        "answer": ("answer", "answered"),
        "accept": ("stop_ringing", "accepting"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
        "expire": ("expire", "over"),
    },
    # RFC 3262 section 3: the 200 waits until the PRACK of a provisional with SDP has come.
    "accepting": {
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "answered": {
        "ack": ("confirm", "confirmed"),
        "hang_up": ("leave", "hanging-up"),
        "finish": ("leave", "hanging-up"),
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
    **_UP,
}

OUTGOING: Final[Table] = {
    "calling": {
        "success": ("confirm", "confirmed"),
        "failure": ("refused", "over"),
        "hang_up": ("cancel", "cancelling"),
        "finish": ("cancel", "cancelling"),
        "lost": ("lost", "over"),
        # A callee must not (section 15), and the INVITE's own answer is still to come.
        "bye": ("nothing", "calling"),
    },
    # Section 15: the caller cancels; an answer that crossed the CANCEL is taken and ended.
    "cancelling": {
        "success": ("send_bye", "closing"),
        "failure": ("report_over", "over"),
        "lost": ("report_over", "over"),
    },
    **_UP,
}

UNANSWERED: Final = frozenset({"incoming", "ringing", "accepting"})
ANSWERED: Final = frozenset({"answered", "confirmed"})
# The service has been told of the end: local calls do nothing any more.
FINISHED: Final = frozenset({"hanging-up", "cancelling", "closing", "over"})
