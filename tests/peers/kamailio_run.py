"""Runs Kamailio in the role of a provider's edge: registrar, digest, two Record-Routes, TLS.

Everything is in memory. What the edge saw of each message is in `told()`; whom it knows, in
`contacts()`. The configuration is kamailio/edge.cfg.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from tests.peers.certificates import Authority
from tests.peers.host import HERE, Host, free_port

FOLDER = Path(__file__).parent / "kamailio"
READY_S = 15.0
STOP_S = 5.0
PROBE_S = 0.2
POLL_S = 0.02
PORTS = ("edge", "edge_tls", "wrong_tls", "inner", "inner_tls")
ROW = re.compile(r"EDGE\|(.*)$", re.MULTILINE)
OPTIONS = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{id}\r\n"
    "From: <sip:probe@{host}>;tag=1\r\nTo: <sip:{host}>\r\nCall-ID: {id}\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
)
Row: TypeAlias = dict[str, str]
T = TypeVar("T")


class KamailioError(AssertionError):
    """Kamailio did not start, or did not see what was waited for; the message holds its log."""


def installed() -> bool:
    return shutil.which("kamailio") is not None


@dataclass(frozen=True)
class Edge:
    """What the edge is like. Times in seconds; `ping`: OPTIONS to each contact so often, or 0."""

    users: Mapping[str, str] = field(default_factory=lambda: {"alice": "secret"})
    max_expires: int = 3600
    nonce_expire: int = 10
    ping: int = 0


class Kamailio:
    """`with Kamailio(folder) as edge:` answers OPTIONS inside. Ports stay through `restart`."""

    def __init__(self, folder: Path, how: Edge | None = None, host: Host = HERE) -> None:
        self.host = host
        self.ports = {name: free_port() for name in PORTS}
        self.folder = folder
        self._log = folder / "kamailio.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(folder / "certificates")
        right = self.authority.issue("right", "DNS:localhost", f"IP:{host.address}")
        wrong = self.authority.issue("wrong", "DNS:elsewhere.example", "IP:192.0.2.1")
        self._write("edge.cfg", how or Edge(), right, wrong)
        self._write("tls.cfg", how or Edge(), right, wrong)

    def __enter__(self) -> Kamailio:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def uri(self, port: str = "edge", transport: str = "", host: str = "") -> str:
        """A SIP URI of one of its ports, as `sip:127.0.0.1:5060;transport=tcp`."""
        more = f";transport={transport}" if transport else ""
        return f"sip:{host or self.host.address}:{self.ports[port]}{more}"

    def start(self) -> None:
        command = ["kamailio", "-DD", "-E", "-f", "edge.cfg", "-m", "32", "-M", "8"]
        command += ["-w", str(self.folder), "-Y", str(self.folder), "-L", str(_modules())]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.host.command(*command),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it forks: the group is ended as one
            )
        try:
            self._await_options()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Every process of it is gone afterwards; contacts and nonces with them."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()  # the first process only: it ends its children itself
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def rpc(self, method: str, *parameters: object) -> Any:
        """A JSON-RPC command of Kamailio; KamailioError with its reason when it refuses."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        own = self.folder / f"asked-{secrets.token_hex(4)}.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.settimeout(STOP_S)
            asking.bind(str(own))
            try:
                asking.sendto(json.dumps(asked).encode(), str(self.folder / "rpc.sock"))
                answer = json.loads(asking.recv(65536))
            finally:
                own.unlink()
        if "error" in answer:
            raise KamailioError(f"{method}: {answer['error']}")
        return answer["result"]

    def contacts(self, user: str) -> list[dict[str, Any]]:
        """The bindings of a user: Address, Expires, Received, Path, User-Agent and the like."""
        try:
            found = self.rpc("ul.lookup", "location", user)
        except KamailioError:
            return []
        return [each["Contact"] for each in found["Contacts"]]

    def await_contacts(self, user: str, count: int, seconds: float = 8) -> list[dict[str, Any]]:
        """Until the user has that many bindings."""
        return self._await(
            lambda: self.contacts(user), lambda found: len(found) == count, seconds, user
        )

    def await_address(self, user: str, address: str, seconds: float = 8) -> None:
        """Until a binding of the user has that text in its URI."""
        self._await(
            lambda: self.contacts(user),
            lambda found: any(address in each["Address"] for each in found),
            seconds,
            f"{user} at {address}",
        )

    def await_ping(self, user: str, seconds: float = 8) -> None:
        """Until a binding of the user has answered OPTIONS."""
        self._await(
            lambda: self.contacts(user),
            lambda found: any(each["Last-Keepalive"] > each["Last-Modified"] for each in found),
            seconds,
            f"an answer of {user}",
        )

    def told(self, **facts: str) -> list[Row]:
        """The messages that it saw with these facts, oldest first."""
        rows = (
            dict(p.partition("=")[::2] for p in m[1].split("|")) for m in ROW.finditer(self.log())
        )
        return [row for row in rows if all(row.get(k) == v for k, v in facts.items())]

    def await_told(self, seconds: float = 8, count: int = 1, **facts: str) -> list[Row]:
        """Until it has seen `count` messages with these facts."""
        return self._await(
            lambda: self.told(**facts),
            lambda found: len(found) >= count,
            seconds,
            f"{count} messages with {facts}",
        )

    def _await(
        self, look: Callable[[], T], wanted: Callable[[T], bool], seconds: float, what: str
    ) -> T:
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not wanted(found := look()):
            if time.monotonic() > deadline:
                raise KamailioError(f"not {what}, but {found}:\n{self.log()[-6000:]}")
            pause.wait(POLL_S)
        return found

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _write(self, name: str, how: Edge, right: Path, wrong: Path) -> None:
        values = {place: str(port) for place, port in self.ports.items()}
        values |= {"host": self.host.address, "folder": str(self.folder)}
        values |= {"max_expires": str(how.max_expires), "ping": str(how.ping)}
        values["silence"] = str(3 * how.ping)
        values |= {"nonce_expire": str(how.nonce_expire), "passwords": _passwords(how.users)}
        values |= {"right": str(right.with_suffix("")), "wrong": str(wrong.with_suffix(""))}
        values["ca"] = str(self.authority.ca)
        text = (FOLDER / name).read_text(encoding="utf-8")
        filled = re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], text)
        (self.folder / name).write_text(filled, encoding="utf-8")

    def _await_options(self) -> None:
        """Until its edge answers OPTIONS, each asked within a bounded time."""
        deadline = time.monotonic() + READY_S
        with self.host.udp() as probe:
            probe.settimeout(PROBE_S)
            place = (self.host.address, self.ports["edge"])
            while time.monotonic() < deadline:
                assert self._process is not None
                if self._process.poll() is not None:
                    break
                text = OPTIONS.format(
                    host=place[0], port=place[1], own=probe.getsockname(), id=secrets.token_hex(8)
                )
                try:
                    probe.sendto(text.encode(), place)
                    if probe.recv(4096).startswith(b"SIP/2.0 200"):
                        return
                except (TimeoutError, ConnectionRefusedError):
                    continue
        raise KamailioError(f"Kamailio did not start:\n{self.log()}")


def _passwords(users: Mapping[str, str]) -> str:
    rows = (f'    if ($au == "{user}") $var(password) = "{word}";' for user, word in users.items())
    return "\n".join(rows)


def _modules() -> Path:
    """Where Debian puts the modules; differs between architectures."""
    return next(Path("/usr/lib").glob("*/kamailio/modules"), Path("/usr/lib/kamailio/modules"))
