"""Text from peers, made safe for a line of a log or a terminal."""

from __future__ import annotations

import re

# C0 and C1 controls, DEL, the Unicode line ends, and what turns the direction of text around: a
# peer must not be able to forge a log line or hide part of one. Lone surrogates cannot be written.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: str, limit: int = 2000) -> str:
    """`text` with unsafe characters spelled out, cut after `limit` characters."""
    if len(text) > limit:
        text = text[:limit] + "..."
    return _UNSAFE.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def host_port(address: tuple[str, int]) -> str:
    """An address and port as people write them, IPv6 in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
