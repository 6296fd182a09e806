"""Looks at the files of [sip.tls] before anybody depends on them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gateway.errors import ConfigError
from gateway.service.config import Config, Tls
from gateway.service.problems import Key, Report
from gateway.service.secrets import find_file, is_open_to_others

_TABLE: Key = ("sip", "tls")
_NAMES = ("certificate", "key", "ca")


def with_tls_files(config: Config, folders: list[Path], report: Report) -> Config:
    """The configuration with absolute names in [sip.tls]; what is wrong goes to `report`."""
    found: dict[str, str] = {}
    missing = False
    for name in _NAMES:
        text = getattr(config.sip.tls, name)
        if text is not None:
            try:
                found[name] = str(find_file(text, folders, "file").absolute())
            except ConfigError as error:
                missing = True
                report.error((*_TABLE, name), str(error))
    replace = msgspec.structs.replace
    tls = replace(config.sip.tls, **found)
    if not missing and _fits_together(tls):
        _try(tls, report)
    if "key" in found and is_open_to_others(found["key"], folders):
        report.warn((*_TABLE, "key"), f"every user of this machine may read {found['key']}")
    return replace(config, sip=replace(config.sip, tls=tls))


def _fits_together(tls: Tls) -> bool:
    """Otherwise `config_checks` has said what is missing."""
    pair = (tls.certificate is None) == (tls.key is None)
    return pair and (tls.ca is not None or tls.client_auth == "off")


def _try(tls: Tls, report: Report) -> None:
    """Make of them what the service will."""
    # Large, and most say nothing of it.
    from gateway.net.tls import TlsFileError  # noqa: PLC0415
    from gateway.service.tls_binding import tls_contexts  # noqa: PLC0415

    try:
        made = tls_contexts(tls)
    except TlsFileError as error:
        report.error((*_TABLE, error.role), str(error))
        return
    for text in made.warnings if made is not None else ():
        report.warn((*_TABLE, "certificate"), text)
