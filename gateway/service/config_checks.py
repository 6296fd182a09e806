"""What single values cannot tell: whether the parts of a configuration fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from gateway.errors import ConfigError
from gateway.media.port import MAX_NETWORKS
from gateway.net.allowlist import AllowList
from gateway.service import placeholders, rtp_sources
from gateway.service.config import Config, Listen, parse_listen
from gateway.service.config_account_checks import check_accounts, uses_tls
from gateway.service.config_line_checks import check_lines
from gateway.service.host_names import is_address, is_host_name, split_host_port
from gateway.service.problems import Key, Report


def check_config(config: Config, report: Report) -> None:
    """Run every check; problems go to `report`."""
    for check in _CHECKS:
        check(config, report)


def _check_listen(config: Config, report: Report) -> None:
    if not config.sip.listen:
        report.error(("sip", "listen"), 'it is empty; allowed is a list as ["udp:0.0.0.0:5060"]')
    seen: list[Listen] = []
    for key, listen in _listeners(config, report):
        if not is_address(listen.host):
            report.error(key, f"{listen.host!r} is no IP address; allowed is as 0.0.0.0 or [::]")
        elif any(_collide(listen, other) for other in seen):
            report.error(key, f"port {listen.port} of {listen.host} is listed twice")
        seen.append(listen)


def _listeners(config: Config, report: Report | None = None) -> Iterator[tuple[Key, Listen]]:
    for index, text in enumerate(config.sip.listen):
        key: Key = ("sip", "listen", index)
        try:
            yield key, parse_listen(text)
        except ConfigError as error:
            if report is not None:
                report.error(key, str(error))


def _collide(one: Listen, other: Listen) -> bool:
    if one.port != other.port or (one.transport == "udp") != (other.transport == "udp"):
        return False  # TLS listens on a TCP port
    if (":" in one.host) != (":" in other.host):
        return False
    if one.is_wildcard or other.is_wildcard:
        return True
    if is_address(one.host) and is_address(other.host):  # ::1 is 0:0:0:0:0:0:0:1, too
        return ip_address(one.host) == ip_address(other.host)
    return one.host == other.host


def _check_public_address(config: Config, report: Report) -> None:
    text = config.sip.public_address
    key: Key = ("sip", "public_address")
    allowed = 'allowed is "auto", an IP address or a host name'
    if is_address(text):
        address = ip_address(text)
        if address.is_unspecified or address.is_multicast:
            report.error(key, f"nobody can send to {text}; {allowed}")
    elif text != "auto" and not is_host_name(text):
        report.error(key, f'"{text}" is not allowed; {allowed}')


def _check_stun(config: Config, report: Report) -> None:
    server = config.sip.stun
    if server is None:
        return
    key: Key = ("sip", "stun")
    if split_host_port(server) is None:
        report.error(key, f'"{server}" is not allowed; allowed is as "stun.example.com:3478"')
    if config.sip.public_address != "auto":
        report.error(key, 'nobody would ask it: it works with public_address = "auto" alone')


def _check_tls(config: Config, report: Report) -> None:
    tls = config.sip.tls
    whole = tls.certificate is not None and tls.key is not None
    for key, listen in _listeners(config):
        if listen.transport == "tls" and not whole:
            report.error(key, "tls: needs certificate and key in [sip.tls]")
    if (tls.certificate is None) != (tls.key is None):
        report.error(("sip", "tls"), "certificate and key are needed both, or neither")
    if tls.client_auth != "off" and tls.ca is None:
        report.error(
            ("sip", "tls", "client_auth"),
            f'"{tls.client_auth}" needs ca: the file of the authorities whose clients are let in',
        )


def _check_allow_from(config: Config, report: Report) -> None:
    for table, entries in (("sip", config.sip.allow_from), ("rtp", config.rtp.allow_from)):
        for index, entry in enumerate(entries):
            try:
                AllowList([entry])
            except ConfigError as error:
                report.error((table, "allow_from", index), str(error))
    if not config.sip.allow_from:
        report.warn(("sip", "allow_from"), "it is empty: nobody is answered, no call can come")


def _check_rtp_sources(config: Config, report: Report) -> None:
    try:
        count = len(rtp_sources.allowed(config))
    except ConfigError:
        return  # said already, entry by entry
    if count > MAX_NETWORKS:
        report.error(
            ("rtp", "allow_from"),
            f"these are {count} networks with lists and lan spelled out and neighbours merged;"
            f" at most {MAX_NETWORKS} are allowed",
        )


def _check_openness(config: Config, report: Report) -> None:
    """Scanners find an open port 5060 within hours."""
    for index, entry in enumerate(config.sip.allow_from):
        if entry.endswith("/0") and config.sip.inbound_auth is None:
            key: Key = ("sip", "allow_from", index)
            report.warn(
                key, "the whole Internet may ring; give the peers' networks, or inbound_auth"
            )


def _check_auth(config: Config, report: Report) -> None:
    auth = config.sip.inbound_auth
    if auth is None:
        return
    key: Key = ("sip", "inbound_auth")
    if not auth.users:
        report.error((*key, "users"), "no users: every call would be refused")
    if not auth.realm.isprintable() or set(auth.realm) & set('"\\'):
        report.error((*key, "realm"), 'allowed are printable characters except " and \\')
    seen: set[str] = set()
    for index, user in enumerate(auth.users):
        if user.username in seen:
            report.error((*key, "users", index), f'the user name "{user.username}" is used twice')
        if ":" in user.username:  # RFC 7616 section 3.4.4: it ends the name in the hash
            report.error((*key, "users", index), f'the user name "{user.username}" has a colon')
        seen.add(user.username)


def _check_response_headers(config: Config, report: Report) -> None:
    headers = config.sip.response_headers
    for kind, block in (("ok", headers.ok), ("final", headers.final)):
        key: Key = ("sip", "response_headers", kind)
        size = sum(_header_size(name, value, (*key, name), report) for name, value in block.items())
        if size >= placeholders.MAX_BLOCK:
            report.error(
                key,
                f"the headers can become {size} characters long;"
                f" allowed are fewer than {placeholders.MAX_BLOCK}",
            )
        _check_repeated(block, key, report)


def _header_size(name: str, value: str, key: Key, report: Report) -> int:
    try:
        return placeholders.compile_template(name, value).longest()
    except ConfigError as error:
        report.error(key, str(error))
        return 0


def _check_repeated(block: dict[str, str], key: Key, report: Report) -> None:
    """Header names are case-insensitive (RFC 3261 section 7.3.1): each may stand once."""
    seen: dict[str, str] = {}
    for name in block:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            report.error((*key, name), f"this is the same header as {first}")


def _check_rtp_ports(config: Config, report: Report) -> None:
    first, last = config.rtp.ports
    key: Key = ("rtp", "ports")
    if first % 2:
        report.error(key, f"the first port {first} is odd; RTP takes even ports (RFC 3550, 11)")
    if first < 1024:
        report.error(key, f"the first port {first} is reserved; allowed is 1024 to 65534")
    if last <= first:
        report.error(
            key, f"the range ends at {last}; it must hold at least a pair, as [10000, 10001]"
        )
        return
    if (last + 1 - first) // 2 < len(config.line):
        report.warn(key, "there are fewer pairs of ports than lines: not all can talk at once")
    for where, listen in _listeners(config):
        if listen.transport == "udp" and first <= listen.port <= last:
            report.error(where, f"port {listen.port} is inside rtp.ports [{first}, {last}]")


def _check_srtp(config: Config, report: Report) -> None:
    """SDES puts the keys into SDP (RFC 4568 section 8.3), and signalling in clear shows them."""
    listening = any(listen.transport == "tls" for _, listen in _listeners(config))
    if config.rtp.srtp != "off" and not listening and not any(map(uses_tls, config.account)):
        report.warn(
            ("rtp", "srtp"),
            "its keys would travel in clear: nothing here is sure to use TLS; listen on tls:,"
            ' or give an account transport = "tls"',
        )


_CHECKS: tuple[Callable[[Config, Report], None], ...] = (
    _check_listen,
    _check_tls,
    _check_public_address,
    _check_stun,
    _check_allow_from,
    _check_rtp_sources,
    _check_openness,
    _check_auth,
    _check_response_headers,
    _check_rtp_ports,
    _check_srtp,
    check_lines,
    check_accounts,
)
