"""What the owner may choose, as the stack sees it, and what is injected into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Protocol

from gateway.errors import ConfigError
from gateway.sip.accounts import Account


class Tokens(Protocol):
    """Randomness, injected so that tests can foresee it."""

    def hex(self, nbytes: int) -> str:
        """`nbytes` random bytes as hex digits."""


class HeaderFacts(NamedTuple):
    """What response headers may say of a call; every value is text, "" when unknown."""

    line: str = ""
    reason: str = ""
    status: str = ""
    call: str = ""
    sid: str = ""
    duration: str = ""
    codec: str = ""


HeaderSource = Callable[[HeaderFacts], Sequence[tuple[str, str]]]


def no_headers(facts: HeaderFacts) -> Sequence[tuple[str, str]]:
    """The default: nothing is added."""
    return ()


class Limits(NamedTuple):
    """Bounds that keep a flood from eating memory or ending a call.

    `message_bytes` and `headers` are for one message. Beyond `transactions` the oldest finished one
    is forgotten, and when none is finished new INVITEs are refused. `dialogs` bounds calls,
    `connections` TCP and TLS connections in all, `connections_per_source` those of one address.
    After `failed_logins` wrong passwords from one address, five of its further tries a second are
    read and the others refused unread, until the address has been quiet for a while.
    """

    message_bytes: int = 65535
    headers: int = 256
    transactions: int = 256
    dialogs: int = 64
    connections: int = 256
    connections_per_source: int = 32
    failed_logins: int = 10


@dataclass(frozen=True, slots=True)
class InboundAuth:
    """Who may call, by digest. `proxy` asks with 407 instead of 401.

    Each of `algorithms` is offered in a challenge of its own, strongest first (RFC 8760 section
    2.3); `qops` are the values of qop, and none at all asks by RFC 2069. `next_nonce`: a 2xx names
    the nonce to use next (RFC 7616 section 3.5). Raises ConfigError for names that do not exist.
    """

    ALGORITHMS: ClassVar[tuple[str, ...]] = (
        "SHA-512-256",
        "SHA-512-256-sess",
        "SHA-256",
        "SHA-256-sess",
        "MD5",
        "MD5-sess",
    )
    QOPS: ClassVar[tuple[str, ...]] = ("auth", "auth-int")

    realm: str
    users: Mapping[str, str] = field(repr=False)
    proxy: bool = False
    nonce_lifetime_s: float = 300.0
    # One challenge: what Twilio's client makes of two is not known.
    algorithms: tuple[str, ...] = ("MD5",)
    qops: tuple[str, ...] = ("auth",)
    next_nonce: bool = False

    def __post_init__(self) -> None:
        _check_names("algorithm", self.algorithms, self.ALGORITHMS)
        _check_names("qop", self.qops, self.QOPS)
        if not self.algorithms:
            raise ConfigError(f"no digest algorithm; there are {', '.join(self.ALGORITHMS)}")


def _check_names(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"no digest {what} {name!r}; there are {', '.join(known)}")


class Profile(NamedTuple):
    """What we offer to a peer: Allow and Supported state exactly this."""

    methods: tuple[str, ...]
    extensions: tuple[str, ...] = ()

    @property
    def allow(self) -> str:
        """The value of our Allow header."""
        return ", ".join(self.methods)

    @property
    def supported(self) -> list[tuple[str, str]]:
        """Our Supported header, none where it would be empty."""
        return [("Supported", ", ".join(self.extensions))] if self.extensions else []

    def offers(self, name: str) -> bool:
        """Whether a method or an option tag is part of the offer."""
        return name in self.methods or name in self.extensions


_CALLS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")

PROFILES: Mapping[str, Profile] = {
    # What Twilio's edge needs and nothing that could make it do more (twilio.md 23, 27, 34).
    "twilio": Profile(_CALLS),
    # RFC 3262, 3311, 6086, 3515, 6665; 4028, 3891.
    "full": Profile(
        (*_CALLS, "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"), ("100rel", "timer", "replaces")
    ),
}


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Everything configurable. `public_host` is an address or name that others reach us at.

    `profile_of` names the profile for a peer's host, None where `profile` holds. `redirects`:
    follow 3xx of our calls. `info_dtmf`: send digits by INFO to peers that know no telephone-event.
    `failover_s`: a next hop that answers nothing for so long loses the request to the next one.
    `session_expires_s` is what session timers ask for (RFC 4028), `min_se_s` the least we take.
    """

    server: str = "tipring/0.1.0"
    profile: str = "twilio"
    public_host: str | None = None
    auth: InboundAuth | None = None
    limits: Limits = Limits()  # noqa: RUF009 (immutable)
    final_headers: HeaderSource = no_headers
    ok_headers: HeaderSource = no_headers
    accounts: tuple[Account, ...] = ()
    profile_of: Callable[[str], str | None] | None = None
    redirects: bool = False
    info_dtmf: bool = False
    failover_s: float = 6.0
    session_expires_s: int = 1800
    min_se_s: int = 90

    def profile_name(self, host: str) -> str:
        """The profile for a peer at `host`."""
        named = None if self.profile_of is None else self.profile_of(host)
        return named or self.profile

    def account(self, name: str) -> Account:
        """The account of that name. Raises ConfigError."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise ConfigError(f"there is no account {name!r}")

    def host_for(self, local: str) -> str:
        """What Contact, Via and SDP say on a flow with the local address `local`.

        An IPv4 `public_host` is no address of ours to a peer that speaks IPv6, nor the other way;
        a name serves both.
        """
        public = self.public_host
        if not public:
            return local
        # RFC 3261 section 25.1: the last label of a name begins with a letter, an address's not.
        is_v4 = public.rpartition(".")[2][:1].isdigit() and ":" not in public
        other_family = is_v4 if ":" in local else ":" in public
        return local if other_family else public

    def __post_init__(self) -> None:
        """Raises ConfigError for a profile that does not exist, and for accounts of one name."""
        for profile in (self.profile, *(account.profile for account in self.accounts)):
            if profile is not None and profile not in PROFILES:
                raise ConfigError(f"no SIP profile {profile!r}; there are {', '.join(PROFILES)}")
        names = [account.name for account in self.accounts]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"there are two accounts {name!r}")
