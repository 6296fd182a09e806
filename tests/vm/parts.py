"""What the machine is made of, each part made once and kept: the root, and the native engine.

A part is named by a hash of its recipe: change the recipe, and the next run makes it anew. Packages
grow old in a kept root; remove the folder to have today's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
TOP: Final = HERE.parents[1]
CACHE: Final = Path(os.environ.get("TIPRING_VM_CACHE", "/var/tmp/tipring-vm"))
ENVIRONMENT: Final = os.environ | {"PYTHON": sys.executable}
A_DAY_S: Final = 24 * 3600
KEPT: Final = 3  # of a kind: a branch that is left for another need not be made again

ROOT_RECIPE: Final = ("make-root", "cross", "cross-cc", "byte_compile.py")
ENGINE: Final = "gateway/media/_engine.abi3.so"


@dataclass(frozen=True, slots=True)
class Parts:
    """Files that `make-root` and `cross` made."""

    kernel: Path
    root: Path
    engine: Path


def parts() -> Parts:
    """All parts, those made that are not there yet."""
    for left in CACHE.glob("run-*"):  # by a run that was killed
        if time.time() - left.stat().st_mtime > A_DAY_S:
            shutil.rmtree(left)
    root = _root()
    return Parts(root / "vmlinuz", root / "root.cpio", _engine(root / "sysroot"))


def _root() -> Path:
    folder = CACHE / f"root-{_hash(HERE / name for name in ROOT_RECIPE)}"
    if not folder.is_dir():
        print(f"== test machine: its root (once; kept as {folder})", flush=True)
        subprocess.run([HERE / "make-root", folder], env=ENVIRONMENT, check=True)
    return _used(folder)


def _engine(sysroot: Path) -> Path:
    sources = [path for path in (TOP / "native").rglob("*") if path.suffix in {".c", ".h", ".py"}]
    file = CACHE / f"engine-{_hash([HERE / 'cross', HERE / 'cross-cc', *sorted(sources)])}.so"
    if not file.is_file():
        print(f"== test machine: the native engine (kept as {file})", flush=True)
        with tempfile.TemporaryDirectory() as work:
            staged = Path(work, "project")
            for name in ("gateway", "native", "pyproject.toml", "README.md", "LICENSE"):
                _copy(TOP / name, staged / name)
            install = ["install", "--no-deps", "--no-build-isolation"]
            subprocess.run(
                [HERE / "cross", sysroot, *install, "--target", Path(work, "built"), staged],
                env=ENVIRONMENT,
                check=True,
            )
            shutil.move(Path(work, "built", ENGINE), file)
    return _used(file)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        built = shutil.ignore_patterns("build", "__pycache__", "*.so", "*.o")
        shutil.copytree(source, target, ignore=built)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _hash(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


def _used(part: Path) -> Path:
    """Notes the use of a part, and removes those of its kind that were not used for longest."""
    part.touch()
    kind = part.name.partition("-")[0]
    found = sorted(CACHE.glob(f"{kind}-{'?' * 12}*"), key=lambda path: path.stat().st_mtime)
    for old in found[:-KEPT]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    return part
