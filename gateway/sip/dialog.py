"""Dialogs (RFC 3261 section 12), as seen from the side that was called."""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.headers import Headers, parse_address, split_addresses
from gateway.sip.message import Request
from gateway.sip.uri import Uri
from gateway.sip.wire import Flow

DialogKey = tuple[str, str, str]


class Outgoing(NamedTuple):
    """Where and how a request inside a dialog leaves: Request-URI, Route values, next hop."""

    uri: str
    routes: list[str]
    flow: Flow


class Dialog:
    """One dialog. The route set is fixed by the INVITE; the remote target may be refreshed."""

    __slots__ = (
        "call_id", "flow", "local", "local_cseq", "local_tag", "remote", "remote_cseq",
        "remote_tag", "remote_target", "route_set",
    )  # fmt: skip

    def __init__(self, invite: Request, local_tag: str, flow: Flow) -> None:
        """Raises RemoteProtocolError when Contact or Record-Route cannot be read."""
        headers = invite.headers
        self.call_id = invite.call_id
        self.local_tag = local_tag
        self.remote_tag = invite.from_.tag
        to = headers.get("to") or ""
        self.local = to if invite.to.tag else f"{to};tag={local_tag}"
        self.remote = headers.get("from") or ""
        self.local_cseq = 0
        self.remote_cseq = invite.cseq.number
        self.flow = flow
        contacts = invite.contacts
        if not contacts:
            raise RemoteProtocolError("no Contact to send requests to")
        self.remote_target: Uri = contacts[0].uri
        self.route_set = route_set(headers)

    @property
    def key(self) -> DialogKey:
        """Call-ID, our tag, their tag."""
        return (self.call_id, self.local_tag, self.remote_tag)

    def refresh(self, message: Request) -> None:
        """Section 12.2.2: a target refresh replaces the remote target, never the route set.

        Raises RemoteProtocolError.
        """
        contacts = message.contacts
        if contacts:
            self.remote_target = contacts[0].uri

    def next_cseq(self) -> int:
        """The number of our next request."""
        self.local_cseq += 1
        return self.local_cseq

    def outgoing(self) -> Outgoing:
        """Section 12.2.1.1: the remote target and the route set, strict routers included."""
        target = str(self.remote_target)
        if not self.route_set:
            return Outgoing(target, [], self._hop(self.remote_target))
        try:
            first = parse_address(self.route_set[0], "Record-Route").uri
        except RemoteProtocolError:
            # Not a URI that could be sent to: the way that the INVITE came is the best guess left.
            return Outgoing(target, self.route_set, self.flow)
        if "lr" in first.params:
            return Outgoing(target, self.route_set, self._hop(first))
        # A strict router wants itself in the Request-URI and the target as the last route.
        rest = [*self.route_set[1:], f"<{target}>"]
        return Outgoing(str(first), rest, self._hop(first))

    def _hop(self, uri: Uri) -> Flow:
        flow = self.flow
        if flow.reliable:
            # The connection that brought the INVITE is the way back through any NAT.
            return flow
        host = uri.host.strip("[]")
        if not host or (not self.route_set and is_private(host) and not is_private(flow.remote[0])):
            # A private Contact from a public source: only the NAT in between knows the way.
            return flow
        return flow._replace(remote=(host, uri.port or 5060))


def route_set(headers: Headers) -> list[str]:
    """Section 12.1.1: Record-Route in order, each element as it was written, in <>.

    Their URIs are read only when a request of ours has to go there. Raises RemoteProtocolError.
    """
    routes = split_addresses(headers.get_all("record-route"), "Record-Route")
    return [route if route[-1] == ">" or "<" in route else f"<{route}>" for route in routes]


def is_private(host: str) -> bool:
    """Whether an IPv4 literal is of RFC 1918, RFC 6598 or link-local space."""
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() and len(part) < 4 for part in parts):
        return False
    first, second = int(parts[0]), int(parts[1])
    return (
        first in {0, 10}
        or (first == 172 and 16 <= second < 32)
        or (first, second) in {(192, 168), (169, 254)}
        or (first == 100 and 64 <= second < 128)
    )
