"""The machine itself: QEMU started, watched and always ended, and what it sent back.

Its clock is counted from its instructions (`-icount`): one nanosecond each, and none pass while it
has nothing to do but wait. So its times do not depend on what else this computer does, and ten
minutes of mostly waiting take one. Nothing may come from outside meanwhile: it has no network, no
disk and, but for results and its terminal, no devices but those simulated inside.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# One instruction a nanosecond: about one core of a Raspberry Pi Zero 2 W. Only one, for several
# that count together would wait for each other. By the host's clock there are two, and really two.
CLOCKS: Final = {
    "virtual": ["-icount", "shift=0,sleep=off", "-smp", "1"],
    "host": ["-smp", "2"],
}
TIMEOUT_S: Final = 2400.0
APPEND: Final = (
    "console=ttyAMA0 quiet panic=-1 lsm=capability audit=0"
    " rdinit=/usr/lib/systemd/systemd systemd.unit=test-machine.target systemd.show_status=0"
)


@dataclass(frozen=True, slots=True)
class Options:
    """How the machine is started. `timeout_s` is by this computer's clock."""

    clock: str = "virtual"
    memory_mb: int = 1024
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: the command's exit code, or None when it told none, and why."""

    status: int | None
    took_s: float
    trouble: str = ""


def run(kernel: Path, initrd: Path, options: Options, results: Path) -> Outcome:
    """Start the machine, wait for its end, and unpack what it sent back into `results`.

    The terminal of the command is this process's own. The kernel's is `results`/console.log.
    """
    results.mkdir(parents=True, exist_ok=True)
    packed = results / "results.tar"
    packed.unlink(missing_ok=True)
    began = time.monotonic()
    command = _command(kernel, initrd, options, results / "console.log", packed)
    with subprocess.Popen(command) as machine:
        try:
            machine.wait(options.timeout_s)
            trouble = "" if machine.returncode == 0 else f"QEMU ended with {machine.returncode}"
        except subprocess.TimeoutExpired:
            trouble = f"not done after {options.timeout_s:.0f} s: ended"
        finally:
            machine.kill()
    took_s = time.monotonic() - began
    status = _unpack(packed, results)
    if status is None and not trouble:
        trouble = f"it stopped without results: see {results / 'console.log'}"
    return Outcome(status, took_s, trouble)


def _command(kernel: Path, initrd: Path, options: Options, log: Path, packed: Path) -> list[str]:
    return [
        "setpriv", "--pdeathsig", "KILL",  # however this process ends, the machine ends with it
        "qemu-system-aarch64", "-nodefaults", "-no-user-config", "-no-reboot",
        "-machine", "virt", "-accel", "tcg", "-cpu", "cortex-a53",
        "-m", str(options.memory_mb), *CLOCKS[options.clock],
        "-display", "none", "-monitor", "none",
        "-kernel", str(kernel), "-initrd", str(initrd), "-append", APPEND,
        "-serial", f"file:{log}",
        "-device", "virtio-serial-pci",
        "-chardev", "stdio,id=terminal,signal=off", "-device", "virtconsole,chardev=terminal",
        "-chardev", f"file,id=results,path={packed}",
        "-device", "virtserialport,chardev=results,name=results",
        # A sound card to pull out: it plays at 48 kHz in stereo, to nobody.
        "-device", "qemu-xhci", "-audiodev", "none,id=sound", "-device", "usb-audio,audiodev=sound",
    ]  # fmt: skip


def _unpack(packed: Path, results: Path) -> int | None:
    """The results, and the exit code among them; nothing if the machine did not get so far."""
    content = packed.read_bytes() if packed.exists() else b""
    packed.unlink(missing_ok=True)
    if not content:
        return None
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(results, filter="data")
    status = results / "status"
    return int(status.read_text("utf-8")) if status.exists() else None
