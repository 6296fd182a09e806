"""The checks that a request passes before anyone acts on it (RFC 3261 section 8.2), as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import split_list
from gateway.sip.message import Request
from gateway.sip.sdp import sdp_part
from gateway.sip.settings import Profile


class Refusal(NamedTuple):
    """Why a request is refused: status, words for the log, headers that the status asks for."""

    status: int
    why: str
    headers: tuple[tuple[str, str], ...] = ()


# What an offer or answer may come in; other bodies are the business of whoever serves the method.
_WITH_SDP: Final = frozenset({"INVITE", "UPDATE", "PRACK"})

Check = Callable[[Request, Profile], Refusal | None]


def _method(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.2.1
    if request.method in profile.methods:
        return None
    return Refusal(405, "method-not-allowed", (("Allow", profile.allow),))


def _scheme(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.2.2.1
    return None if request.uri.is_sip else Refusal(416, "unsupported-uri-scheme")


def _require(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.2.2.3; Proxy-Require is for proxies and does not concern us.
    values = request.headers.get_all("require")
    if not values:
        return None
    wanted = [tag for value in values for tag in split_list(value)]
    unknown = [tag for tag in wanted if tag.lower() not in profile.extensions]
    if not unknown:
        return None
    return Refusal(420, "bad-extension", (("Unsupported", ", ".join(unknown)),))


def _content(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.2.3; a body that the sender calls optional may be ignored.
    if request.method not in _WITH_SDP or not request.body:
        return None
    headers = request.headers
    disposition = headers.get("content-disposition")
    if disposition and "handling=optional" in disposition.lower().replace(" ", ""):
        return None
    coding = headers.get("content-encoding")
    if coding and coding.lower() != "identity":
        return Refusal(415, "content-encoding", (("Accept-Encoding", "identity"),))
    kind = headers.get("content-type")
    if kind is None:
        # Section 20.15 wants the header; a body that is plainly SDP is taken all the same.
        good = request.body.startswith(b"v=")
    else:
        good = sdp_part(kind, request.body) is not None
    return None if good else Refusal(415, "content-type", (("Accept", "application/sdp"),))


def _accept(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.2.4 with 20.1: our answer is SDP, so the caller must be able to read it.
    values = request.headers.get_all("accept") if request.method == "INVITE" else []
    if not values:
        return None
    ranges = [part.partition(";")[0].strip().lower() for v in values for part in split_list(v)]
    if not ranges or not {"application/sdp", "application/*", "*/*"}.isdisjoint(ranges):
        return None
    return Refusal(406, "not-acceptable", (("Warning", '399 tipring "SDP is all we speak"'),))


def _contact(request: Request, profile: Profile) -> Refusal | None:
    # Section 8.1.1.8: an INVITE has a Contact, or nobody can be told of the end of the call.
    if request.method not in {"INVITE", "UPDATE"}:
        return None
    try:
        contacts = request.contacts
    except RemoteProtocolError:
        return Refusal(400, "malformed-contact")
    if not contacts and request.method == "INVITE" and not request.to.tag:
        return Refusal(400, "no-contact")
    if contacts and not contacts[0].uri.is_sip:
        return Refusal(400, "contact-is-not-sip")
    return None


def _replaces(request: Request, profile: Profile) -> Refusal | None:
    # RFC 3891 section 3: only an INVITE may take the place of a call.
    if request.method == "INVITE" or "replaces" not in request.headers:
        return None
    return Refusal(400, "misplaced-replaces") if profile.offers("replaces") else None


# In the order of section 8.2: method, then headers, then content.
CHECKS: Final[tuple[Check, ...]] = (_scheme, _require, _contact, _replaces, _content, _accept)


def check_method(request: Request, profile: Profile) -> Refusal | None:
    """Whether the method is one of the profile's."""
    return _method(request, profile)


def check(request: Request, profile: Profile) -> Refusal | None:
    """The first check that the request fails, or None."""
    for one in CHECKS:
        refusal = one(request, profile)
        if refusal is not None:
            return refusal
    return None
