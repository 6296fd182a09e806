"""Certificates in words: what is wrong with ours, and why a peer's was refused."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.net.layer import Tls

_SOON_DAYS: Final = 14

# Codes of X509_verify_cert, <openssl/x509_vfy.h>
_NOT_YET: Final = 9
_EXPIRED: Final = 10
_UNKNOWN: Final = {2, 18, 19, 20, 21}
_MISNAMED: Final = {62, 64}

_WORDS: Mapping[str, str] = {
    "WRONG_VERSION_NUMBER": "{peer} does not speak TLS on that port",
    "HTTP_REQUEST": "{peer} does not speak TLS on that port",
    "UNSUPPORTED_PROTOCOL": "{peer} has no TLS version in common with us (1.2 and newer)",
    "TLSV1_ALERT_PROTOCOL_VERSION": "{peer} has no TLS version in common with us (1.2 and newer)",
    "NO_SHARED_CIPHER": "{peer} has no TLS cipher in common with us",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "{peer} refused the TLS handshake: no cipher in common, or it "
    "wants a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "{peer} wants a client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "{peer} does not know the authority of our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "{peer} refused our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "{peer} says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "{peer} refused our certificate",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "{peer} showed no certificate",
    "TLSV1_ALERT_UNRECOGNIZED_NAME": "{peer} knows nobody of that name",
    "TLSV1_UNRECOGNIZED_NAME": "{peer} knows nobody of that name",
}


def why_refused(error: Exception, peer: str, name: str) -> str:
    """Why TLS with `peer` failed, where `name` was wanted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _verification(error, peer, name)
    if isinstance(error, ssl.SSLError) and error.reason:
        words = _WORDS.get(error.reason, "TLS with {peer} failed: {reason}")
        return words.format(peer=peer, reason=error.reason.lower().replace("_", " "))
    return f"TLS with {peer} failed: {error}"


def misnamed(error: Exception) -> bool:
    """Whether the certificate is good, but for somebody else."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _MISNAMED


def names(certificate: Mapping[str, object]) -> str:
    """Whom a certificate is for (subjectAltName), for the owner's eyes."""
    alternatives = certificate.get("subjectAltName")
    found = [str(value) for _, value in alternatives] if isinstance(alternatives, tuple) else []
    return ", ".join(found[:8]) + (" ..." if len(found) > 8 else "") or "nobody by name"


def _verification(error: ssl.SSLCertVerificationError, peer: str, name: str) -> str:
    code = error.verify_code
    whose = f"the certificate of {peer}"
    if code == _EXPIRED:
        return f"{whose} has expired (or is our clock wrong?)"
    if code == _NOT_YET:
        return f"{whose} is not valid yet (or is our clock wrong?)"
    if code in _UNKNOWN:
        return f"{whose} is from an unknown authority ({error.verify_message})"
    if code in _MISNAMED:
        return f"{whose} is not for {name}"
    return f"{whose} was refused: {error.verify_message}"


def complaints(server: ssl.SSLContext, certificate: Path) -> Iterable[str]:
    """What the owner should know of our certificate, seen as a peer sees it that trusts it.

    A handshake in memory shows dates and purpose without a library of its own for certificates.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cafile=certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # our own certificate is trust enough
    try:
        found = _introduce(server, client)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            return [f"{certificate} has expired: peers will refuse it"]
        if error.verify_code == _NOT_YET:
            return [f"{certificate} is not valid yet (or is our clock wrong?)"]
        return [f"{certificate}: peers will refuse it: {error.verify_message}"]
    except ssl.SSLError as error:
        return [f"{certificate} cannot be used for TLS: {error.reason or error}"]
    left = _days_left(found)
    if left < _SOON_DAYS:
        return [f"{certificate} expires in {left} day(s)"]
    return []


def _introduce(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object]:
    one, other = Tls(client, server=False), Tls(server, server=True)
    while not one.ready:
        data = one.outgoing()
        if not data:
            raise ssl.SSLError("the handshake with ourselves stands still")
        other.receive(data)
        one.receive(other.outgoing())
    return one.certificate()


def _days_left(certificate: Mapping[str, object]) -> int:
    until = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return int((until - datetime.now(UTC).timestamp()) // 86400)
