"""An account at a provider or PBX: what the owner says of it, and how its registration fares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from gateway.errors import ConfigError, RemoteProtocolError
from gateway.sip.uri import parse_uri

Keepalive = Literal["crlf", "options", "off"]
CallerIdHeader = Literal["P-Asserted-Identity", "Remote-Party-ID"]
_TRANSPORTS = (None, "udp", "tcp", "tls")


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a registrar or trunk. URIs are texts as `sip:example.com;transport=tls`.

    `username` is the user part of From and Contact, `domain` the host of From and of the numbers
    that are dialled. `registrars` are in order of preference, the domain where there are none;
    `proxies` are visited first, in order (RFC 3261 section 8.1.1.1). `caller_id` is what
    `caller_id_header` says (a number or a URI) and `display_name` goes into From. `late_offer`:
    our INVITEs have no offer, the callee makes it (RFC 3261 section 13.2.1).
    Raises ConfigError for what cannot be used.
    """

    name: str
    username: str
    domain: str
    password: str = field(default="", repr=False)
    auth_user: str = ""
    registrars: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    transport: str | None = None
    register: bool = True
    caller_id: str = ""
    caller_id_header: CallerIdHeader = "P-Asserted-Identity"
    display_name: str = ""
    expires_s: int = 600
    keepalive: Keepalive = "crlf"
    message_waiting: bool = False
    profile: str | None = None
    late_offer: bool = False

    def __post_init__(self) -> None:
        for what, uris in (("registrar", self.registrars), ("proxy", self.proxies)):
            for uri in uris:
                self._check(what, uri.strip().strip("<>"))
        self._check("domain", f"sip:{self.domain}")
        if ":" in self.caller_id:
            self._check("caller_id", self.caller_id, "sip", "sips", "tel")
        if self.transport not in _TRANSPORTS:
            raise self._error(f"no transport {self.transport!r}; there are udp, tcp and tls")
        if self.keepalive not in get_args(Keepalive):
            raise self._error(f"no keepalive {self.keepalive!r}; there are crlf, options and off")
        if self.caller_id_header not in get_args(CallerIdHeader):
            raise self._error(f"no caller_id_header {self.caller_id_header!r}")
        if not self.username:
            raise self._error("no username")

    def _check(self, what: str, text: str, *schemes: str) -> None:
        allowed = schemes or ("sip", "sips")
        try:
            usable = parse_uri(text).scheme.lower() in allowed
        except RemoteProtocolError:
            usable = False
        if not usable:
            raise self._error(f"{what}: {text!r} is no URI of {', '.join(allowed)}")

    def _error(self, text: str) -> ConfigError:
        return ConfigError(f"account {self.name!r}: {text}")

    @property
    def login(self) -> str:
        """The user name of digest authentication."""
        return self.auth_user or self.username


class RegistrationStatus(NamedTuple):
    """How a registration fares. Times are CLOCK_MONOTONIC seconds, None where there is none.

    `state` is "off" (an account that does not register), "trying", "registered", "waiting" (failed,
    tries again at `next_try`) or "ended" (unregistered, at stop). `error` is the last failure in
    words, "" after a success: "registered" with an error means that a refresh failed, and that the
    registrar keeps what it granted before until `expires`.
    """

    account: str
    state: str
    registrar: str
    error: str = ""
    next_try: float | None = None
    expires: float | None = None
    contact: str = ""
