"""What the build promises: one header, read by cffi; a stable-ABI wheel; a complete sdist."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("builder", ROOT / "native" / "build_engine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_source_and_header_is_compiled_or_watched() -> None:
    module = builder()
    on_disk = {str(path.relative_to(ROOT)) for path in (ROOT / "native/src").rglob("*.[ch]")}
    assert on_disk | {"native/include/tipring_engine.h"} == {*module.sources(), *module.headers()}


def test_declarations_hold_no_preprocessor_and_no_comment() -> None:
    header = (ROOT / "native/include/tipring_engine.h").read_text(encoding="utf-8")
    text = builder().declarations(header)
    assert "#" not in text
    assert "/*" not in text
    assert "tr_engine_open" in text


def test_lower_layers_do_not_include_higher_ones() -> None:
    order = ["base", "dsp", "rtp", "engine"]
    wrong = [
        f"{path.name}: {line.strip()}"
        for height, layer in enumerate(order)
        for path in (ROOT / "native/src" / layer).glob("*.[ch]")
        for line in path.read_text(encoding="utf-8").splitlines()
        for above in order[height + 1 :]
        if line.startswith(f'#include "{above}/')
    ]
    assert wrong == []


@pytest.mark.slow
def test_a_source_distribution_holds_the_engine(tmp_path: Path) -> None:
    hook = "import sys, build_backend; print(build_backend.build_sdist(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", hook, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "native")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with tarfile.open(tmp_path / done.stdout.splitlines()[-1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "native").rglob("*.[ch]")}
    assert wanted <= names
