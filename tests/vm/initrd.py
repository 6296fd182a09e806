"""What the machine's memory holds when it starts: the root, the project, and what is to be run.

The kernel unpacks one archive after another into its first file system, and there the machine
stays: it has no disk. Time on its clock never passes while a disk is waited for (README.md).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.vm.parts import ENGINE, HERE, TOP, Parts

PROJECT: Final = "srv/tipring"
COPIED: Final = ("gateway", "tests", "systemd", "pyproject.toml")
# What a package puts elsewhere than the project's folder, and the units of this machine.
INSTALLED: Final = (
    (TOP / "systemd/tipring.service", "usr/lib/systemd/system/tipring.service"),
    (TOP / "systemd/tipring.sysusers", "usr/lib/sysusers.d/tipring.conf"),
    (TOP / "systemd/tipring.tmpfiles", "usr/lib/tmpfiles.d/tipring.conf"),
    (HERE / "guest/tipring", "usr/bin/tipring"),
    (HERE / "guest/test-machine.target", "etc/systemd/system/test-machine.target"),
    (HERE / "guest/test-machine.service", "etc/systemd/system/test-machine.service"),
)


def write(parts: Parts, command: Sequence[str], target: Path) -> None:
    """Write the machine's initial memory into `target`; `command` runs in the project's folder."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, target.open("wb") as out:
        stage = Path(folder)
        for name in _project_files():
            _put(TOP / name, stage / PROJECT / name)
        _put(parts.engine, stage / PROJECT / ENGINE)
        for source, place in INSTALLED:
            _put(source, stage / place)
        words = stage / "etc/test-machine/command"
        words.parent.mkdir()
        words.write_text("".join(f"{word}\0" for word in command), "utf-8")

        with parts.root.open("rb") as root:
            shutil.copyfileobj(root, out, 1 << 20)
        names = "\0".join(sorted(str(path.relative_to(stage)) for path in stage.rglob("*")))
        subprocess.run(
            ["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0", "--null"],
            input=names.encode(),
            cwd=stage,
            stdout=out,
            check=True,
        )


def _project_files() -> list[str]:
    """Those that git knows or would take: neither what was built here nor what is ignored."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-zco", "--exclude-standard", "--", *COPIED],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0")[:-1] if (TOP / name).is_file()]


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
