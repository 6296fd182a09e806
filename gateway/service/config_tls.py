"""Looks at the files of [sip.tls] before anybody depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import msgspec

from gateway.errors import ConfigError
from gateway.service.config import Config
from gateway.service.problems import Key, Report
from gateway.service.secrets import find_file, is_open_to_others

_TABLE: Key = ("sip", "tls")
_NAMES = ("certificate", "key", "ca")


def with_tls_files(config: Config, folders: list[Path], report: Report) -> Config:
    """The configuration with absolute names in [sip.tls]; what is wrong goes to `report`."""
    found: dict[str, str] = {}
    for name in _NAMES:
        text = getattr(config.sip.tls, name)
        if text is not None:
            try:
                found[name] = str(_readable(text, folders))
            except ConfigError as error:
                report.error((*_TABLE, name), str(error))
    replace = msgspec.structs.replace
    if found:
        _try(found, report)
    if "key" in found and is_open_to_others(found["key"], folders):
        report.warn((*_TABLE, "key"), f"every user of this machine may read {found['key']}")
    return replace(config, sip=replace(config.sip, tls=replace(config.sip.tls, **found)))


def _readable(name: str, folders: list[Path]) -> Path:
    file = find_file(name, folders, "file").absolute()
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"the file {file} cannot be read: {reason}") from None


def _try(found: dict[str, str], report: Report) -> None:
    """Let OpenSSL read them, as it will when the service starts."""
    import ssl  # noqa: PLC0415 - large, and most configurations have no TLS

    if "certificate" in found and "key" in found:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(found["certificate"], found["key"], password=_no_passphrase)
        except _Protected:
            report.error((*_TABLE, "key"), "it has a passphrase; allowed is a key without one")
        except ssl.SSLError as error:
            report.error((*_TABLE, "certificate"), _why(error))
    if "ca" in found:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(found["ca"])
        except ssl.SSLError:
            report.error((*_TABLE, "ca"), f"{found['ca']} has no certificate in PEM form")


def _why(error: Exception) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return "the key is not the one of this certificate"
    return "certificate and key must be in PEM form, the certificate first in its file"


class _Protected(Exception):
    """The key wants a passphrase, and nobody is there to give one."""


def _no_passphrase() -> NoReturn:
    raise _Protected
