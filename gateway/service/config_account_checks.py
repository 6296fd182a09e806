"""Whether accounts make sense, and the lines that name them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.errors import RemoteProtocolError
from gateway.service.config import Account, Config
from gateway.service.host_names import is_address, is_host_name
from gateway.service.problems import Key, Report
from gateway.sip.uri import Uri, parse_uri

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_TRANSPORTS = ("udp", "tcp", "tls")
_SERVER = 'allowed is as "sip:example.com" or "sips:example.com:5061"'


def check_accounts(config: Config, report: Report) -> None:
    """Each account by itself, their names, and lines that name an account."""
    seen: set[str] = set()
    for index, account in enumerate(config.account):
        key: Key = ("account", index)
        if account.name in seen:
            report.error((*key, "name"), f'the name "{account.name}" is used twice')
        seen.add(account.name)
        for check in (_check_servers, _check_identity, _check_password):
            check(account, key, report)
        _check_reached(config, account, key, report)
    if config.account or not report.blames("account"):
        _check_lines(config, seen, report)


def _check_lines(config: Config, known: set[str], report: Report) -> None:
    there_are = f"there are: {', '.join(sorted(known))}" if known else "there is no [[account]]"
    for index, line in enumerate(config.line):
        if line.account is not None and line.account not in known:
            report.error(
                ("line", index, "account"), f'no account is called "{line.account}"; {there_are}'
            )


def _check_servers(account: Account, key: Key, report: Report) -> None:
    if account.register and not account.registrar:
        report.error(
            key,
            'register = true needs a registrar; allowed is as registrar = ["sip:example.com"],'
            " or register = false for a trunk",
        )
    elif not account.registrar and not account.proxy:
        report.error(key, "neither registrar nor proxy: nobody knows where its calls go")
    _check_uris(account, account.registrar, (*key, "registrar"), report)
    _check_uris(account, account.proxy, (*key, "proxy"), report)


def _check_uris(account: Account, uris: Sequence[str], key: Key, report: Report) -> None:
    for index, text in enumerate(uris):
        wrong = _wrong_with_uri(text, account)
        if wrong:
            report.error((*key, index), f'"{text}" {wrong}')


def _wrong_with_uri(text: str, account: Account) -> str:
    try:
        uri = parse_uri(text)
    except RemoteProtocolError:
        return f"is no SIP URI; {_SERVER}"
    transport = (uri.params.get("transport") or "").lower()
    if not uri.is_sip or uri.headers:
        return f"is no SIP URI of a server; {_SERVER}"
    if uri.user is not None:
        return (
            "has a user part, and a REGISTER goes to the domain alone (RFC 3261 section 10.2;"
            f" Twilio refuses it otherwise); {_SERVER}"
        )
    if transport and transport not in _TRANSPORTS:
        return f"asks for transport={transport}; allowed is {', '.join(_TRANSPORTS)}"
    if _is_secure(uri) and "udp" in {transport, account.transport}:
        return "is to be reached by TLS and by UDP; allowed is one of them"
    return ""


def uses_tls(account: Account) -> bool:
    """Whether its signalling is sure to be encrypted: without a transport, DNS has a say."""
    servers = [parse_uri(text) for text in account.proxy or account.registrar if _is_sip_uri(text)]
    asked = {(uri.params.get("transport") or "").lower() for uri in servers}
    return account.transport == "tls" or "tls" in asked or any(map(_is_secure, servers))


def _is_secure(uri: Uri) -> bool:
    return uri.scheme.lower() == "sips"


def _check_identity(account: Account, key: Key, report: Report) -> None:
    if not _is_user(account.username):
        report.error((*key, "username"), "allowed is the user part of a SIP URI, as alice")
    login = account.auth_user
    if login is not None and (not login.isprintable() or not login or set(login) & set('"\\:')):
        report.error((*key, "auth_user"), 'allowed are printable characters except ", \\ and :')
    domain = account.domain
    if domain is not None and not is_address(domain.strip("[]")) and not is_host_name(domain):
        report.error((*key, "domain"), f'"{domain}" is not allowed; allowed is as example.com')
    number = account.caller_id
    if number is not None and not _NUMBER.fullmatch(number) and not _is_sip_uri(number):
        report.error(
            (*key, "caller_id"), f'"{number}" is not allowed; allowed is as "+15551234567" or a URI'
        )
    if account.display_name is not None and not account.display_name.isprintable():
        report.error((*key, "display_name"), "allowed are printable characters on one line")


def _is_user(text: str) -> bool:
    try:
        return parse_uri(f"sip:{text}@example.com").user == text and text.isprintable()
    except RemoteProtocolError:
        return False


def _is_sip_uri(text: str) -> bool:
    try:
        return parse_uri(text).is_sip
    except RemoteProtocolError:
        return False


def _check_password(account: Account, key: Key, report: Report) -> None:
    if account.password is not None or account.password_file is not None:
        return
    if account.register:
        report.error(key, "register = true needs a password or a password_file")
    else:
        report.warn(key, "no password: it works only if the peer knows this machine's address")


def _check_reached(config: Config, account: Account, key: Key, report: Report) -> None:
    """A registrar sends calls to our Contact, and that has the account's user name."""
    if account.register and config.line and config.line_for(account.username) is None:
        report.warn(
            (*key, "username"),
            f'calls for "{account.username}" ring no line; give it to the users of one',
        )
