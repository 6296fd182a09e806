"""An account at a provider or PBX: what the owner says of it, and how its registration fares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Keepalive = Literal["crlf", "options", "off"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a registrar or trunk. URIs are texts as `sip:example.com;transport=tls`.

    `username` is the user part of From and Contact, `domain` the host of From and of the numbers
    that are dialled. `registrars` are in order of preference; `proxies` are visited first, in order
    (RFC 3261 section 8.1.1.1). `caller_id` is what P-Asserted-Identity says (a number or a URI) and
    `display_name` goes into From.
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
    display_name: str = ""
    expires_s: int = 600
    keepalive: Keepalive = "crlf"
    message_waiting: bool = False
    profile: str | None = None

    @property
    def login(self) -> str:
        """The user name of digest authentication."""
        return self.auth_user or self.username


class RegistrationStatus(NamedTuple):
    """How a registration fares. Times are CLOCK_MONOTONIC seconds, None where there is none.

    `state` is "off" (an account that does not register), "trying", "registered", "waiting" (failed,
    tries again at `next_try`) or "ended" (unregistered, at stop). `error` is the last failure in
    words, "" after a success.
    """

    account: str
    state: str
    registrar: str
    error: str = ""
    next_try: float | None = None
    expires: float | None = None
    contact: str = ""
