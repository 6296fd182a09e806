"""INVITE to 100 Trying: from the datagram to the bytes of the answer, through each user agent.

No sockets: transports are stood in for by lists. A call ends, and what it left is cleared away,
between the slices and outside the time. Slices are small, since one of the libraries (aiosipua)
looks through all its transactions whenever it makes one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.libraries.invites import Invite
from tests.bench.libraries.rounds import Contestant, Rate, measure

SIZE = 50
SOURCE = ("54.172.60.0", 5060)
LOCAL = ("203.0.113.5", 5060)


class NoAnswer(Exception):
    """A 100 did not come, or something else came."""


@dataclass(frozen=True, slots=True)
class Agent:
    """`answer` gives an INVITE and returns what was sent; `end` ends all calls."""

    name: str
    note: str
    answer: Callable[[bytes], bytes]
    end: Callable[[], None]


NAMES = ("ours", "aiosipua", "sippy")
LACKING = {
    "opensip": "no transaction layer; its answers need a running event loop",
    "sipmessage": "parses and writes only",
}


def load(name: str) -> Agent | None:
    """The user agent of that library, None when it is not installed."""
    try:
        module = importlib.import_module(f"tests.bench.libraries.agents.{name}_agent")
    except ModuleNotFoundError as missing:
        if missing.name is not None and missing.name.partition(".")[0] == name:
            return None
        raise
    agent: Agent = module.agent()
    return agent


def rates(agents: Sequence[Agent], invites: Sequence[Invite], rounds: int) -> dict[str, Rate]:
    """INVITEs a second of each. Raises NoAnswer."""
    contestants = [_contestant(agent, invites) for agent in agents]
    return measure(contestants, [one.data for one in invites], rounds=rounds, size=SIZE)


def _contestant(agent: Agent, invites: Sequence[Invite]) -> Contestant:
    def settle(start: int, results: list[bytes]) -> None:
        for invite, sent in zip(invites[start:], results, strict=False):
            check(agent.name, invite, sent)
        agent.end()

    return Contestant(agent.name, agent.answer, settle)


def check(name: str, invite: Invite, sent: bytes) -> None:
    """The answer is a 100 to this very INVITE, by its Call-ID and the branches of its Vias."""
    call_id = dict(invite.lines)["Call-ID"].encode()
    branches = [via.params["branch"] or "" for via in invite.fields.vias]
    good = sent.startswith(b"SIP/2.0 100 ") and call_id in sent
    if not good or not all(branch.encode() in sent for branch in branches):
        raise NoAnswer(f"{name} sent {sent!r} to the INVITE {call_id!r}")
