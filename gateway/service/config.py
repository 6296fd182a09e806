"""The configuration as typed values: one struct a table of the TOML file, defaults included.

`Meta.description` says what is allowed, in the words that an error message uses. Reading, checking
and secrets are in `config_file`; these structs only hold what it found to be right.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from gateway.errors import ConfigError
from gateway.service.placeholders import HeaderTemplates
from gateway.service.secrets import Secret

DEFAULT_PATH = "/etc/tipring/tipring.toml"

Port = Annotated[int, Meta(ge=1, le=65535, description="a port number from 1 to 65535")]
Words = tuple[str, ...]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration file."""


class Listen(NamedTuple):
    """A listener: `transport:host:port`, the host in brackets when it is IPv6."""

    transport: str
    host: str
    port: int

    @property
    def is_wildcard(self) -> bool:
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


class Limits(Table, frozen=True):
    """[sip.limits]: what one peer can make us hold."""

    message_bytes: Annotated[
        int, Meta(ge=4096, le=65535, description="a number of bytes from 4096 to 65535")
    ] = 65535
    headers: Annotated[int, Meta(ge=32, le=1000, description="a number from 32 to 1000")] = 256
    transactions: Annotated[
        int, Meta(ge=16, le=100_000, description="a number from 16 to 100000")
    ] = 4096
    dialogs: Annotated[int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")] = 64


class User(Table, frozen=True):
    """One entry of sip.inbound_auth.users."""

    username: Annotated[str, Meta(min_length=1, description="a user name")]
    password: Secret | None = None
    password_file: str | None = None


class InboundAuth(Table, frozen=True):
    """[sip.inbound_auth]: INVITEs are challenged when this table is present."""

    realm: Annotated[str, Meta(min_length=1, description="a name")] = "tipring"
    users: tuple[User, ...] = ()

    def passwords(self) -> dict[str, Secret]:
        """User name to password; complete once `config_file.load` has read the files."""
        return {user.username: user.password for user in self.users if user.password is not None}


class ResponseHeaders(Table, frozen=True):
    """[sip.response_headers]: X- headers by kind of response, as templates."""

    ok: dict[str, str] = {}
    final: dict[str, str] = {}

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
    allow_from: Words = ("twilio", "127.0.0.0/8")
    profile: Literal["twilio"] = "twilio"
    limits: Limits = Limits()
    inbound_auth: InboundAuth | None = None
    response_headers: ResponseHeaders = ResponseHeaders()

    def listeners(self) -> tuple[Listen, ...]:
        """`listen`, taken apart."""
        return tuple(parse_listen(text) for text in self.listen)


class Rtp(Table, frozen=True):
    """[rtp]. `allow_from`: beside the address in the peer's SDP, who may be heard.

    Empty: anybody until that address speaks (symmetric RTP), then nobody, or Twilio's media network
    if Twilio may call. See rtp_sources.py and native/src/rtp/source_filter.h.
    """

    ports: Annotated[
        tuple[Port, Port],
        Meta(description="two port numbers, first and last, as [10000, 10099]"),
    ] = (10000, 10099)
    srtp: Literal["off"] = "off"
    dscp: Annotated[int, Meta(ge=0, le=63, description="a number from 0 to 63")] = 46
    timeout_s: Annotated[
        float, Meta(ge=0, le=86400, description="seconds from 0 (never) to 86400")
    ] = 60
    allow_from: Words = ()


class Audio(Table, frozen=True):
    """line.audio: ALSA device names."""

    capture: Annotated[str, Meta(min_length=1, description="an ALSA device name")]
    playback: Annotated[str, Meta(min_length=1, description="an ALSA device name")]


class Line(Table, frozen=True):
    """One [[line]]."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}$",
            description="up to 32 letters, digits, '_', '.' and '-'",
        ),
    ]
    driver: Literal["simulated"]
    users: Words = ()
    country: str = "us"
    audio: Audio | None = None
    auto_answer_s: (
        Annotated[float, Meta(ge=0, le=600, description="seconds from 0 to 600")] | None
    ) = None

    def takes(self, user: str) -> bool:
        """Does a call for this (percent-decoded) user, "" when missing, ring this line?"""
        return "*" in self.users or (user != "" and user in self.users)


class Config(Table, frozen=True):
    """The whole file. `line` in file order: the first that takes a user rings."""

    sip: Sip = Sip()
    rtp: Rtp = Rtp()
    line: tuple[Line, ...] = ()

    def line_for(self, user: str) -> Line | None:
        """The line that a call for `user` rings, None for an unknown user."""
        return next((line for line in self.line if line.takes(user)), None)


def parse_listen(text: str) -> Listen:
    """Take a listener apart; ConfigError says what is wrong and allowed."""
    transport, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if transport not in {"udp", "tcp", "tls"} or not host or not port.isdecimal():
        raise ConfigError(f"{text!r} is no listener; allowed: udp:0.0.0.0:5060, udp:[::]:5060")
    if not 1 <= int(port) <= 65535:
        raise ConfigError(f"{text!r}: allowed is a port number from 1 to 65535")
    return Listen(transport, _bare_host(host, text), int(port))


def _bare_host(host: str, text: str) -> str:
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ConfigError(f"{text!r}: an IPv6 address stands in brackets, as udp:[::]:5060")
    return host[1:-1] if bracketed else host
