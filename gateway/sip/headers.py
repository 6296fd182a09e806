"""The typed values of the headers that every message has: Via, name-addr, CSeq."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.fields import Headers
from gateway.sip.grammar import (
    HOST,
    LWS,
    PARAMS,
    QUOTED,
    TOKEN,
    count_params,
    has_param,
    join_params,
    param,
    split_params,
    unquote,
)
from gateway.sip.uri import SIP_URI, Uri, parse_uri, readable

# `Headers` has a file of its own and is looked for here all the same.
__all__ = [
    "CSeq",
    "Headers",
    "NameAddr",
    "Params",
    "Via",
    "parse_address",
    "parse_addresses",
    "parse_cseq",
    "parse_vias",
    "split_addresses",
]

Params = dict[str, str | None]


# --- Via ---------------------------------------------------------------------------------------

# via-parm      = sent-protocol LWS sent-by *( SEMI via-params )
# sent-protocol = protocol-name SLASH protocol-version SLASH transport
# sent-by       = host [ COLON port ]
_VIA = re.compile(
    rf"({TOKEN}++{LWS}/{LWS}{TOKEN}++){LWS}/{LWS}({TOKEN}++)[ \t]++({HOST})"
    rf"(?:{LWS}:{LWS}([0-9]{{1,5}}))?+({PARAMS})"
)
_COMMA = re.compile(rf"{LWS},{LWS}")


class Via:
    """One Via value (RFC 3261 section 20.42). `host` and `port` are the sent-by."""

    __slots__ = ("host", "params", "port", "protocol", "transport")

    def __init__(
        self, protocol: str, transport: str, host: str, port: int | None, params: Params
    ) -> None:
        self.protocol = protocol
        self.transport = transport
        self.host = host
        self.port = port
        self.params = params

    @property
    def branch(self) -> str:
        """The branch parameter, "" when missing (RFC 2543)."""
        return self.params.get("branch") or param(self.params, "branch") or ""

    @property
    def sent_by(self) -> str:
        """`host[:port]`, lower case, as it takes part in transaction matching."""
        return self.host.lower() if self.port is None else f"{self.host.lower()}:{self.port}"

    @property
    def wants_rport(self) -> bool:
        """Whether the sender asks for symmetric response routing (RFC 3581 section 3)."""
        return has_param(self.params, "rport")

    def __str__(self) -> str:
        params = join_params(self.params)
        if self.port is None:
            return f"{self.protocol}/{self.transport} {self.host}{params}"
        return f"{self.protocol}/{self.transport} {self.host}:{self.port}{params}"

    def __repr__(self) -> str:
        return f"Via({str(self)!r})"


def parse_vias(values: Iterable[str]) -> list[Via]:
    """Every Via of these header lines, top first. Raises RemoteProtocolError."""
    vias: list[Via] = []
    for value in values:
        match = _VIA.match(value)
        while match is not None:
            vias.append(_via(match))
            at = match.end()
            if at == len(value):
                break
            comma = _COMMA.match(value, at)
            match = comma and _VIA.match(value, comma.end())
        if match is None:
            raise RemoteProtocolError(f"malformed Via: {value[:80]!r}")
    return vias


def _via(match: re.Match[str]) -> Via:
    protocol, transport, host, port_text, params_text = match.groups()
    params = split_params(params_text)
    if len(params) != params_text.count(";") and len(params) != count_params(params_text):
        raise RemoteProtocolError("Via repeats a parameter")
    port = None
    if port_text is not None:
        port = int(port_text)
        if port > 65535:
            raise RemoteProtocolError("Via has an impossible port")
    if protocol != "SIP/2.0":
        protocol = "".join(protocol.split())
    return Via(protocol, transport, host, port, params)


# --- From, To, Contact, Route, Record-Route ------------------------------------------------------

# name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
# display-name = *(token LWS) / quoted-string;   UTF-8 outside quotes is let through
# from-spec    = ( name-addr / addr-spec ) *( SEMI from-param )
# An addr-spec without <> has no comma, question mark or semicolon of its own (section 20.10).
_DISPLAY = r"[^\x00-\x08\x0a-\x1f\"#$&()/,:;<=>?@\[\\\]^{|}\x7f]*+"
_ADDRESS = re.compile(rf"(?:({QUOTED}|{_DISPLAY}){LWS}<([^<>\"]*+)>|([^\s<>\",;?]++))({PARAMS})")
# The form that nearly all have, read in one go: a name-addr around a SIP URI.
_COMMON = re.compile(rf"({QUOTED}|{_DISPLAY}){LWS}<{SIP_URI}>({PARAMS})")


class NameAddr:
    """`"Display" <uri>;params`. `display_name` is "" when there is none, otherwise unquoted."""

    __slots__ = ("_bracketed", "_display", "params", "uri")

    def __init__(
        self, display: str, uri: Uri, params: Params | None = None, *, bracketed: bool = True
    ) -> None:
        self._display = display
        self.uri = uri
        self.params: Params = {} if params is None else params
        self._bracketed = bracketed

    @property
    def display_name(self) -> str:
        """The display name without quotes and quoted pairs; bytes that are no UTF-8 as U+FFFD."""
        return readable(unquote(self._display)) if self._display else ""

    @property
    def tag(self) -> str:
        """The tag parameter, "" when missing."""
        params = self.params
        return (params.get("tag") or param(params, "tag") or "") if params else ""

    def __str__(self) -> str:
        uri = str(self.uri)
        params = join_params(self.params) if self.params else ""
        if not self._bracketed:
            return f"{uri}{params}"
        if not self._display:
            return f"<{uri}>{params}"
        return f"{self._display} <{uri}>{params}"

    def __repr__(self) -> str:
        return f"NameAddr({str(self)!r})"


def parse_address(value: str, what: str, *, lenient: bool = False) -> NameAddr:
    """One name-addr or addr-spec with parameters. `what` names the header in the error.

    Raises RemoteProtocolError.
    """
    common = _COMMON.fullmatch(value)
    if common is not None and value.isascii():
        display, scheme, user, password, host, port, uri_params, headers, params = common.groups()
        # A missing host or a long port number needs the closer look below.
        if host is not None and (port is None or len(port) < 5 or int(port) < 65536):
            uri = Uri(scheme, user, host, port, uri_params, password, headers or "")
            name = display.rstrip(" \t") if display else ""
            return NameAddr(name, uri, split_params(params) if params else {})
    match = _ADDRESS.fullmatch(value)
    if match is None:
        raise RemoteProtocolError(f"malformed {what}: {value[:80]!r}")
    return _name_addr(match, lenient=lenient)


def split_addresses(values: Iterable[str], what: str) -> list[str]:
    """The elements of a list of addresses as they were written. Raises RemoteProtocolError."""
    found: list[str] = []
    for value in values:
        at = 0
        while at < len(value):
            match = _ADDRESS.match(value, at)
            end = match.end() if match else at
            comma = _COMMA.match(value, end)
            if match is None or (comma is None and end != len(value)):
                raise RemoteProtocolError(f"malformed {what}: {value[:80]!r}")
            found.append(match[0])
            at = comma.end() if comma else end
    return found


def parse_addresses(values: Iterable[str], what: str) -> list[NameAddr]:
    """Every element of a header that is a list of addresses. Raises RemoteProtocolError."""
    found: list[NameAddr] = []
    for value in values:
        if "," not in value:
            if value:
                found.append(parse_address(value, what))
        else:
            found += [parse_address(text, what) for text in split_addresses([value], what)]
    return found


def _name_addr(match: re.Match[str], *, lenient: bool = False) -> NameAddr:
    display, inside, bare, params_text = match.groups()
    uri = parse_uri(bare if inside is None else inside, lenient=lenient)
    return NameAddr(
        display.rstrip(" \t") if display else "",
        uri,
        split_params(params_text) if params_text else {},
        bracketed=inside is not None,
    )


# --- CSeq --------------------------------------------------------------------------------------

# CSeq = "CSeq" HCOLON 1*DIGIT LWS Method; section 8.1.1.5: the number is below 2**31
_CSEQ = re.compile(rf"([0-9]{{1,20}})[ \t]++({TOKEN}++)")


class CSeq(NamedTuple):
    """Command sequence number and method."""

    number: int
    method: str


def parse_cseq(value: str) -> CSeq:
    """Read a CSeq value. Raises RemoteProtocolError.

    The whole 32-bit range is taken: senders that start above 2**31 exist, and no harm follows.
    """
    match = _CSEQ.fullmatch(value)
    if match is None or (number := int(match[1])) > 0xFFFFFFFF:
        raise RemoteProtocolError(f"malformed CSeq: {value[:80]!r}")
    return CSeq(number, match[2])
