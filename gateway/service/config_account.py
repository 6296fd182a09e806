"""[[account]]: who we are to a provider or a PBX, as the owner writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from gateway.service.config_table import Table, Words
from gateway.service.secrets import Secret


class Account(Table, frozen=True):
    """One [[account]]. `registrar` and `proxy` are SIP URIs in order of preference.

    `password` is there once `config_file.load` has read the files; a trunk that knows us by our
    address has none. What is None here has a default that depends on other keys.
    """

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}$",
            description="up to 32 letters, digits, '_', '.' and '-'",
        ),
    ]
    username: Annotated[str, Meta(min_length=1, description="the user part of a SIP URI")]
    register: bool = True
    registrar: Words = ()
    proxy: Words = ()
    domain: str | None = None
    transport: Literal["udp", "tcp", "tls"] | None = None
    auth_user: str | None = None
    password: Secret | None = None
    password_file: str | None = None
    caller_id: str | None = None
    caller_id_header: Literal["P-Asserted-Identity", "Remote-Party-ID"] = "P-Asserted-Identity"
    display_name: str | None = None
    expires_s: Annotated[
        int, Meta(ge=60, le=3600, description="a number of seconds from 60 to 3600")
    ] = 600
    keepalive: Literal["crlf", "options", "off"] = "crlf"
    message_waiting: bool = False
    profile: Literal["twilio", "full"] | None = None
    late_offer: bool = False
