"""The hosts of one account: looked up again and again, and let in while it is in use.

Calls come from a provider's registrar or proxy, whose addresses the owner should not have to copy
into an allow-list. An account with neither has its domain.
"""

from __future__ import annotations

from typing import Final

from gateway.sip.accounts import Account
from gateway.sip.call_plan import hop_of
from gateway.sip.context import Context
from gateway.sip.wire import Flow, Target

AGAIN_S: Final = 300.0
SOON_S: Final = 15.0


class Trunk:
    """The addresses of one account's registrars and proxies; `flow` is the best known path."""

    def __init__(self, context: Context, account: Account) -> None:
        self._context = context
        self._hosts: dict[Target, set[str]] = {}
        hops = (*account.proxies, *account.registrars) or (f"sip:{account.domain}",)
        self._targets = [hop_of(text, account) for text in hops]
        self._running = False
        self.account = account
        self.flow: Flow | None = None

    @property
    def target(self) -> Target:
        """The preferred next hop."""
        return self._targets[0]

    def has(self, host: str) -> bool:
        """Whether an address is one of the account's."""
        return any(host in hosts for hosts in self._hosts.values())

    def start(self, now: float) -> None:
        """Look everything up, now and from time to time."""
        self._running = True
        self._look(now)

    def stop(self) -> None:
        """The account is not in use any more."""
        self._running = False
        self._context.deadlines.cancel(("look", self))
        for target in list(self._hosts):
            self._keep(target, set())

    def look_again(self, now: float) -> None:
        """The network changed."""
        if self._running:
            self._look(now)

    def timer(self, name: str, now: float) -> None:
        """Names may mean other addresses by now."""
        self._look(now)

    def _look(self, now: float) -> None:
        self._context.deadlines.set(("look", self), now + AGAIN_S)
        for target in self._targets:
            self._context.ask(target, _Question(self, target))

    def found(self, target: Target, flows: list[Flow], now: float) -> None:
        """What one of them means now; an answer that failed leaves the old one standing."""
        if not self._running:
            return
        if not flows:
            self._context.deadlines.set(("look", self), now + SOON_S)
            return
        if target == self.target:
            self.flow = flows[0]
        self._keep(target, {flow.remote[0] for flow in flows})

    def _keep(self, target: Target, hosts: set[str]) -> None:
        old = self._hosts.pop(target, set())
        for host in hosts:
            self._context.trust.vouch(host)
        for host in old:
            self._context.trust.unvouch(host)
        if hosts:
            self._hosts[target] = hosts


class _Question:
    """One look-up of a trunk's."""

    __slots__ = ("_target", "_trunk")

    def __init__(self, trunk: Trunk, target: Target) -> None:
        self._trunk = trunk
        self._target = target

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The answer."""
        self._trunk.found(self._target, flows, now)
