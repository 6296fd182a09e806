"""From what somebody dialled to the INVITE that will be sent: account, identity, way."""

from __future__ import annotations

from typing import NamedTuple

from gateway.sip.call_plan import (
    CallPlan,
    asserted,
    called_uri,
    loose_routes,
    sender,
)
from gateway.sip.context import Context
from gateway.sip.dialog import target_of
from gateway.sip.headers import parse_address
from gateway.sip.providers import Provider
from gateway.sip.request_text import Lines
from gateway.sip.settings import PROFILES
from gateway.sip.uri import USER_SAFE, escape
from gateway.sip.wire import Flow, Target


class Wish(NamedTuple):
    """Whom to call and how: `replaces` and `referred_by` are header values of a transfer."""

    to: str
    private: bool = False
    replaces: str = ""
    referred_by: str = ""


def plan_call(context: Context, provider: Provider | None, wish: Wish) -> CallPlan:
    """Raises LocalProtocolError for what cannot be called."""
    account = provider.account if provider is not None else None
    uri = called_uri(wish.to, account)
    path, fallback, routes = _way(provider, target_of(uri))
    host = path.remote[0] if isinstance(path, Flow) else path.host
    named = account.profile if account is not None else None
    tag = context.tokens.hex(8)
    return CallPlan(
        account=account.name if account is not None else None,
        uri=uri,
        to=uri,
        sender=lambda host: sender(account, host, tag, private=wish.private),
        call_id=context.tokens.hex(12),
        contact_user=escape(account.username, USER_SAFE) if account is not None else "tipring",
        profile=PROFILES[named] if named else context.profile_for(host),
        path=path,
        fallback=fallback,
        routes=routes,
        extra=[*asserted(account, private=wish.private), *_transferred(wish)],
    )


def _way(
    provider: Provider | None, direct: Target
) -> tuple[Flow | Target, Target | None, list[str]]:
    """The first hop, what to look up when that is a connection that is gone, and the routes.

    RFC 3608 section 6: the Service-Route that the registrar gave comes first; else the owner's
    proxies, else the registrar, else the URI itself.
    """
    if provider is None:
        return direct, None, []
    account, registration = provider.account, provider.registration
    routes = loose_routes(account.proxies)
    if registration is not None and registration.service_route:
        routes = list(registration.service_route)
        hop = target_of(parse_address(routes[0], "Service-Route").uri)
    elif provider.trunk.target is not None:
        hop = provider.trunk.target
    else:
        hop = direct
    if registration is not None and registration.flow is not None and not account.proxies:
        # The way that registering took works; a NAT in between knows it.
        return registration.flow, hop, routes
    return hop, None, routes


def _transferred(wish: Wish) -> Lines:
    lines = []
    if wish.replaces:
        lines += [("Replaces", wish.replaces), ("Require", "replaces")]
    if wish.referred_by:
        lines.append(("Referred-By", wish.referred_by))
    return lines
