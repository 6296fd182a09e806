"""A last look at a request that the parser refused: enough to answer it, or nothing.

The answer copies header lines from bytes that are known to be bad, so every line is cleaned of
control characters and their number and length are bounded.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import TOKEN, header_key
from gateway.sip.headers import parse_vias
from gateway.sip.serializer import mark_top_via

_REQUEST = re.compile(rf"({TOKEN}++)[ \t]++[^\r\n]*?SIP/[0-9.]++[ \t]*+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]++")
_WANTED = {"via": "Via", "from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
_MAX_BYTES = 65535
_MAX_LINES = 300


class Salvaged(NamedTuple):
    """What can be answered: lines to copy, the To value, and the port that the answer goes to."""

    method: str
    call_id: str
    head: str
    to: str
    port: int


def salvage(data: bytes, source: tuple[str, int]) -> Salvaged | None:
    """The parts of a bad request that an error response needs, None when it must be dropped.

    Dropped: responses, ACK (section 17.1.1.3: never answered), anything without a Via.
    """
    text = data[:_MAX_BYTES].lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    lines = re.sub(r"\r?\n[ \t]+", " ", text.decode("utf-8", "surrogateescape")).splitlines()
    start = _REQUEST.fullmatch(lines[0]) if lines else None
    if start is None or start[1].upper() in {"ACK", "SIP"}:
        return None
    found: dict[str, list[str]] = {key: [] for key in _WANTED}
    for line in lines[1:_MAX_LINES]:
        name, colon, value = line.partition(":")
        key = header_key(name.strip(" \t"))
        if colon and key in found:
            found[key].append(_CONTROL.sub(" ", value).strip())
    if not found["via"]:
        return None
    port = _mark(found["via"], source)
    copied = [
        f"{_WANTED[key]}: {value}\r\n"
        for key in ("via", "from", "call-id", "cseq")
        for value in (found[key] if key == "via" else found[key][:1])
    ]
    to = found["to"][0] if found["to"] else ""
    call_id = found["call-id"][0] if found["call-id"] else ""
    return Salvaged(start[1], call_id[:256], "".join(copied), to, port)


def _mark(vias: list[str], source: tuple[str, int]) -> int:
    """Mark the top Via where it can be read; the port to answer to (RFC 3261 section 18.2.2)."""
    try:
        parsed = parse_vias(vias[:1])
    except RemoteProtocolError:
        return source[1]
    top = parsed[0]
    marked = mark_top_via(top, source)
    if marked is not None:
        vias[0] = ", ".join([marked, *map(str, parsed[1:])])
    return source[1] if top.wants_rport else top.port or 5060
