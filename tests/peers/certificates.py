"""A test CA and certificates, made when they are needed and good for a day."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
CONFIG = """\
[req]
distinguished_name = nothing
[nothing]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issued]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


class Authority:
    """`ca` is its own certificate; whatever it issues goes to the same folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._own = folder, folder / name
        self.ca = _make(self._own, "authority", "DNS:none")

    def issue(self, name: str, *names: str) -> Path:
        """For `names` ("DNS:localhost", "IP:127.0.0.1"): NAME.pem, and NAME.key beside it.

        NAME.both.pem has the two in one file. Returns the path of NAME.pem.
        """
        path = self._folder / name
        signer = ["-CA", f"{self._own}.pem", "-CAkey", f"{self._own}.key"]
        certificate = _make(path, "issued", ", ".join(names), *signer)
        both = certificate.read_bytes() + certificate.with_suffix(".key").read_bytes()
        Path(f"{path}.both.pem").write_bytes(both)
        return certificate


def _make(path: Path, extensions: str, names: str, *signer: str) -> Path:
    config = Path(f"{path}.cnf")
    config.write_text(CONFIG.format(names=names), encoding="ascii")
    files = ["-out", f"{path}.pem", "-keyout", f"{path}.key", "-config", str(config)]
    about = ["-days", "1", "-subj", f"/CN={path.name}", "-extensions", extensions]
    command = ["openssl", "req", "-x509", *KEY, *files, *about, *signer]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(f"{path}.pem")
