"""Our own messages as bytes. Nothing that leaves here can break a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.sip.grammar import header_key, is_token
from gateway.sip.headers import Via, parse_vias
from gateway.sip.message import Request

# RFC 3261 section 21, in the words used there.
REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    469: "Bad Info Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}

_UNSAFE = re.compile(r"[^\x20-\x7e]")


def reason_phrase(status: int) -> str:
    """The standard's phrase, or that of the status class."""
    return REASONS.get(status) or REASONS.get(status // 100 * 100) or "Unknown"


def dashed(status: int) -> str:
    """The phrase as one word, for the reason in configured headers."""
    return reason_phrase(status).lower().replace(" ", "-")


def reply_head(request: Request, source: tuple[str, int]) -> str:
    """The header lines that every response copies, up to and without To.

    Vias go back in order and as they were written; only the top one gains received and rport
    (RFC 3261 section 18.2.1, RFC 3581 section 4).
    """
    index = request.headers.index()
    values = request.headers.get_all("via")
    values[0] = _marked_line(values[0], request.vias[0], source)
    vias = "\r\nVia: ".join(values)
    return (
        f"Via: {vias}\r\nFrom: {index['from']}\r\n"
        f"Call-ID: {index['call-id']}\r\nCSeq: {index['cseq']}\r\n"
    )


def _marked_line(line: str, top: Via, source: tuple[str, int]) -> str:
    """The first Via line with its top Via marked; it may hold several, and those stay."""
    if top.params.get("rport", "") is None and "received" not in top.params and '"' not in line:
        # The usual case, in the sender's own text: `;rport` gains its value.
        before, found, after = line.partition(";rport")
        if found and (not after or after[0] in ";,"):
            return f"{before};rport={source[1]};received={source[0]}{after}"
    marked = mark_top_via(top, source)
    if marked is None:
        return line
    rest = parse_vias([line])[1:] if "," in line else []
    return ", ".join([marked, *map(str, rest)])


def mark_top_via(top: Via, source: tuple[str, int]) -> str | None:
    """The top Via with received and rport as the standard asks, None when it stays as it is."""
    host, port = source
    wants_rport = top.wants_rport
    same = top.host.strip("[]").lower() == host.lower()
    if same and not wants_rport and "received" not in top.params:
        return None
    params = dict(top.params)
    if wants_rport:
        name = "rport" if "rport" in params else next(n for n in params if n.lower() == "rport")
        params[name] = str(port)
    # RFC 3581 section 4: with rport, received comes even when it equals the sent-by.
    params["received"] = host
    return str(Via(top.protocol, top.transport, top.host, top.port, params))


def bracketed(host: str) -> str:
    """A host as it stands in a URI or a Via: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def response(
    status: int,
    reason: str,
    head: str,
    to: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """A response; `head` is from `reply_head`, `to` the whole To value with its tag."""
    extra = "".join([f"{name}: {value}\r\n" for name, value in headers])
    text = (
        f"SIP/2.0 {status} {reason}\r\n{head}To: {to}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return text.encode("utf-8", "surrogateescape") + body


def request(
    method: str,
    uri: str,
    via: str,
    headers: Iterable[tuple[str, str]],
    body: bytes = b"",
) -> bytes:
    """A request of ours with one Via."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    text = f"{method} {uri} SIP/2.0\r\nVia: {via}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return text.encode("utf-8", "surrogateescape") + body


# Twilio cuts the sum of a response's custom headers at 1024 characters.
CUSTOM_HEADER_BYTES = 1024


# What a message is routed, framed and matched by is not the owner's to set.
_OURS = frozenset(
    [
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "route",
        "record-route",
        "max-forwards",
        "content-length",
        "content-type",
        "authorization",
        "proxy-authorization",
        "www-authenticate",
        "proxy-authenticate",
    ]
)


def custom_headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Configured headers made safe: printable ASCII, each name once, under 1024 bytes in all.

    A header that would pass the limit is left out whole, so that what is there can be trusted.
    """
    kept: list[tuple[str, str]] = []
    seen: set[str] = set()
    room = CUSTOM_HEADER_BYTES - 1
    for name, value in pairs:
        clean = _UNSAFE.sub("", value).strip()
        size = len(name) + len(clean) + 4
        key = header_key(name)
        if is_token(name) is None or key in seen or key in _OURS or size > room:
            continue
        seen.add(key)
        room -= size
        kept.append((name, clean))
    return kept
