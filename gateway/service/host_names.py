"""Whether a text is an IP address or a host name."""

from __future__ import annotations

import re
from ipaddress import ip_address

# RFC 1123 section 2.1: labels of letters, digits and inner hyphens.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}\.?")


def is_address(text: str) -> bool:
    """An IPv4 address, or an IPv6 address without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_host_name(text: str) -> bool:
    """A name as DNS has them; addresses are none."""
    return _HOST_NAME.fullmatch(text) is not None


def split_host_port(text: str) -> tuple[str, int] | None:
    """`host:port` or `[v6]:port` in its parts, None for anything else."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        known = ":" in host and is_address(host)
    else:
        known = is_host_name(host) or (":" not in host and is_address(host))
    if not (colon and known and port.isdecimal() and 1 <= int(port) <= 65535):
        return None
    return host, int(port)
