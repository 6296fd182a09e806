"""Headers of the extensions (calls that refresh, transfer, subscribe and say why), as typed values.

Each function reads one header value, or the values of all its lines where the header is a list.
Only RemoteProtocolError is raised, with the hint 400.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import (
    LWS,
    PARAMS,
    TOKEN,
    is_token,
    is_visible,
    param,
    split_list,
    split_params,
    unquote,
)
from gateway.sip.headers import NameAddr, Params, parse_address, parse_addresses
from gateway.sip.uri import Uri, readable

_MOST = 0xFFFFFFFF  # RFC 3261 section 25.1: delta-seconds; RFC 3262 section 7.1: below 2**32


def _matched(pattern: re.Pattern[str], value: str, what: str) -> re.Match[str]:
    match = pattern.fullmatch(value)
    if match is None:
        raise _malformed(what, value)
    return match


def _malformed(what: str, value: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"malformed {what}: {value[:80]!r}")


# --- numbers ---------------------------------------------------------------------------------

_NUMBER = re.compile(r"[0-9]{1,20}+")


def parse_number(value: str, what: str) -> int:
    """A whole number of 32 bits: Expires, Min-Expires, RSeq. `what` names the header."""
    if _NUMBER.fullmatch(value) is None or int(value) > _MOST:
        raise _malformed(what, value)
    return int(value)


# RAck = response-num LWS CSeq-num LWS Method (RFC 3262 section 7.2)
_RACK = re.compile(rf"([0-9]{{1,20}}+)[ \t]++([0-9]{{1,20}}+)[ \t]++({TOKEN}++)")


class RAck(NamedTuple):
    """What a PRACK acknowledges: RSeq of the provisional, CSeq number and method of its request."""

    rseq: int
    cseq: int
    method: str


def parse_rack(value: str) -> RAck:
    """Read RAck."""
    rseq, cseq, method = _matched(_RACK, value, "RAck").groups()
    return RAck(parse_number(rseq, "RAck"), parse_number(cseq, "RAck"), method)


# Retry-After = delta-seconds [ comment ] *( SEMI retry-param ) (RFC 3261 section 20.33)
_COMMENT = r"(?:\((?:[^()\\]|\\.)*+\))"
_RETRY_AFTER = re.compile(rf"([0-9]{{1,20}}+){LWS}{_COMMENT}?+({PARAMS})")


def parse_retry_after(value: str) -> int:
    """Seconds to wait; comment and duration are nothing that we act on."""
    return parse_number(_matched(_RETRY_AFTER, value, "Retry-After")[1], "Retry-After")


# --- session timers (RFC 4028) -----------------------------------------------------------------

_WITH_PARAMS = re.compile(rf"({TOKEN}++)({PARAMS})")

Refresher = Literal["uac", "uas"]


class SessionExpires(NamedTuple):
    """The interval in seconds, and who refreshes: None leaves it to the answering side."""

    seconds: int
    refresher: Refresher | None


def parse_session_expires(value: str) -> SessionExpires:
    """Read Session-Expires (section 4)."""
    number, params_text = _matched(_WITH_PARAMS, value, "Session-Expires").groups()
    seconds = parse_number(number, "Session-Expires")
    refresher = (param(split_params(params_text), "refresher") or "").lower()
    if refresher == "uac":
        return SessionExpires(seconds, "uac")
    if refresher == "uas":
        return SessionExpires(seconds, "uas")
    # An unknown word would be a third role: nobody has it, so it is as good as none.
    return SessionExpires(seconds, None)


def parse_min_se(value: str) -> int:
    """Read Min-SE in seconds (section 5)."""
    return parse_number(_matched(_WITH_PARAMS, value, "Min-SE")[1], "Min-SE")


# --- transfer (RFC 3515, 3891, 3892) -----------------------------------------------------------

_REPLACES = re.compile(rf"([^\s;,]++)({PARAMS})")


class Replaces(NamedTuple):
    """The dialog to take over, named as the one who receives the header sees it."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def parse_replaces(value: str) -> Replaces:
    """Read Replaces (RFC 3891 section 6.1): both tags are there, each once."""
    call_id, params_text = _matched(_REPLACES, value, "Replaces").groups()
    names = [part.partition("=")[0].strip().lower() for part in params_text.split(";")]
    params = split_params(params_text)
    to_tag, from_tag = param(params, "to-tag"), param(params, "from-tag")
    twice = names.count("to-tag") > 1 or names.count("from-tag") > 1
    if not to_tag or not from_tag or twice or is_visible(call_id) is None:
        raise _malformed("Replaces", value)
    return Replaces(call_id, to_tag, from_tag, "early-only" in names)


