"""Gives the SIP stack what it must not fetch itself: randomness, headers, secrets, our name."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from gateway import __version__
from gateway.service.config import Config
from gateway.service.placeholders import HeaderTemplates
from gateway.sip import HeaderFacts, InboundAuth, Limits, StackSettings


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
        public_host=public_host,
        auth=_auth(config),
        limits=Limits(
            message_bytes=sip.limits.message_bytes,
            headers=sip.limits.headers,
            transactions=sip.limits.transactions,
            dialogs=sip.limits.dialogs,
        ),
        ok_headers=_renderer(sip.response_headers.ok_templates()),
        final_headers=_renderer(sip.response_headers.final_templates()),
    )


def _auth(config: Config) -> InboundAuth | None:
    auth = config.sip.inbound_auth
    if auth is None:
        return None
    users = {name: secret.reveal() for name, secret in auth.passwords().items()}
    return InboundAuth(realm=auth.realm, users=users)


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
