"""A headless baresip beside us: no sound card, no screen, one account that rings or answers."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench import processes, stamps
from tests.bench.caller import Caller
from tests.bench.sip import NoAnswerError, Target

MODULES = ("baresip/modules", "*-linux-gnu*/baresip/modules")  # below /usr/lib

# The alert and the microphone must have a source that exists: without one, baresip 1.0 fails the
# call and keeps its slot. aufile needs no sound hardware.
CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
audio_player aufile,/dev/null
audio_source aufile,{speech}
audio_alert aufile,/dev/null
rtp_ports 20000-20999
call_max_calls 8
module_path {modules}
module g711.so
module aufile.so
module ctrl_tcp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def installed() -> bool:
    """Whether Debian's baresip is there."""
    return shutil.which("baresip") is not None


def _modules() -> Path:
    """Where this distribution keeps baresip's modules. Raises NoAnswerError."""
    found = (path for pattern in MODULES for path in Path("/usr/lib").glob(pattern))
    path = next(found, None)
    if path is None:
        raise NoAnswerError("baresip is installed without its modules")
    return path


class Baresip:
    """One running baresip; `auto`: it answers at once, else it rings until `accept`."""

    def __init__(self, speech: Path, *, auto: bool) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-baresip-")
        self.port = stamps.free_port("127.0.0.1")
        self._control = stamps.free_port("127.0.0.1", socket.SOCK_STREAM)
        folder = Path(self._folder.name)
        text = CONFIG.format(
            port=self.port, speech=speech, modules=_modules(), control=self._control
        )
        (folder / "config").write_text(text)
        mode = "auto" if auto else "manual"
        account = f"<sip:alice@127.0.0.1:{self.port}>;regint=0;answermode={mode};audio_codecs=PCMU"
        (folder / "accounts").write_text(account + "\n")
        (folder / "contacts").touch()
        self.target = Target(("127.0.0.1", self.port), "alice")
        self.started = time.monotonic()
        # A closed standard input makes baresip spin: it gets a pipe that stays open.
        self._process = subprocess.Popen(
            ["baresip", "-f", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def wait_ready(self, caller: Caller, patience_s: float = 5.0) -> float:
        """Ask by OPTIONS until it answers; returns the seconds since it was started."""
        while time.monotonic() - self.started < patience_s:
            answer = caller.options(self.target, wait=0.002)
            if answer:
                return answer.t_ns / 1e9 - self.started
        raise NoAnswerError("baresip does not start")

    def accept(self) -> int:
        """Answer the ringing call; returns the time just before the command was sent."""
        command = b'{"command":"accept","params":""}'
        with socket.create_connection(("127.0.0.1", self._control), 2.0) as control:
            time.sleep(0.05)
            now = time.monotonic_ns()
            control.sendall(b"%d:%s," % (len(command), command))
            control.recv(4096)
        return now

    def close(self) -> None:
        """End it, by its id."""
        processes.end(self._process)
        if self._process.stdin:
            self._process.stdin.close()
        self._folder.cleanup()
