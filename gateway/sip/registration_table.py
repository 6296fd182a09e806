"""The states of a registration: `{state: {event: (action, next)}}` (RFC 3261 section 10).

Local events: start, stop, due (a refresh or a new try), lapsed (the grant has run out), changed
(our addresses) and lost (the path to the registrar). The registrar's: granted, moved (granted, but
our Contact should say another address by now), failed, and removed.
"""

from __future__ import annotations

from typing import Final

from gateway.sip.transaction import Table

REGISTRATION: Final[Table] = {
    "off": {"start": ("register", "trying"), "stop": ("nothing", "ended")},
    "trying": {
        "granted": ("keep", "registered"),
        "moved": ("register", "refreshing"),
        "failed": ("wait", "waiting"),
        "changed": ("start_over", "waiting"),
        "stop": ("wait_for_the_answer", "giving-up"),
    },
    "registered": {
        "due": ("register", "refreshing"),
        "changed": ("start_over", "holding"),
        "lost": ("come_back", "holding"),
        "stop": ("remove", "leaving"),
    },
    "refreshing": {
        "granted": ("keep", "registered"),
        "moved": ("register", "refreshing"),
        "failed": ("wait", "holding"),
        "lapsed": ("lapse", "trying"),
        "changed": ("start_over", "holding"),
        "stop": ("wait_for_the_answer", "finishing"),
    },
    # The last refresh failed, but the registrar keeps what it granted before: calls may come.
    "holding": {
        "due": ("register", "refreshing"),
        "lapsed": ("lapse", "waiting"),
        "changed": ("start_over", "holding"),
        "stop": ("remove", "leaving"),
    },
    "waiting": {
        "due": ("register", "trying"),
        "changed": ("start_over", "waiting"),
        "stop": ("end", "ended"),
    },
    # Section 10.2: no REGISTER while another one is unanswered. What was granted before that one,
    # or is granted by it, is taken back then.
    "giving-up": {
        "granted": ("remove", "leaving"),
        "moved": ("remove", "leaving"),
        "failed": ("end", "ended"),
    },
    "finishing": {
        "granted": ("remove", "leaving"),
        "moved": ("remove", "leaving"),
        "failed": ("remove", "leaving"),
    },
    "leaving": {"removed": ("say_ended", "ended"), "failed": ("say_ended", "ended")},
    "ended": {"start": ("register", "trying")},
}

# The registrar has our binding, for all we know.
UP: Final = frozenset({"registered", "refreshing", "holding"})
LEAVING: Final = frozenset({"giving-up", "finishing", "leaving"})
SHOWN: Final = {**dict.fromkeys(UP, "registered"), **dict.fromkeys(LEAVING, "ended")}