def replaces_in(uri: Uri) -> Replaces | None:
    """The Replaces header that stands escaped in a Refer-To URI, None when there is none."""
    found = [value for name, value in uri.header_list() if name.lower() == "replaces"]
    if len(found) > 1:
        raise RemoteProtocolError("Refer-To with two Replaces")
    return parse_replaces(found[0]) if found else None


def parse_refer_to(values: Iterable[str]) -> NameAddr:
    """Refer-To: one address (RFC 3515 section 2.4.1: exactly one, or 400)."""
    return _one_address(values, "Refer-To")


def parse_referred_by(values: Iterable[str]) -> NameAddr:
    """Referred-By: one address (RFC 3892 section 3)."""
    return _one_address(values, "Referred-By")


def _one_address(values: Iterable[str], what: str) -> NameAddr:
    found = list(values)
    if len(found) != 1:
        raise RemoteProtocolError(f"{len(found)} {what} headers where one belongs")
    return parse_address(found[0], what)


# --- events (RFC 6665) ---------------------------------------------------------------------------


class EventPackage(NamedTuple):
    """An event package with its template, and the id that tells subscriptions apart."""

    package: str
    id: str = ""


def parse_event(value: str) -> EventPackage:
    """Read Event (section 8.2.1). Packages compare with regard to case."""
    package, params_text = _matched(_WITH_PARAMS, value, "Event").groups()
    return EventPackage(package, param(split_params(params_text), "id") or "")


class SubscriptionState(NamedTuple):
    """`state` in lower case: active, pending, terminated or an extension; `params` as written."""

    state: str
    params: Params

    @property
    def reason(self) -> str:
        """Why it was terminated, in lower case, "" when not said."""
        return (param(self.params, "reason") or "").lower()

    @property
    def expires(self) -> int | None:
        """Seconds left. Raises RemoteProtocolError when it is no number."""
        return self._number("expires")

    @property
    def retry_after(self) -> int | None:
        """Seconds until a new try makes sense. Raises RemoteProtocolError when it is no number."""
        return self._number("retry-after")

    def _number(self, name: str) -> int | None:
        value = param(self.params, name)
        return None if value is None else parse_number(value, f"Subscription-State {name}")


def parse_subscription_state(value: str) -> SubscriptionState:
    """Read Subscription-State (section 8.2.3)."""
    state, params_text = _matched(_WITH_PARAMS, value, "Subscription-State").groups()
    return SubscriptionState(state.lower(), split_params(params_text))


# --- why, who, and what is understood ------------------------------------------------------------


class Reason(NamedTuple):
    """Why a call ended: `protocol` in upper case (SIP, Q.850), `cause` None when not said."""

    protocol: str
    cause: int | None
    text: str


def parse_reasons(values: Iterable[str]) -> list[Reason]:
    """Every Reason value (RFC 3326)."""
    return [_reason(part) for value in values for part in split_list(value)]


def _reason(value: str) -> Reason:
    protocol, params_text = _matched(_WITH_PARAMS, value, "Reason").groups()
    params = split_params(params_text)
    cause = param(params, "cause")
    number = None if cause is None else parse_number(cause, "Reason")
    return Reason(protocol.upper(), number, readable(unquote(param(params, "text") or "")))


def privacy(values: Iterable[str]) -> frozenset[str]:
    """The wishes in Privacy (RFC 3323 section 4.2), in lower case; unknown ones are kept."""
    # priv-value *(";" priv-value); some phones write a comma.
    words = (word.strip() for value in values for word in re.split("[;,]", value))
    return frozenset(word.lower() for word in words if word)


def token_set(values: Iterable[str]) -> frozenset[str]:
    """The tokens of Supported, Require, Allow and the like, as written; empty elements are none.

    Methods and option tags compare with regard to case (RFC 3261 section 7.1 and 7.3.1), but case
    is lost often enough in option tags that callers may fold those.
    """
    tokens = [token for value in values for token in split_list(value)]
    for token in tokens:
        if is_token(token) is None:
            raise _malformed("list of tokens", token)
    return frozenset(tokens)


def parse_identities(values: Iterable[str], what: str = "P-Asserted-Identity") -> list[NameAddr]:
    """P-Asserted-Identity or P-Preferred-Identity (RFC 3325 section 9): sip, sips and tel."""
    return parse_addresses(values, what)
