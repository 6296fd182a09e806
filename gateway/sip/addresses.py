"""What IP literals tell by themselves."""

from __future__ import annotations


def is_ipv4(host: str) -> bool:
    """Whether the text is an IPv4 literal."""
    parts = host.split(".")
    return len(parts) == 4 and all(
        part.isascii() and part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts
    )


def is_literal(host: str) -> bool:
    """Whether the text is an address and no name; IPv6 with or without brackets."""
    return ":" in host or is_ipv4(host)


def is_private(host: str) -> bool:
    """Whether a literal means nothing outside its own network.

    RFC 1918, RFC 6598, loopback and link-local space; of IPv6 loopback, fe80::/10 and fc00::/7.
    """
    if ":" in host:
        first = host.strip("[]").lower()
        return (
            first == "::1" or first[:2] in {"fc", "fd"} or first[:3] in {"fe8", "fe9", "fea", "feb"}
        )
    if not is_ipv4(host):
        return False
    one, two = (int(part) for part in host.split(".")[:2])
    return (
        one in {0, 10, 127}
        or (one == 172 and 16 <= two < 32)
        or (one, two) in {(192, 168), (169, 254)}
        or (one == 100 and 64 <= two < 128)
    )
