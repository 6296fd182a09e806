"""[sip] and the tables below it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, field

from gateway.errors import ConfigError
from gateway.service.config_table import Table, Words
from gateway.service.placeholders import HeaderTemplates
from gateway.service.secrets import Secret


class Listen(NamedTuple):
    """A listener: `transport:host:port`, the host in brackets when it is IPv6."""

    transport: str
    host: str
    port: int

    @property
    def is_wildcard(self) -> bool:
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound

    def __str__(self) -> str:
        return f"{self.transport}:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Tls(Table, frozen=True):
    """[sip.tls]: our certificate, and whose certificates we take.

    Names of files are absolute once `config_file.load` has looked at them. Without `ca` the
    system's authorities decide who a server is.
    """

    certificate: str | None = None
    key: str | None = None
    ca: str | None = None
    client_auth: Literal["off", "optional", "required"] = "off"


class Limits(Table, frozen=True):
    """[sip.limits]: what one peer can make us hold."""

    message_bytes: Annotated[
        int, Meta(ge=4096, le=65535, description="a number of bytes from 4096 to 65535")
    ] = 65535
    headers: Annotated[int, Meta(ge=32, le=1000, description="a number from 32 to 1000")] = 256
    transactions: Annotated[
        int, Meta(ge=16, le=100_000, description="a number from 16 to 100000")
    ] = 256
    dialogs: Annotated[int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")] = 64
    connections: Annotated[int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")] = 256
    connections_per_source: Annotated[
        int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")
    ] = 32
    failed_logins: Annotated[int, Meta(ge=1, le=1000, description="a number from 1 to 1000")] = 10


class User(Table, frozen=True):
    """One entry of sip.inbound_auth.users."""

    username: Annotated[str, Meta(min_length=1, description="a user name")]
    password: Secret | None = None
    password_file: str | None = None


class InboundAuth(Table, frozen=True):
    """[sip.inbound_auth]: INVITEs are challenged when this table is present.

    MD5 is what Twilio and most phones speak; `algorithms` and `qop` are offered in their order.
    `next_nonce`: a 200 tells the nonce for the caller's next call, which is then not challenged.
    """

    realm: Annotated[str, Meta(min_length=1, description="a name")] = "tipring"
    users: tuple[User, ...] = ()
    algorithms: Annotated[
        tuple[Literal["MD5", "SHA-256", "SHA-512-256"], ...],
        Meta(min_length=1, description='a list of "MD5", "SHA-256" and "SHA-512-256"'),
    ] = ("MD5",)
    qop: Annotated[
        tuple[Literal["auth", "auth-int"], ...],
        Meta(min_length=1, description='a list of "auth" and "auth-int"'),
    ] = ("auth",)
    next_nonce: bool = False

    def passwords(self) -> dict[str, Secret]:
        """User name to password; complete once `config_file.load` has read the files."""
        return {user.username: user.password for user in self.users if user.password is not None}


class ResponseHeaders(Table, frozen=True):
    """[sip.response_headers]: X- headers by kind of response, as templates."""

    ok: dict[str, str] = field(default_factory=dict)
    final: dict[str, str] = field(default_factory=dict)

    def ok_templates(self) -> HeaderTemplates:
        """For the 200 to INVITE."""
        return HeaderTemplates(self.ok)

    def final_templates(self) -> HeaderTemplates:
        """For 4xx-6xx, our BYE and our 200 to BYE."""
        return HeaderTemplates(self.final)


class Sip(Table, frozen=True):
    """[sip]"""

    listen: Words = ("udp:0.0.0.0:5060",)
    public_address: str = "auto"
    stun: str | None = None
    allow_from: Words = ("twilio", "127.0.0.0/8")
    profile: Literal["twilio", "full"] = "twilio"
    redirects: bool = False
    info_dtmf: bool = False
    failover_s: Annotated[float, Meta(ge=1, le=32, description="seconds from 1 to 32")] = 6
    tls: Tls = Tls()
    limits: Limits = Limits()
    inbound_auth: InboundAuth | None = None
    response_headers: ResponseHeaders = ResponseHeaders()

    def listeners(self) -> tuple[Listen, ...]:
        """`listen`, taken apart."""
        return tuple(parse_listen(text) for text in self.listen)


def parse_listen(text: str) -> Listen:
    """Take a listener apart; ConfigError says what is wrong and allowed."""
    transport, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if transport not in {"udp", "tcp", "tls"} or not host or not port.isdecimal():
        raise ConfigError(
            f"{text!r} is no listener; allowed: udp:0.0.0.0:5060, tcp:[::]:5060, tls:0.0.0.0:5061"
        )
    if not 1 <= int(port) <= 65535:
        raise ConfigError(f"{text!r}: allowed is a port number from 1 to 65535")
    return Listen(transport, _bare_host(host, text), int(port))


def _bare_host(host: str, text: str) -> str:
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ConfigError(f"{text!r}: an IPv6 address stands in brackets, as udp:[::]:5060")
    return host[1:-1] if bracketed else host
