"""How we present ourselves to the one we call: From, what trunks are told, and hiding both."""

from __future__ import annotations

import unicodedata
from typing import Final

from gateway.sip.grammar import quote
from gateway.sip.uri import Uri

_LONGEST = 64

ASSERTED: Final = "P-Asserted-Identity"
REMOTE_PARTY: Final = "Remote-Party-ID"

# RFC 3323 section 4.1.1.3
ANONYMOUS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def name_addr(display: str, uri: Uri, tag: str = "") -> str:
    """`"Display" <uri>;tag=...`. The name may be any text: it is cleaned, cut and quoted.

    The standard allows UTF-8 between the quotes (RFC 3261 section 25.1, quoted-string).
    """
    name = clean(display)
    before = f"{quote(name)} " if name else ""
    after = f";tag={tag}" if tag else ""
    return f"{before}<{uri}>{after}"


def from_header(display: str, uri: Uri, tag: str, *, private: bool = False) -> str:
    """Our From; `private`: the one that tells nothing (RFC 3323 section 4.1.1.3)."""
    return f"{ANONYMOUS};tag={tag}" if private else name_addr(display, uri, tag)


def identity_headers(
    display: str, uri: Uri, *, private: bool = False, header: str = ASSERTED
) -> list[tuple[str, str]]:
    """Who we are, for a trunk that believes us, and the wish to keep it from the callee.

    RFC 3325 section 9.1 and 9.3: without `id` the next hop may show it whatever From says. Older
    trunks read Remote-Party-ID, which says both by itself (draft-ietf-sip-privacy-04 section 5);
    nobody has screened what we say.
    """
    who = name_addr(display, uri)
    if header == REMOTE_PARTY:
        who += f";party=calling;privacy={'full' if private else 'off'};screen=no"
    return [(header, who), ("Privacy", "id")] if private else [(header, who)]


def clean(display: str) -> str:
    """A display name without control, format and unassigned characters, at most 64 long.

    Format characters (category Cf) could turn the reading direction of what stands beside them.
    """
    shown = "".join(" " if _breaks(char) else char for char in display)
    return " ".join(shown.split())[:_LONGEST].rstrip()


def _breaks(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"
