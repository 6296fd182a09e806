"""An authority that lives as long as a test run, and certificates as good or bad as wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class Files(NamedTuple):
    """PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates into `folder`. One RSA key serves them all: making keys takes time."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        self._name = _named(name)
        self._key = _new_key()
        self._leaf_key = _new_key()
        self.ca = folder / f"{name}.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._builder(self._name, self._key, (-1, 365)).add_extension(basic, True)
        _write(self.ca, certificate.sign(self._key, hashes.SHA256()))

    def issue(self, *names: str, days: tuple[int, int] = (-1, 365), label: str = "") -> Files:
        """A certificate for host names and addresses, valid between these days from now."""
        label = label or names[0]
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = self._builder(_named(names[0]), self._leaf_key, days)
        signed = builder.add_extension(alternatives, critical=False).sign(
            self._key, hashes.SHA256()
        )
        files = Files(self.folder / f"{label}.crt", self.folder / f"{label}.key")
        _write(files.certificate, signed)
        files.key.write_bytes(key_bytes(self._leaf_key))
        return files

    def _builder(
        self, subject: x509.Name, key: rsa.RSAPrivateKey, days: tuple[int, int]
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )


def key_bytes(key: rsa.RSAPrivateKey, password: bytes = b"") -> bytes:
    """The key in PEM form, encrypted when there is a password."""
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, how)


def other_key(file: Path, password: bytes = b"") -> Path:
    """A key that fits no certificate."""
    file.write_bytes(key_bytes(_new_key(), password))
    return file


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, certificate: x509.Certificate) -> None:
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
