"""Looks at the files of [sip.tls] before anybody depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gateway.errors import ConfigError
from gateway.service.config import Config, Tls
from gateway.service.problems import Key, Report
from gateway.service.secrets import find_file, is_open_to_others

if TYPE_CHECKING:
    from gateway.net.tls import TlsContexts

_TABLE: Key = ("sip", "tls")
_NAMES = ("certificate", "key", "ca")


def with_tls_files(config: Config, folders: list[Path], report: Report) -> Config:
    """The configuration with absolute names in [sip.tls]; what is wrong goes to `report`."""
    found: dict[str, str] = {}
    for name in _NAMES:
        text = getattr(config.sip.tls, name)
        if text is not None:
            try:
                found[name] = str(find_file(text, folders, "file").absolute())
            except ConfigError as error:
                report.error((*_TABLE, name), str(error))
    replace = msgspec.structs.replace
    tls = replace(config.sip.tls, **found)
    whole = tls.certificate is not None and tls.key is not None
    if len(found) == sum(getattr(tls, name) is not None for name in _NAMES) and (whole or tls.ca):
        _try(tls, report)
    if "key" in found and is_open_to_others(found["key"], folders):
        report.warn((*_TABLE, "key"), f"every user of this machine may read {found['key']}")
    return replace(config, sip=replace(config.sip, tls=tls))


def contexts(tls: Tls) -> TlsContexts | None:
    """What connections are made with; None where nothing is said of TLS. Raises ConfigError."""
    from gateway.net.tls import TlsFiles, build  # noqa: PLC0415 - most have nothing to say

    if tls == Tls():
        return None
    certificate, key, ca = (
        None if name is None else Path(name) for name in (tls.certificate, tls.key, tls.ca)
    )
    return build(TlsFiles(certificate, key, ca, tls.client_auth))


def _try(tls: Tls, report: Report) -> None:
    """Make of them what the service will."""
    try:
        made = contexts(tls)
    except ConfigError as error:
        if tls.ca is not None or tls.client_auth == "off":  # said already otherwise
            report.error((*_TABLE, _blamed(str(error), tls)), str(error))
        return
    for text in made.warnings if made is not None else ():
        report.warn((*_TABLE, "certificate"), text)


def _blamed(text: str, tls: Tls) -> str:
    """The key whose file an error begins with."""
    return next(
        (name for name in _NAMES if text.startswith(str(getattr(tls, name)))), "certificate"
    )
