"""Who a baresip is: its address of record, where it registers, by which transport."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BaresipAccount:
    """Without `registrar` it neither registers nor uses a proxy.

    `registrar` is a URI, as `sip:127.0.0.1:5060;transport=tcp`. `ca` is the certificate of those
    whom it believes (TLS), `certificate` a file with its own certificate and key, for its listener.
    `srtp`: it offers RTP/SAVP alone, and takes nothing else (SDES keys).
    """

    user: str = "bare"
    registrar: str = ""
    domain: str = "example.test"
    password: str = ""
    expires_s: int = 600
    ca: Path | None = None
    certificate: Path | None = None
    extra: str = ""
    srtp: bool = False

    def line(self, host: str, sip_port: int) -> str:
        """For the file `accounts`."""
        if not self.registrar:
            return f"<sip:{self.user}@{host}:{sip_port}>;regint=0{self._always()}\n"
        transport = self.registrar.partition(";transport=")[2] or "udp"
        login = f";auth_user={self.user};auth_pass={self.password}" if self.password else ""
        uri = f"<sip:{self.user}@{self.domain};transport={transport}>"
        proxy = f';outbound="{self.registrar}"'
        return f"{uri}{login}{proxy};regint={self.expires_s}{self._always()}\n"

    def config(self) -> str:
        """For the file `config`."""
        lines = [f"sip_certificate {self.certificate}"] if self.certificate else []
        lines += ["module srtp.so"] if self.srtp else []
        if self.ca:
            lines += [f"sip_cafile {self.ca}", "sip_verify_server yes"]
        return "".join(f"{line}\n" for line in lines)

    def _always(self) -> str:
        encryption = ";mediaenc=srtp-mand" if self.srtp else ""
        return f";audio_codecs=PCMU/8000/1,PCMA/8000/1;answermode=manual{encryption}{self.extra}"
