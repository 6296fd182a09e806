"""Two hosts of their own and a cable between them that can lose packets, in network namespaces.

No other host is on that network, and it is gone with its last process, however the test ends:
what keeps each namespace is a `cat` that ends when this process does.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEAR, FAR, PREFIX = "10.99.0.1", "10.99.0.2", "24"
CABLE = "cable"
HOLD = ["sh", "-c", "echo held; exec cat"]

# Each loses a share of what arrives; which of them a kernel has, differs.
LOSSES = (
    "tc qdisc add dev {cable} root netem loss {percent}%",
    "nft add table inet lossy && "
    "nft 'add chain inet lossy in {{ type filter hook input priority 0; }}' && "
    "nft 'add rule inet lossy in iifname {cable} numgen random mod 100 < {percent} drop'",
    "iptables -A INPUT -i {cable} -m statistic --mode random --probability 0.{percent:02} -j DROP",
)


class NoNetworkError(RuntimeError):
    """This machine does not let us make a network, or lose packets on it; says why."""


class Namespace:
    """A host in a network namespace, until `close`."""

    def __init__(self, address: str, beside: Namespace | None = None) -> None:
        self.address = address
        self._user = os.geteuid() != 0  # then a user namespace makes us root of the network's
        new = ["unshare", "-n"] if beside or not self._user else ["unshare", "-Urn"]
        before = beside.command() if beside else []
        self._holder = subprocess.Popen(
            [*before, *new, *HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._holder.pid
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "held\n":
            self.close()
            raise NoNetworkError("unshare refused")

    def close(self) -> None:
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(5)

    def command(self, *arguments: str) -> list[str]:
        user = ["-U", "--preserve-credentials"] if self._user else []
        return ["nsenter", "-t", str(self.pid), "-n", *user, "--", *arguments]

    def run(self, script: str) -> None:
        """A shell script there; NoNetworkError with what it told if it fails."""
        done = subprocess.run(
            self.command("sh", "-ec", script), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoNetworkError(f"{script}: {done.stderr.strip()}")

    def move(self, address: str) -> None:
        """Another address instead of the one it had."""
        old, self.address = self.address, address
        self.run(
            f"ip address del {old}/{PREFIX} dev {CABLE}\n"
            f"ip address add {address}/{PREFIX} dev {CABLE}"
        )

    def udp(self) -> socket.socket:
        return self._socket("udp", "0", "0")

    def connect(self, port: int, seconds: float) -> socket.socket:
        return self._socket("tcp", str(port), str(seconds))

    def _socket(self, *how: str) -> socket.socket:
        """A socket belongs to the namespace it was made in, so it is made there and handed over."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        module = [sys.executable, "-m", "tests.peers.pass_socket"]
        with ours, theirs:
            done = subprocess.run(
                self.command(*module, str(theirs.fileno()), self.address, *how),
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise OSError(done.stderr)
            _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
        return socket.socket(fileno=descriptor)


class Network:
    """`with Network(loss_percent=15) as net:` has `net.near` and `net.far`, which reach each other.

    Loss (percent, 1 to 99) is random and counts in each direction on its own.
    """

    def __init__(self, loss_percent: int = 0) -> None:
        if missing := [name for name in ("unshare", "nsenter", "ip") if not shutil.which(name)]:
            raise NoNetworkError(f"{', '.join(missing)} missing (util-linux, iproute2)")
        self._hosts: list[Namespace] = []
        try:
            self.near = self._host(NEAR, None)
            self.far = self._host(FAR, self.near)
            self._join()
            if loss_percent:
                self._lose(loss_percent)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        while self._hosts:
            self._hosts.pop().close()

    def _host(self, address: str, beside: Namespace | None) -> Namespace:
        self._hosts.append(Namespace(address, beside))
        return self._hosts[-1]

    def _join(self) -> None:
        self.near.run(f"ip link add {CABLE} type veth peer name {CABLE} netns {self.far.pid}")
        for host in self._hosts:
            host.run(
                f"ip link set lo up\nip address add {host.address}/{PREFIX} dev {CABLE}\n"
                f"ip link set {CABLE} up"
            )

    def _lose(self, percent: int) -> None:
        reasons = []
        for script in LOSSES:
            try:
                for host in self._hosts:
                    host.run(script.format(cable=CABLE, percent=percent))
            except NoNetworkError as reason:
                reasons.append(str(reason))
            else:
                return
        raise NoNetworkError("no way to lose packets: " + "; ".join(reasons))
