"""Gives the SIP stack what it must not fetch itself: randomness, headers, secrets, our name."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from gateway import __version__
from gateway.net.allowlist import AllowList
from gateway.service import config as written
from gateway.service.config import Config
from gateway.service.placeholders import HeaderTemplates
from gateway.sip import Account, HeaderFacts, InboundAuth, Limits, StackSettings
from gateway.sip.uri import parse_uri


class RandomTokens:
    """Tags, branches and nonces from the system's generator (RFC 3261 19.3: at least 32 bits)."""

    def hex(self, nbytes: int) -> str:
        """`nbytes` random bytes in hexadecimal."""
        return secrets.token_hex(nbytes)


def stack_settings(config: Config, public_host: str | None) -> StackSettings:
    """The stack's settings from the owner's configuration."""
    sip = config.sip
    return StackSettings(
        server=f"tipring/{__version__}",
        profile=sip.profile,
        profile_of=_profile_of(sip.profile),
        public_host=public_host,
        auth=_auth(config),
        limits=_limits(sip.limits),
        ok_headers=_renderer(sip.response_headers.ok_templates()),
        final_headers=_renderer(sip.response_headers.final_templates()),
        accounts=tuple(account(each) for each in config.account),
        redirects=sip.redirects,
        info_dtmf=sip.info_dtmf,
        failover_s=sip.failover_s,
    )


def account(account: written.Account) -> Account:
    """An account as the stack wants it: defaults that depend on other keys are filled in."""
    return Account(
        name=account.name,
        username=account.username,
        domain=_domain(account),
        password="" if account.password is None else account.password.reveal(),
        auth_user=account.auth_user or "",
        registrars=account.registrar,
        proxies=account.proxy,
        transport=account.transport,
        register=account.register,
        caller_id=account.caller_id or "",
        caller_id_header=account.caller_id_header,
        display_name=account.display_name or "",
        expires_s=account.expires_s,
        keepalive=account.keepalive,
        message_waiting=account.message_waiting,
        profile=account.profile,
        late_offer=account.late_offer,
    )


def _domain(account: written.Account) -> str:
    """What is written, else the host of the first server; an IPv6 address in brackets."""
    if account.domain is None:
        return parse_uri((*account.registrar, *account.proxy)[0]).host
    bare = ":" in account.domain and not account.domain.startswith("[")
    return f"[{account.domain}]" if bare else account.domain


def _profile_of(default: str) -> Callable[[str], str]:
    """Who Twilio is can be told by the source; all others get what the owner chose."""
    twilio = AllowList(["twilio"])
    return lambda host: "twilio" if twilio.contains(host) else default


def _limits(limits: written.Limits) -> Limits:
    return Limits(
        message_bytes=limits.message_bytes,
        headers=limits.headers,
        transactions=limits.transactions,
        dialogs=limits.dialogs,
        connections=limits.connections,
        connections_per_source=limits.connections_per_source,
        failed_logins=limits.failed_logins,
    )


def _auth(config: Config) -> InboundAuth | None:
    auth = config.sip.inbound_auth
    if auth is None:
        return None
    users = {name: secret.reveal() for name, secret in auth.passwords().items()}
    return InboundAuth(
        realm=auth.realm,
        users=users,
        algorithms=auth.algorithms,
        qops=auth.qop,
        next_nonce=auth.next_nonce,
    )


def _renderer(
    templates: HeaderTemplates,
) -> Callable[[HeaderFacts], Sequence[tuple[str, str]]]:
    def render(facts: HeaderFacts) -> Sequence[tuple[str, str]]:
        return templates.render(
            {
                "line": facts.line,
                "reason": facts.reason,
                "status": facts.status,
                "call": facts.call,
                "sid": facts.sid,
                "duration": facts.duration,
                "codec": facts.codec,
            }
        )

    return render
