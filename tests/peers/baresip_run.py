"""Runs baresip without a sound card: it speaks a WAV file, records what it decodes, presses digits.

aufile is its microphone, aubridge a loudspeaker that nobody hears, and sndfile writes both
directions to WAV files. Commands and events go over ctrl_tcp (JSON in netstrings).
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.audio.wav import RATE, read_wav, write_wav
from tests.peers.baresip_account import BaresipAccount
from tests.peers.host import HERE, Host, free_port

READY_S = 10.0
SILENCE_AFTER_S = 60  # when its file ends, baresip ends the call
NOBODY = BaresipAccount()

# Debian 13's baresip plays each frame twice through its jitter buffer, so it goes without.
CONFIG = """\
poll_method epoll
sip_listen {host}:{sip}
net_interface {host}
audio_source aufile,{said}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp}-{rtp_last}
jitter_buffer_type off
ctrl_tcp_listen {host}:{control}
snd_path {folder}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
{account}"""


class BaresipError(AssertionError):
    """baresip did not do what was waited for; the message holds its log."""


def installed() -> bool:
    return shutil.which("baresip") is not None


def module_path() -> Path:
    """Where Debian puts the modules; differs between architectures and releases."""
    places = [Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")]
    return next((path for path in places if path.is_dir()), places[0])


class Baresip:
    """`with Baresip(folder, said) as peer:` is ready to dial inside.

    Its SIP port is `port` for UDP and TCP, and the next one for TLS.
    """

    def __init__(
        self,
        folder: Path,
        said: Path,
        account: BaresipAccount = NOBODY,
        host: Host = HERE,
    ) -> None:
        self._host, self._user = host, account.user
        self.events: list[dict[str, Any]] = []
        self._folder = folder
        self._log = folder / "baresip.log"
        self._buffer = b""
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        padded = folder / "said.wav"
        write_wav(padded, np.pad(read_wav(said), (0, SILENCE_AFTER_S * RATE)))
        self.port, self._control_port, rtp = _free_ports()
        text = CONFIG.format(
            host=host.address,
            sip=self.port,
            account=account.config(),
            said=padded,
            rate=RATE,
            rtp=rtp,
            rtp_last=rtp + 10,
            control=self._control_port,
            folder=folder,
            modules=module_path(),
        )
        (folder / "config").write_text(text, encoding="utf-8")
        line = account.line(host.address, self.port)
        (folder / "accounts").write_text(line, encoding="utf-8")
        (folder / "contacts").write_text("", encoding="utf-8")

    def uri(self, transport: str = "udp") -> str:
        """Where it can be called."""
        port = self.port + (transport == "tls")
        return f"sip:{self._user}@{self._host.address}:{port};transport={transport}"

    def __enter__(self) -> Baresip:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._host.command("baresip", "-4", "-f", str(self._folder)),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def command(self, name: str, parameters: str = "") -> None:
        assert self._control is not None
        data = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self._control.sendall(str(len(data)).encode() + b":" + data + b",")

    def press(self, digits: str) -> None:
        """One key after another: baresip forgets a key that comes while another is down."""
        pause = threading.Event()
        for digit in digits:
            self.command("sndcode", digit)
            pause.wait(0.3)

    def wait_for(
        self, kind: str, seconds: float = 10, count: int = 1, param: str | None = None
    ) -> dict[str, Any]:
        """The `count`th event of that type (and with that parameter), past or coming."""
        deadline = time.monotonic() + seconds
        while True:
            found = [event for event in self.events if event.get("type") == kind]
            if param is not None:
                found = [event for event in found if event.get("param") == param]
            if len(found) >= count:
                return found[count - 1]
            self._receive(deadline, f"event {kind}")

    def digits(self, count: int, seconds: float = 10) -> str:
        """The digits it has heard, once there are `count`."""
        deadline = time.monotonic() + seconds
        while len(self._digits()) < count:
            self._receive(deadline, f"{count} digits")
        return self._digits()

    def heard(self) -> Path:
        """The recording of what it decoded."""
        found = sorted(self._folder.glob("dump-*dec*.wav"))
        if not found:
            raise BaresipError(f"no recording in {sorted(self._folder.iterdir())}\n{self.log()}")
        return found[-1]

    def log(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return re.sub(r"\s*\[\d+:\d\d:\d\d\] audio=.*", "", text)  # its ticker

    def _digits(self) -> str:
        return "".join(e["param"] for e in self.events if e.get("type") == "CALL_DTMF_START")

    def _connect(self) -> None:
        try:
            self._control = self._host.connect(self._control_port, READY_S)
        except OSError:
            raise BaresipError(f"baresip did not start:\n{self.log()}") from None

    def _receive(self, deadline: float, what: str) -> None:
        assert self._control is not None
        self._control.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self._control.recv(65536)
        except TimeoutError:
            raise BaresipError(f"no {what}; events: {self.events}\n{self.log()}") from None
        if not data:
            raise BaresipError(f"baresip is gone\n{self.log()}")
        self._buffer += data
        while (message := self._netstring()) is not None:
            self.events.append(json.loads(message))

    def _netstring(self) -> bytes | None:
        length, colon, rest = self._buffer.partition(b":")
        if not colon or len(rest) <= int(length):
            return None
        size = int(length)
        self._buffer = rest[size + 1 :]
        return rest[:size]


def _free_ports() -> tuple[int, int, int]:
    """SIP (UDP and TCP; TLS on the next), control (TCP) and the first of a dozen for RTP."""
    return free_port(count=2), free_port(), free_port(count=12)
