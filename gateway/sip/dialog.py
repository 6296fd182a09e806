"""Dialogs (RFC 3261 section 12), of calls that we took and of calls that we placed."""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.addresses import is_literal, is_private
from gateway.sip.headers import Headers, parse_address, split_addresses
from gateway.sip.message import Message, Request, Response
from gateway.sip.request_text import RequestText
from gateway.sip.uri import Uri, parse_uri
from gateway.sip.wire import Flow, Target

DialogKey = tuple[str, str, str]

_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061}


class Outgoing(NamedTuple):
    """Where and how a request inside a dialog leaves: Request-URI, Route values, next hop.

    `path` is a flow where the way is known, else what has to be looked up. `fallback` is for when
    that leads nowhere: what a connection that is gone led to, or the way that the INVITE took.
    """

    uri: str
    routes: list[str]
    path: Flow | Target
    fallback: Flow | Target | None


class Dialog:
    """One dialog. The route set is fixed by its first 2xx; the remote target may be refreshed.

    `called`: the peer placed the call. `local` and `remote` are the whole From and To values of our
    requests.
    """

    __slots__ = (
        "_by_the_invite", "call_id", "called", "flow", "local", "local_cseq", "local_tag", "remote",
        "remote_cseq", "remote_tag", "remote_target", "route_set",
    )  # fmt: skip

    def __init__(self, invite: Request, local_tag: str, flow: Flow) -> None:
        """The dialog of a request that came to us (section 12.1.1).

        Raises RemoteProtocolError when Contact or Record-Route cannot be read.
        """
        headers = invite.headers
        self.called = True
        self.call_id = invite.call_id
        self.local_tag = local_tag
        self.remote_tag = invite.from_.tag
        to = headers.get("to") or ""
        self.local = to if invite.to.tag else f"{to};tag={local_tag}"
        self.remote = headers.get("from") or ""
        self.local_cseq = 0
        self.remote_cseq: int | None = invite.cseq.number
        self.flow = flow
        self.remote_target = _contact(invite)
        self.route_set = route_set(headers)
        self._by_the_invite = False

    @classmethod
    def placed(cls, invite: RequestText, response: Response, flow: Flow) -> Dialog:
        """The dialog that a response to our INVITE makes (section 12.1.2).

        Raises RemoteProtocolError when Contact or Record-Route cannot be read; a 2xx has to be
        acknowledged all the same, and is, as the INVITE went: to its URI, by its routes and hop.
        """
        dialog = cls.__new__(cls)
        headers = response.headers
        dialog.called = False
        dialog.call_id = response.call_id
        dialog.local = invite.sender
        dialog.local_tag = response.from_.tag
        dialog.remote = headers.get("to") or ""
        dialog.remote_tag = response.to.tag
        dialog.local_cseq = invite.cseq
        dialog.remote_cseq = None
        dialog.flow = flow
        dialog._by_the_invite = False
        try:
            dialog.remote_target = _contact(response)
            dialog.route_set = route_set(headers)[::-1]
        except RemoteProtocolError:
            if response.status < 200:
                raise
            dialog._by_the_invite = True
            dialog.remote_target = parse_uri(invite.uri)
            dialog.route_set = invite.routes
        return dialog

    @property
    def key(self) -> DialogKey:
        """Call-ID, our tag, their tag."""
        return (self.call_id, self.local_tag, self.remote_tag)

    def refresh(self, message: Message) -> None:
        """Section 12.2: a target refresh replaces the remote target, never the route set.

        Raises RemoteProtocolError.
        """
        contacts = message.contacts
        if contacts:
            self.remote_target = contacts[0].uri
            self._by_the_invite = False

    def moved(self, flow: Flow) -> None:
        """The dialog goes on over another connection to the same host; the old one may be gone."""
        if self.flow.reliable and flow.reliable and flow.remote[0] == self.flow.remote[0]:
            self.flow = flow

    def next_cseq(self) -> int:
        """The number of our next request."""
        self.local_cseq += 1
        return self.local_cseq

    def in_order(self, number: int) -> bool:
        """Whether a request of the peer comes in order (section 12.2.2); notes its number."""
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def outgoing(self) -> Outgoing:
        """Section 12.2.1.1: the remote target and the route set, strict routers included."""
        target = str(self.remote_target)
        if self._by_the_invite:
            return self._towards(target, self.route_set, None)
        if not self.route_set:
            return self._towards(target, [], self.remote_target)
        first = self._first_route()
        if first is None:
            # Not a URI that could be sent to: the way that the INVITE came is the best guess left.
            return self._towards(target, self.route_set, None)
        if "lr" in first.params:
            return self._towards(target, self.route_set, first)
        # A strict router wants itself in the Request-URI and the target as the last route.
        return self._towards(str(first), [*self.route_set[1:], f"<{target}>"], first)

    def _first_route(self) -> Uri | None:
        try:
            return parse_address(self.route_set[0], "Record-Route").uri
        except RemoteProtocolError:
            return None

    def wants_sips(self, uri: Uri) -> bool:
        """Whether our Contact must be a sips URI; `uri` is that of the INVITE (section 12.1.1).

        Only where the INVITE came by TLS: elsewhere a sips URI would promise what is not there.
        """
        if self.flow.transport != "tls":
            return False
        hop = self._first_route() if self.route_set else self.remote_target
        return uri.is_sips or (hop is not None and hop.is_sips)

    def _towards(self, uri: str, routes: list[str], hop: Uri | None) -> Outgoing:
        flow = self.flow
        if hop is None or not hop.host:
            path: Flow | Target = flow
            target = Target(*flow.remote, flow.transport)
        else:
            target = target_of(hop)
            path = self._path(target)
        if isinstance(path, Target):
            return Outgoing(uri, routes, path, flow)
        if path.reliable:
            return Outgoing(uri, routes, path, target)
        return Outgoing(uri, routes, path, flow if path != flow else None)

    def _path(self, target: Target) -> Flow | Target:
        flow = self.flow
        if flow.reliable and self.called:
            # The connection that brought the INVITE is the way back through any NAT.
            return flow
        transport = target.plain_transport
        host = target.host
        port = target.port or _PORTS[transport]
        if (transport, host, port) == (flow.transport, *flow.remote):
            return flow
        if not self.route_set and is_private(host) and not is_private(flow.remote[0]):
            # A private Contact from a public source: only the NAT in between knows the way.
            return flow
        same_family = (":" in host) == (":" in flow.local[0])
        if transport == flow.transport == "udp" and is_literal(host) and same_family:
            return flow._replace(remote=(host, port))
        return target


def target_of(uri: Uri) -> Target:
    """Where a URI is sent to (RFC 3263 section 4): host, port and transport as it says.

    A sips URI without a transport leaves it to NAPTR which servers speak TLS (section 4.1).
    """
    params = uri.params
    transport = (params.get("transport") or "").lower()
    secure = uri.is_sips or transport == "tls"
    if secure and transport == "tcp":
        transport = "tls"
    host = (params.get("maddr") or uri.host).strip("[]")
    return Target(host, uri.port, transport if transport in _PORTS else None, secure)


def _contact(message: Message) -> Uri:
    contacts = message.contacts
    if not contacts:
        raise RemoteProtocolError("no Contact to send requests to")
    return contacts[0].uri


def route_set(headers: Headers) -> list[str]:
    """Section 12.1.1: Record-Route in order, each element as it was written, in <>.

    Their URIs are read only when a request of ours has to go there. Raises RemoteProtocolError.
    """
    routes = split_addresses(headers.get_all("record-route"), "Record-Route")
    return [route if route[-1] == ">" or "<" in route else f"<{route}>" for route in routes]
