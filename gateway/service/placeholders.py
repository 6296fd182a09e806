"""X- response headers: templates from the configuration, filled with facts of a call.

The peer posts these headers to its owner's application, so each must arrive once, on one line, in
printable ASCII, and all together in fewer than 1024 characters. Every placeholder has a greatest
width and longer values are cut: the limit is then a property of the template, checked at start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import ConfigError

WIDTHS = {
    "line": 32,
    "reason": 64,
    "status": 3,
    "call": 36,
    "sid": 34,
    "duration": 10,
    "codec": 16,
}
"""The placeholders and the greatest number of characters that each may become."""

MAX_BLOCK = 1024
"""The peer accepts fewer than this many characters of headers in all."""

# RFC 3261 section 25.1:
#   token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
_NAME = re.compile(r"[Xx]-[A-Za-z0-9\-.!%*_+`'~]+")
_PIECE = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")


@dataclass(frozen=True, slots=True)
class Template:
    """One header: literal text and placeholders, alternating as (text, placeholder) pieces."""

    name: str
    pieces: tuple[tuple[str, str], ...]

    def render(self, facts: Mapping[str, str]) -> str:
        """The header's value; facts not known yet become nothing."""
        filled = (text or _clean(facts.get(key, ""), WIDTHS[key]) for text, key in self.pieces)
        return "".join(filled).strip()

    def longest(self) -> int:
        """Characters of the whole header line at most, its end included."""
        value = sum(len(text) if text else WIDTHS[key] for text, key in self.pieces)
        return len(self.name) + len(": ") + value + len("\r\n")


class HeaderTemplates:
    """The headers of one kind of response, in the order of the configuration."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._templates = [compile_template(name, value) for name, value in headers.items()]

    def render(self, facts: Mapping[str, str]) -> list[tuple[str, str]]:
        """Name and value of each header. `facts`: strings for the keys of WIDTHS."""
        return [(template.name, template.render(facts)) for template in self._templates]


def compile_template(name: str, value: str) -> Template:
    """Check and split one header; ConfigError says what is allowed."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r}: allowed is X- followed by letters, digits or -.!%*_+`'~")
    if not (value.isascii() and value.isprintable()):
        raise ConfigError("the value must be printable ASCII on one line")
    return Template(name, tuple(_split(value)))


def _split(value: str) -> list[tuple[str, str]]:
    pieces = []
    for match in _PIECE.finditer(value):
        key, text, brace = match.groups()
        if brace:
            raise ConfigError(f"{brace!r} without its partner; braces enclose a placeholder")
        if key is not None and key not in WIDTHS:
            allowed = ", ".join(f"{{{name}}}" for name in WIDTHS)
            raise ConfigError(f"unknown placeholder {{{key}}}; allowed are {allowed}")
        pieces.append((text or "", key or ""))
    return pieces


def block_size(headers: Mapping[str, str]) -> int:
    """Characters of all these headers at most; ConfigError for a bad header."""
    return sum(compile_template(name, value).longest() for name, value in headers.items())


def _clean(value: str, width: int) -> str:
    return "".join(c for c in value if c.isascii() and c.isprintable())[:width]
