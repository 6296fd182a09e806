"""Whom a call of ours goes to and who it says we are, worked out before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.accounts import Account
from gateway.sip.dialog import target_of
from gateway.sip.headers import Headers, parse_address
from gateway.sip.message import Request
from gateway.sip.presentation import ASSERTED, REMOTE_PARTY, from_header, identity_headers
from gateway.sip.request_text import Lines
from gateway.sip.serializer import bracketed
from gateway.sip.settings import Profile
from gateway.sip.uri import USER_SAFE, Uri, escape, parse_uri
from gateway.sip.wire import Flow, Target

_NOT_HANDED_ON: Final = frozenset({ASSERTED, REMOTE_PARTY, "Diversion"})


@dataclass(frozen=True, slots=True)
class CallPlan:
    """An INVITE before it is sent. `path` is its first hop, `fallback` what else can be looked up.

    `uri` is where it goes and `to` who was called: a redirection changes the first alone.
    `sender(host)` is the From on a path where we are `host`; `extra` are header lines that come
    with the wish: identity, Replaces, Referred-By. `late_offer`: the INVITE has no SDP.
    """

    account: str | None
    uri: Uri
    to: Uri
    sender: Callable[[str], str]
    call_id: str
    contact_user: str
    profile: Profile
    path: Flow | Target
    fallback: Target | None
    routes: list[str]
    extra: Lines
    late_offer: bool = False

    @property
    def secure(self) -> bool:
        """Whether it is sure beforehand that the first hop is by TLS."""
        return is_secure(self.path)

    @property
    def sips(self) -> bool:
        """Whether our Contact must be a sips URI (section 8.1.1.8)."""
        return self.uri.is_sips or begins_with_sips(self.routes)

    def identity(self, host: str) -> Lines:
        """From, To and Call-ID."""
        return [("From", self.sender(host)), ("To", f"<{self.to}>"), ("Call-ID", self.call_id)]

    def invite(self, host: str) -> Request:
        """The request as the service sees it: who calls whom."""
        return Request("INVITE", self.uri, Headers([*self.identity(host), *self.extra]))

    def redirected(self, target: Uri, diversions: Sequence[str]) -> CallPlan:
        """The same call to another URI, found on its own: no route of before leads there.

        And nobody vouches for the trust that P-Asserted-Identity needs (RFC 3325 section 5).
        """
        extra = [line for line in self.extra if line[0] not in _NOT_HANDED_ON]
        extra += [("Diversion", diversion) for diversion in diversions]
        way = target_of(target)
        return replace(self, uri=target, path=way, fallback=None, routes=[], extra=extra)


# RFC 3966 section 5.1.1, and spaces: what people write into numbers and no exchange dials.
_SEPARATORS: Final = str.maketrans("", "", " -.()")
_NUMBER: Final = re.compile(r"\+?[0-9*#(][0-9*#A-D().\- ]*")
# What no name of a user has in it: a line that does is an address of some other kind.
_NO_NAME: Final = re.compile(r'[@<>"\x00-\x1f\x7f]|://')


def called_uri(to: str, account: Account | None) -> Uri:
    """The URI of what was dialled; a number, tel: URIs too, belongs to the account's domain.

    Raises LocalProtocolError for what cannot be called.
    """
    text = to.strip()
    scheme = text.partition(":")[0].lower()
    if scheme not in {"sip", "sips"} or ":" not in text:
        if account is None:
            raise LocalProtocolError(
                f"{to!r} is no SIP URI, and there is no account to dial it with"
            )
        user = text.partition(":")[2].partition(";")[0] if scheme == "tel" else text
        if _NO_NAME.search(user):
            raise LocalProtocolError(f"neither a number nor a sip: URI: {to!r}")
        user = user.translate(_SEPARATORS) if _NUMBER.fullmatch(user) else user.replace(" ", "")
        text = f"sip:{escape(user, USER_SAFE)}@{account.domain}" if user else ""
    try:
        uri = parse_uri("".join([each if each.isascii() else escape(each) for each in text]))
    except RemoteProtocolError as error:
        raise LocalProtocolError(str(error)) from error
    if not uri.is_sip or not uri.host:
        raise LocalProtocolError(f"not a SIP URI: {to!r}")
    return uri.without_headers()


def account_uri(account: Account) -> Uri:
    """Who the account is: the URI of its From (and of To in a REGISTER)."""
    return Uri("sip", escape(account.username, USER_SAFE), account.domain)


def hop_of(text: str, account: Account | None = None) -> Target:
    """The next hop that a URI of the owner means; the account's transport wins over silence."""
    target = target_of(parse_uri(text.strip().strip("<>")))
    if account is None or account.transport is None or target.secure or target.transport:
        return target
    return target._replace(transport=account.transport, secure=account.transport == "tls")


def is_secure(way: Flow | Target) -> bool:
    """Whether the first hop is sure to be by TLS."""
    return (way.plain_transport if isinstance(way, Target) else way.transport) == "tls"


def sender(account: Account | None, host: str, tag: str, *, private: bool) -> str:
    """Our From value."""
    if account is None:
        return from_header("", Uri("sip", "tipring", bracketed(host)), tag, private=private)
    return from_header(account.display_name, account_uri(account), tag, private=private)


def asserted(account: Account | None, *, private: bool) -> Lines:
    """What a trunk that believes us is told of who calls (RFC 3325)."""
    if account is None:
        return []
    header = account.caller_id_header
    if not account.caller_id:
        uri = account_uri(account)
        return identity_headers("", uri, private=True, header=header) if private else []
    number = account.caller_id
    uri = (
        parse_uri(number)
        if ":" in number
        else Uri("sip", escape(number.replace(" ", ""), USER_SAFE), account.domain)
    )
    return identity_headers(account.display_name, uri, private=private, header=header)


def loose_routes(uris: Sequence[str]) -> list[str]:
    """Configured proxies as Route values: loose ones (RFC 3261 section 8.1.1.1)."""
    found = []
    for text in uris:
        uri = parse_uri(text.strip().strip("<>"))
        lr = "" if "lr" in uri.params else ";lr"
        found.append(f"<{uri}{lr}>")
    return found


def begins_with_sips(routes: Sequence[str]) -> bool:
    """Whether the first of these Route values is a sips URI."""
    return bool(routes) and parse_address(routes[0], "Route").uri.is_sips
