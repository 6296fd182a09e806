"""From what somebody dialled to the INVITE that will be sent: account, identity, way."""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import LocalProtocolError
from gateway.sip.accounts import Account
from gateway.sip.call_plan import (
    CallPlan,
    account_uri,
    asserted,
    called_uri,
    is_secure,
    sender,
)
from gateway.sip.context import Context
from gateway.sip.dialog import target_of
from gateway.sip.providers import Provider
from gateway.sip.request_text import Lines
from gateway.sip.settings import PROFILES
from gateway.sip.way_out import WayOut, way_out
from gateway.sip.wire import Flow


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
    path, fallback, routes = (
        WayOut(target_of(uri), None, [])
        if provider is None
        else way_out(provider.account, provider.registration)
    )
    if uri.is_sips and not is_secure(path):
        raise LocalProtocolError(f"the way out is not TLS, as sips: wants it: {wish.to!r}")
    host = path.remote[0] if isinstance(path, Flow) else path.host
    named = account.profile if account is not None else None
    tag = context.tokens.hex(8)
    return CallPlan(
        account=account.name if account is not None else None,
        uri=uri,
        to=uri,
        sender=lambda host: sender(account, host, tag, private=wish.private),
        call_id=context.tokens.hex(12),
        contact_user=_contact_user(account, private=wish.private),
        profile=PROFILES[named] if named else context.profile_for(host),
        path=path,
        fallback=fallback,
        routes=routes,
        extra=[*asserted(account, private=wish.private), *_transferred(wish)],
        late_offer=account is not None and account.late_offer,
    )


def _contact_user(account: Account | None, *, private: bool) -> str:
    if private:
        return "anonymous"  # RFC 3323 section 4.1.1.3: no header of ours tells who calls
    return "tipring" if account is None else account_uri(account).user or ""


def _transferred(wish: Wish) -> Lines:
    lines = []
    if wish.replaces:
        lines += [("Replaces", wish.replaces), ("Require", "replaces")]
    if wish.referred_by:
        lines.append(("Referred-By", wish.referred_by))
    return lines
