"""TLS contexts from the owner's files (twilio.md 37): TLS 1.2 and newer, names and chains checked.

The ciphers are the standard library's choice: forward secrecy and AEAD first, with the
ECDHE-RSA-AES-GCM ones that Twilio's list has. Contexts are for new connections; those that are up
keep theirs, so a reload ends no call.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.errors import ConfigError
from gateway.net.certificate import complaints

ClientAuth = Literal["off", "optional", "required"]
Role = Literal["certificate", "key", "ca"]

_MODES: Final = {
    "off": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class TlsFileError(ConfigError):
    """A file that cannot be used; `role` is what it was given as: two may be the same file."""

    def __init__(self, role: Role, text: str) -> None:
        super().__init__(text)
        self.role: Role = role


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the owner gives: PEM files, the certificate with its chain.

    `ca` holds the authorities that peers' certificates must come from, None the system's.
    `client_auth` says whether those who connect to us must show one.
    """

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    client_auth: ClientAuth = "off"


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """Ready to use. `server` is None without a certificate; `warnings` are for the owner.

    `nameless` checks the chain but not the name: only to tell the owner whose certificate it is.
    """

    server: ssl.SSLContext | None
    client: ssl.SSLContext
    nameless: ssl.SSLContext
    warnings: tuple[str, ...] = ()


def build(files: TlsFiles) -> TlsContexts:
    """Read the files. Raises ConfigError that says which one cannot be used, and why."""
    if (files.certificate is None) != (files.key is None):
        raise ConfigError("TLS needs a certificate and its key, and there is only one of them")
    if files.client_auth != "off" and files.ca is None:
        raise ConfigError(
            f'client_auth = "{files.client_auth}" needs ca: the file with the authorities whose '
            "certificates may connect"
        )
    client, nameless = _client(files), _client(files)
    nameless.check_hostname = False
    if files.certificate is None:
        return TlsContexts(None, client, nameless)
    server = _server(files)
    warnings = complaints(_with_own(_bare(ssl.PROTOCOL_TLS_SERVER), files), files.certificate)
    return TlsContexts(server, client, nameless, tuple(warnings))


def _server(files: TlsFiles) -> ssl.SSLContext:
    context = _with_own(_bare(ssl.PROTOCOL_TLS_SERVER), files)
    if files.client_auth != "off":
        _trust(context, files)
        context.verify_mode = _MODES[files.client_auth]
    return context


def _client(files: TlsFiles) -> ssl.SSLContext:
    context = _bare(ssl.PROTOCOL_TLS_CLIENT)  # checks chain and host name
    _trust(context, files)
    # A peer that asks for a certificate gets ours.
    return context if files.certificate is None else _with_own(context, files)


def _bare(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context


def _trust(context: ssl.SSLContext, files: TlsFiles) -> None:
    if files.ca is None:
        context.set_default_verify_paths()
        return
    ca = files.ca
    _reading("ca", ca, lambda: context.load_verify_locations(cafile=ca))


def _with_own(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    assert files.certificate is not None
    assert files.key is not None
    certificate, key = files.certificate, files.key
    # OpenSSL does not say which of the two it could not open.
    _reading("certificate", certificate, lambda: certificate.open("rb").close())
    _reading("key", key, lambda: key.open("rb").close())
    _reading(
        "certificate",
        certificate,
        lambda: context.load_cert_chain(certificate, key, password=lambda: _refuse(key)),
        key,
    )
    return context


def _refuse(key: Path) -> str:
    raise TlsFileError("key", f"{key} is encrypted; tipring needs it without a pass phrase")


def _reading(role: Role, file: Path, read: Callable[[], None], key: Path | None = None) -> None:
    try:
        read()
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            text = f"{key} is not the key of the certificate {file}"
            raise TlsFileError("key", text) from error
        raise TlsFileError(role, _why(error, file, key)) from error
    except OSError as error:
        raise TlsFileError(role, f"{file}: {error.strerror}") from error


def _why(error: ssl.SSLError, file: Path, key: Path | None) -> str:
    reason = error.reason or str(error)
    if reason in {"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"}:
        return f"{file}: the key or the signature of the certificate is too weak"
    if key is None:
        return f"{file} has no certificates in PEM form"
    return f"{file} must be a certificate and {key} its key, both in PEM form ({reason})"
