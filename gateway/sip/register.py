"""The REGISTER of one account (RFC 3261 section 10.2): its identity, its Contacts, its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import Account
from gateway.sip.bindings import Bindings
from gateway.sip.call_plan import account_uri, hop_of, loose_routes
from gateway.sip.client_request import Plan
from gateway.sip.context import Context
from gateway.sip.digest_client import Credentials
from gateway.sip.extension_headers import parse_number, parse_retry_after
from gateway.sip.headers import Via, parse_address, split_addresses
from gateway.sip.message import Response
from gateway.sip.presentation import from_header
from gateway.sip.request_text import Lines
from gateway.sip.settings import PROFILES
from gateway.sip.uri import parse_uri
from gateway.sip.wire import Flow

# A registrar that wants longer than a day means something else.
_LONGEST_S: Final = 86400
# A wrong password does not get better by asking often, and some registrars ban who tries.
_REFUSED_S: Final = 60.0
_REFUSALS: Final = frozenset({401, 403, 404, 407, 484, 604})
_LONGEST_RETRY_AFTER_S: Final = 3600.0


class Register:
    """Writes REGISTERs: one Call-ID and From-tag for life, a rising CSeq (section 10.2.4).

    `contact` is what the last one said, `asked` for how long (seconds, 0 to take it away),
    `expires` what the next one is to ask for.
    """

    def __init__(self, context: Context, account: Account) -> None:
        self._context = context
        self._account = account
        self._call_id = context.tokens.hex(12)
        self._tag = context.tokens.hex(8)
        self._cseq = 0
        self._sips = False
        self._raised = False
        self.bindings = Bindings()
        self.expires = account.expires_s
        self.asked = 0
        self.contact = ""

    def plan(
        self,
        registrar: str,
        way: Flow | None,
        credentials: Credentials,
        seen: Callable[[Flow, Via, float], None],
        now: float,
    ) -> Plan:
        """The next one, over `way` or where DNS leads; `self.asked` is set before."""
        account = self._account
        self._sips = parse_uri(_bare(registrar)).is_sips
        self._raised = False
        first = hop_of((*account.proxies, registrar)[0], account)
        return Plan(
            "REGISTER",
            register_uri(registrar),
            way or first,
            self._next_cseq,
            lambda flow: self._headers(flow, now),
            loose_routes(account.proxies),
            None,
            credentials,
            first if way is not None else None,
            seen,
        )

    def contact_on(self, flow: Flow) -> str:
        """Where we are reached by that path."""
        user = account_uri(self._account).user or ""
        return self._context.contact(user, flow, sips=self._sips)

    def take_min_expires(self, response: Response) -> bool:
        """Section 10.2.8: the registrar wants longer intervals. Whether a new try makes sense."""
        try:
            least = parse_number(response.headers.get("min-expires") or "", "Min-Expires")
        except RemoteProtocolError:
            return False
        if self._raised or not 0 < self.asked < least <= _LONGEST_S:
            return False
        self._raised = True  # once: whoever raises it again and again wants no registration
        self.expires = self.asked = least
        return True

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _headers(self, flow: Flow, now: float) -> Lines:
        account = self._account
        identity = account_uri(account)
        self.contact = self.contact_on(flow)
        contacts = [f"<{self.contact}>;expires={self.asked}"]
        # twilio.md 20: what nobody can reach any more must not ring.
        contacts += [f"<{one}>;expires=0" for one in self.bindings.others(self.contact, now)]
        return [
            ("From", from_header(account.display_name, identity, self._tag)),
            ("To", f"<{identity}>"),
            ("Call-ID", self._call_id),
            ("Contact", ", ".join(contacts)),
            ("Expires", str(self.asked)),
            ("Supported", "path"),
            ("Allow", self._allow(flow)),
            ("User-Agent", self._context.settings.server),
        ]

    def _allow(self, flow: Flow) -> str:
        named = self._account.profile
        profile = PROFILES[named] if named else self._context.profile_for(flow.remote[0])
        notify = self._account.message_waiting and not profile.offers("NOTIFY")
        return f"{profile.allow}, NOTIFY" if notify else profile.allow


def register_uri(registrar: str) -> str:
    """The Request-URI: the registrar's host and nothing of a user (Twilio refuses a user part)."""
    uri = parse_uri(_bare(registrar))
    port = "" if uri.port is None else f":{uri.port}"
    return f"{uri.scheme}:{uri.host}{port}"


def service_route(response: Response) -> list[str]:
    """RFC 3608 section 5: the Route of our calls; one that cannot be read is none."""
    try:
        routes = split_addresses(response.headers.get_all("service-route"), "Service-Route")
        for route in routes:
            parse_address(route, "Service-Route")
    except RemoteProtocolError:
        return []
    return routes


def wait_asked(response: Response) -> float:
    """How long a registrar that refuses is left in peace at least, in seconds."""
    try:
        asked = parse_retry_after(response.headers.get("retry-after") or "")
    except RemoteProtocolError:
        asked = 0  # it is often not said
    wait = _REFUSED_S if response.status in _REFUSALS else 0.0
    return max(wait, min(float(asked), _LONGEST_RETRY_AFTER_S))


def _bare(uri: str) -> str:
    return uri.strip().strip("<>")
