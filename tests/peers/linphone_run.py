"""Runs linphonec without a sound card: it speaks a WAV file, records what it hears, presses digits.

Its hand is its standard input, and what it tells is text. Where there is no folder for its
database it starts no SIP at all; and it asks DNS for the host of each URI, so the account has a
route.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.audio.wav import RATE
from tests.peers.host import HERE, Host, free_port

READY_S = 10.0
STOP_S = 5.0
POLL_S = 0.02
FOLDERS = (".local/share/linphone", ".config/linphone")

CONFIG = """\
[sip]
default_proxy=0
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
bind_address={host}
guess_hostname=0
contact=sip:{user}@{host}
use_ipv6=0
media_encryption=none
root_ca={ca}
[rtp]
bind_address={host}
audio_rtp_port={rtp}
[proxy_0]
reg_proxy=<{registrar}>
reg_route=<{registrar};lr>
reg_identity=sip:{user}@{domain}
reg_expires={expires}
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={password}
domain={domain}
[sound]
echocancellation=0
[misc]
log_collection=0
"""


class LinphoneError(AssertionError):
    """linphone did not do what was waited for; the message holds what it told."""


# From this version on linphonec makes no file of what it hears in calls that it places (5.3.105).
DEAF_CALLER = (5, 3)


def installed() -> bool:
    return shutil.which("linphonec") is not None


def version() -> tuple[int, ...]:
    """As (5, 1, 65)."""
    done = subprocess.run(["linphonec", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+(?:\.\d+)+)", done.stdout + done.stderr)
    return tuple(map(int, found[1].split("."))) if found else ()


@dataclass(frozen=True, slots=True)
class LinphoneAccount:
    """`registrar` is a URI, as `sip:127.0.0.1:5060;transport=tcp`; `ca` whom it believes (TLS)."""

    registrar: str
    user: str = "lin"
    domain: str = "example.test"
    password: str = "none"
    expires_s: int = 600
    ca: Path | None = None


class Linphone:
    """`with Linphone(folder, said, account) as peer:`; it has begun to register inside."""

    def __init__(
        self, folder: Path, said: Path, account: LinphoneAccount, host: Host = HERE
    ) -> None:
        self._host, self._folder, self._said = host, folder, said
        self._told = folder / "told.txt"
        self._process: subprocess.Popen[str] | None = None
        self.recording = folder / "heard.wav"
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "rc").write_text(_config(account, host), encoding="utf-8")

    def __enter__(self) -> Linphone:
        command = ["linphonec", "-c", "rc", "-d", "4", "-l", "linphone.log"]
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                self._host.command(*command),
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=told,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | {"HOME": str(self._folder), "TERM": "dumb"},
            )
        try:
            self.order("soundcard use files")
            self.wait_for("Using wav files")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        try:
            self.order("quit")
            process.wait(STOP_S)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
        finally:
            process.stdin.close()
            process.wait()

    def order(self, text: str) -> None:
        """A command of linphonec: `call URI`, `answer`, `terminate`, `pause`, `transfer URI`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def speak(self) -> None:
        """Say its file, from the beginning, in the call that is up."""
        self.order(f"play {self._said}")

    def record(self) -> None:
        """Keep what it hears from now on in `recording`."""
        self.order(f"record {self.recording}")

    def await_recorded(self, seconds: float, patience_s: float = 15) -> None:
        """Until its recording is that long."""
        deadline = time.monotonic() + patience_s
        pause = threading.Event()
        while not self.recording.exists() or self.recording.stat().st_size < seconds * RATE * 2:
            if time.monotonic() > deadline:
                raise LinphoneError(f"it did not record {seconds} s:\n{self._log()}")
            pause.wait(POLL_S)

    def press(self, digits: str) -> None:
        """One key after another: it takes one a line, and one at a time."""
        pause = threading.Event()
        for digit in digits:
            self.order(digit)
            pause.wait(0.3)

    def wait_for(self, pattern: str, seconds: float = 10, count: int = 1) -> None:
        """Until a regular expression has matched so often in what it told."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while len(re.findall(pattern, self.told())) < count:
            if time.monotonic() > deadline:
                raise LinphoneError(f"never told {pattern!r}, but:\n{self.told()}\n{self._log()}")
            pause.wait(POLL_S)

    def digits(self, count: int, seconds: float = 10) -> str:
        """The digits it has heard, once there are `count`."""
        self.wait_for("Receiving tone .", seconds, count)
        return "".join(re.findall("Receiving tone (.)", self.told()))

    def told(self) -> str:
        return self._told.read_text(encoding="utf-8", errors="replace")

    def _log(self) -> str:
        log = self._folder / "linphone.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return "\n".join(line for line in text.splitlines() if "lip" in line)[-2000:]


def _config(account: LinphoneAccount, host: Host) -> str:
    transport = account.registrar.partition(";transport=")[2] or "udp"
    ports = dict.fromkeys(("udp", "tcp", "tls"), -1) | {transport: free_port()}
    return CONFIG.format(
        host=host.address,
        **ports,
        rtp=free_port(count=2),
        registrar=account.registrar,
        user=account.user,
        domain=account.domain,
        password=account.password,
        expires=account.expires_s,
        ca=account.ca or "",
    )
