"""The service under measurement: started with everything on that an installation has on.

Allow-list, digest and X- headers cost time and memory; figures without them would be flattery.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import processes, stamps
from tests.bench.control import Control
from tests.bench.sip import NoAnswerError, Target

ROOT = Path(__file__).parents[2]
PASSWORD = "a secret of some length"
CONFIG = """\
[sip]
listen = {listen}
public_address = "127.0.0.1"
allow_from = ["127.0.0.1/32", "twilio"]

[sip.response_headers]
ok = {{ "X-Gateway-Line" = "{{line}}", "X-Gateway-Call" = "{{call}}" }}
final = {{ "X-Gateway-Reason" = "{{reason}}", "X-Gateway-Duration" = "{{duration}}" }}

[rtp]
ports = [{first}, {last}]
"""
AUTH = """
[sip.inbound_auth]
realm = "tipring"
users = [{{ username = "twilio", password = "{password}" }}]
"""
TLS = """
[sip.tls]
certificate = "{certificate}"
key = "{key}"
"""
LINE = """
[[line]]
name = "{name}"
driver = "simulated"
users = ["{name}"]
country = "us"
"""
COMMAND = (sys.executable, "-m", "gateway.service.main")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a figure needs of the service. `auto_answer_s`: None leaves lifting to the figure."""

    lines: int = 1
    auto_answer_s: float | None = 0.1
    command: Sequence[str] = ()
    streams: bool = False  # listen by TCP and TLS, too
    passwords: bool = True  # ask callers for one


def default_command() -> list[str]:
    """`tipring run` as it is installed beside this Python, else the module it runs."""
    script = Path(sys.executable).with_name("tipring")
    return [str(script), "run"] if script.exists() else list(COMMAND)


class Manager:
    """The service manager's end of sd_notify(3): reads for as long as the service runs."""

    def __init__(self, path: Path) -> None:
        self.ready = threading.Event()
        self.ready_ns = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)
        self._closing = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._closing:
            try:
                message = self._socket.recv(4096)
            except TimeoutError:
                continue
            if b"READY=1" in message.split(b"\n"):
                self.ready_ns = time.monotonic_ns()
                self.ready.set()

    def close(self) -> None:
        """Read no more."""
        self._closing = True
        self._thread.join()
        self._socket.close()


class Service:
    """A running gateway in a folder of its own; `close` ends it by its process id."""

    def __init__(self, setup: Setup) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-tipring-")
        self.folder = Path(self._folder.name)
        self.port = stamps.free_port("127.0.0.1")
        self.tls_port = stamps.free_port("127.0.0.1", socket.SOCK_STREAM)
        self.names = [f"phone{n + 1}" for n in range(setup.lines)]
        self.socket = self.folder / "control.sock"
        self._write_config(setup)
        self._manager = Manager(self.folder / "notify.sock")
        self._log = (self.folder / "log").open("wb")
        command = [*(setup.command or default_command()), "--config"]
        command += [str(self.folder / "tipring.toml"), "--simulated", "--socket", str(self.socket)]
        environment = os.environ | {"NOTIFY_SOCKET": str(self.folder / "notify.sock")}
        # An installation is compiled; compiling at every start would cost time and memory.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.started_ns = time.monotonic_ns()
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def _write_config(self, setup: Setup) -> None:
        first = stamps.even_port("127.0.0.1")
        listen = [f"udp:127.0.0.1:{self.port}"]
        if setup.streams:
            listen += [f"tcp:127.0.0.1:{self.port}", f"tls:127.0.0.1:{self.tls_port}"]
        text = CONFIG.format(listen=listen, first=first, last=first + 99)
        if setup.passwords:
            text += AUTH.format(password=PASSWORD)
        if setup.streams:
            text += TLS.format(**self._certificate())
        for name in self.names:
            text += LINE.format(name=name)
            if setup.auto_answer_s is not None:
                text += f"auto_answer_s = {setup.auto_answer_s}\n"
        (self.folder / "tipring.toml").write_text(text)

    def _certificate(self) -> dict[str, str]:
        """A key and a certificate that signs itself."""
        files = {"certificate": str(self.folder / "cert.pem"), "key": str(self.folder / "key.pem")}
        command = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-out", files["certificate"], "-keyout", files["key"],
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        return files

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def target(self, line: int = 0) -> Target:
        """How to call one of its phones."""
        return Target(("127.0.0.1", self.port), self.names[line], "twilio", PASSWORD)

    def wait_ready(self, patience_s: float = 15.0) -> float:
        """Wait for READY=1; returns the seconds from the start until it came."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._manager.ready.wait(0.2):
                return (self._manager.ready_ns - self.started_ns) / 1e9
        raise NoAnswerError(f"the service does not get ready:\n{self.log()}")

    def control(self) -> Control:
        """A connection to its control socket."""
        return Control(self.socket)

    def log(self) -> str:
        """Its last words."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End it."""
        processes.end(self._process)
        self._manager.close()
        self._log.close()
        self._folder.cleanup()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
