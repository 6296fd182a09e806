"""The TLS contexts of a configuration, made only where it says something of TLS: they are large."""

from __future__ import annotations

from pathlib import Path

from gateway.net.tls import TlsContexts, TlsFiles, build
from gateway.service.config import Tls


def tls_contexts(tls: Tls) -> TlsContexts | None:
    """From [sip.tls]; None where it says nothing: then peers are checked as the system does.

    Raises ConfigError for files that cannot be used. What is odd about them is told when the
    configuration is read.
    """
    if tls.certificate is None and tls.ca is None:
        return None
    return build(TlsFiles(_path(tls.certificate), _path(tls.key), _path(tls.ca), tls.client_auth))


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
