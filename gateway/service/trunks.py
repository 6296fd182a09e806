"""Binds the switchboard's way out to the SIP stack and to this machine's addresses."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from gateway.call.ports import Session
from gateway.errors import RemoteProtocolError
from gateway.service.config import Listen
from gateway.service.host_names import is_address
from gateway.sip import LocalMedia, Stack
from gateway.sip.uri import parse_uri

# Addresses of no host (RFC 5737, RFC 3849): a socket that is connected to one sends nothing, and
# tells which address of ours the default route leaves from.
_ANY_V4: Final = "192.0.2.1"
_ANY_V6: Final = "2001:db8::1"
_DISCARD: Final = 9


class StackTrunks:
    """Places calls through `stack`; `listeners` are those of the configuration."""

    def __init__(self, stack: Stack, listeners: Sequence[Listen]) -> None:
        self._stack = stack
        self._listeners = listeners

    def ready(self, account: str) -> bool:
        """A registration that has not run out counts while it is being refreshed."""
        for status in self._stack.registrations:
            if status.account == account:
                return status.state in {"registered", "off"} or (
                    status.expires is not None and status.state == "trying"
                )
        return False

    def serves(self, account: str, uri: str) -> bool:
        """A URI of the account's domain or servers, while it is up; with an outbound proxy any
        (RFC 3261 section 8.1.2)."""
        if not self.ready(account):
            return False
        known = self._stack.settings.account(account)
        try:
            called = parse_uri(uri)
            servers = [parse_uri(text) for text in known.registrars]
        except RemoteProtocolError:
            return False
        return (
            bool(known.proxies)
            or called.host.lower() == known.domain.lower()
            or (called.host, called.port) in {(each.host, each.port) for each in servers}
        )

    def local_address(self, account: str | None, to: str) -> str | None:
        """Where the stack already speaks to that side, else a listener's, else the route's."""
        known = self._stack.local_address(account)
        if known is not None:
            return known
        bound = [listen.host for listen in self._listeners if not listen.is_wildcard]
        return bound[0] if bound else route_address(_numeric_host(to))

    def place(
        self,
        to: str,
        account: str | None,
        local: LocalMedia,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Session:
        """Raises ConfigError or LocalProtocolError for what cannot be called."""
        return self._stack.place_call(
            to, account, local, now, replaces=replaces, referred_by=referred_by
        )


def route_address(towards: str = "") -> str | None:
    """Our address on the way to a numeric address, by default to anywhere; None without a way."""
    for host in (towards,) if towards else (_ANY_V4, _ANY_V6):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((host, _DISCARD))
            except OSError:
                continue
            address: str = probe.getsockname()[0]
            return address.partition("%")[0]
    return None


def _numeric_host(to: str) -> str:
    """The host of a URI that needs no name server, else ""."""
    try:
        host = parse_uri(to).host.strip("[]")
    except RemoteProtocolError:
        return ""
    return host if is_address(host) else ""
