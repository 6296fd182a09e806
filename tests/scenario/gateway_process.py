"""The service as a process of its own: configuration, free ports, readiness, a bounded end."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.peers.host import HERE, Host, free_port
from tests.scenario.phone import Phone

READY_S = 10.0
STOP_S = 8.0

CONFIG = """\
[sip]
listen = {listen}
allow_from = {allow_from}
{sip_more}
{auth}
[sip.response_headers]
ok = {{ "X-Gateway-Line" = "{{line}}", "X-Gateway-Call" = "{{call}}" }}
final = {{ "X-Gateway-Reason" = "{{reason}}", "X-Gateway-Status" = "{{status}}" }}
{more}
[rtp]
ports = [{rtp_first}, {rtp_last}]
timeout_s = {timeout_s}
{rtp_more}

[[line]]
name = "phone1"
driver = "simulated"
users = ["alice", "+15551234567"]
country = "us"
{line_more}
"""

AUTH = """
[sip.inbound_auth]
realm = "tipring"
users = [{{ username = "{user}", password = "{password}" }}]
"""


class GatewayError(AssertionError):
    """The service did not start or stop as it should; the message holds its log."""


def configuration(
    sip_port: int,
    *,
    listen: str = "",
    allow_from: str = '["127.0.0.1/32"]',
    sip_more: str = "",
    auth: tuple[str, str] | None = None,
    timeout_s: int = 60,
    rtp_more: str = "",
    more: str = "",
    line_more: str = "",
) -> str:
    """A configuration with one simulated phone, phone1, for the users alice and +15551234567.

    `listen` is UDP on `sip_port` by default; `sip_more` goes into [sip], `more` behind it,
    `rtp_more` into [rtp].
    """
    first = free_rtp_ports()
    return CONFIG.format(
        listen=listen or f'["udp:127.0.0.1:{sip_port}"]',
        allow_from=allow_from,
        sip_more=sip_more,
        auth=AUTH.format(user=auth[0], password=auth[1]) if auth else "",
        more=more,
        rtp_first=first,
        rtp_last=first + 39,
        timeout_s=timeout_s,
        rtp_more=rtp_more,
        line_more=line_more,
    )


class GatewayProcess:
    """`with GatewayProcess(folder, configuration(port), port) as gateway:` is ready inside."""

    def __init__(
        self,
        folder: Path,
        config: str,
        sip_port: int,
        host: Host = HERE,
        *,
        simulated: bool = True,
    ) -> None:
        self._host = host
        self.sip_port, self.tls_port = sip_port, 0
        self.folder = folder
        self.log = folder / "tipring.log"
        self.socket = folder / "control.sock"
        self.config = folder / "tipring.toml"
        self._text = config
        self._options = ["--simulated"] if simulated else []
        self._process: subprocess.Popen[bytes] | None = None
        self._manager: _Manager | None = None
        self.phone = Phone(self.socket, "phone1")
        self.ready_s = 0.0

    @classmethod
    def usual(cls, folder: Path, **how: object) -> GatewayProcess:
        """On a free port of 127.0.0.1, with the configuration that most cases share."""
        port = free_sip_port()
        return cls(folder, configuration(port, **how), port)  # type: ignore[arg-type]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def target(self) -> str:
        """The SIP URI that rings the phone."""
        return f"sip:alice@127.0.0.1:{self.sip_port}"

    def __enter__(self) -> GatewayProcess:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text, encoding="utf-8")
        begun = time.monotonic()
        self._manager = _Manager(self.folder / "notify.sock")
        self._start({"NOTIFY_SOCKET": str(self._manager.path)})
        try:
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        self.ready_s = time.monotonic() - begun
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        self.phone.close()
        try:
            self._end(process)
        finally:
            if self._manager is not None:
                self._manager.close()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise GatewayError(f"did not stop within {STOP_S} s:\n{self.log_text()}") from None

    def stop(self) -> float:
        """SIGTERM, and wait; returns how many seconds it took."""
        assert self._process is not None
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(STOP_S)
        return time.monotonic() - begun

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def rss_kb(self) -> int:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise GatewayError("the process has no VmRSS")

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`tipring ...` against this service, as its owner would type it."""
        command = [str(tipring()), *arguments, "--socket", str(self.socket)]
        return subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)

    def call(self, *what: str) -> None:
        """`tipring call phone1 ...`, as hold, resume, dial URI; GatewayError if it is refused."""
        done = self.command("call", "phone1", *what)
        if done.returncode:
            raise GatewayError(f"tipring call {what}: {done.stdout}{done.stderr}")

    def _start(self, more: dict[str, str]) -> None:
        # Without a journal: records stay in memory, and the log is readable here.
        environment = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"} | more
        arguments = ["run", *self._options, "--config", self.config, "--socket", self.socket]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._host.command(str(tipring()), *map(str, arguments)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    def _await_ready(self) -> None:
        """Until READY=1 of sd_notify(3), or the end of the process."""
        assert self._process is not None
        assert self._manager is not None
        ended = threading.Thread(target=self._watch_end, args=(self._process,), daemon=True)
        ended.start()
        if not self._manager.ready.wait(READY_S) or not self.running:
            raise GatewayError(f"tipring run did not become ready:\n{self.log_text()}")

    def _watch_end(self, process: subprocess.Popen[bytes]) -> None:
        pidfd = os.pidfd_open(process.pid)
        try:
            select.select([pidfd], [], [], READY_S)
        finally:
            os.close(pidfd)
        if self._manager is not None:
            self._manager.ready.set()  # nothing more to wait for


class _Manager:
    """Stands in for systemd: takes what the service tells by sd_notify(3), all its life."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", str(self.path))
        self._thread.join(5)
        self._socket.close()

    def _read(self) -> None:
        while message := self._socket.recv(4096):
            if b"READY=1" in message.split(b"\n"):
                self.ready.set()


def tipring() -> Path:
    """The installed command beside this interpreter."""
    path = Path(sys.executable).with_name("tipring")
    if not path.exists():
        raise GatewayError(f"{path} is missing: install the project first (make setup)")
    return path


def free_sip_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago, for UDP and TCP."""
    return free_port(host)


def free_rtp_ports(count: int = 40) -> int:
    """The even first of `count` ports below the system's own range, spread by process."""
    return 12000 + (os.getpid() * 7 + time.monotonic_ns() // 1000) % 400 * count
