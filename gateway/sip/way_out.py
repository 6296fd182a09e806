"""How requests of an account that belong to no dialog leave: first hop and routes."""

from __future__ import annotations

from typing import NamedTuple

from gateway.sip.accounts import Account
from gateway.sip.addresses import is_private
from gateway.sip.call_plan import hop_of, loose_routes
from gateway.sip.dialog import target_of
from gateway.sip.headers import parse_address
from gateway.sip.registration import Registration
from gateway.sip.wire import Flow, Target


class WayOut(NamedTuple):
    """`path` is the first hop, `fallback` what can be looked up when that flow is gone."""

    path: Flow | Target
    fallback: Target | None
    routes: list[str]


def way_out(account: Account, registration: Registration | None) -> WayOut:
    """The owner's proxies, then the Service-Route that the registrar gave (RFC 3608 section 5).

    The path that the REGISTER took is taken where it leads to the same hop: it works, and a NAT in
    between knows it.
    """
    known = (registration.home,) if registration is not None else account.registrars
    first = (*account.proxies, *known, f"sip:{account.domain}")[0]
    service_route = registration.service_route if registration is not None else []
    routes = [*loose_routes(account.proxies), *service_route]
    hop = hop_of(first, account)
    flow = registration.way if registration is not None else None
    if service_route and not account.proxies:
        hop = target_of(parse_address(service_route[0], "Service-Route").uri)
        flow = flow if flow is not None and _leads_to(flow, hop) else None
    return WayOut(hop, None, routes) if flow is None else WayOut(flow, hop, routes)


def _leads_to(flow: Flow, hop: Target) -> bool:
    if is_private(hop.host) and not is_private(flow.remote[0]):
        return True  # an edge that gives its inner address: only by the way we know
    transport = hop.plain_transport
    port = hop.port or (5061 if transport == "tls" else 5060)
    return (transport, hop.host, port) == (flow.transport, *flow.remote)
