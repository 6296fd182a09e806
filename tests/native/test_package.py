"""What goes into a source distribution."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.native.test_build import ROOT


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.chdir(ROOT)  # where a build front end calls it
    spec = importlib.util.spec_from_file_location("backend", ROOT / "native" / "build_backend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "path",
    [
        "Makefile",
        "CHANGELOG.md",
        "native/Makefile",
        "native/README.md",
        "native/fuzz/corpus",
        "native/test/main.c",
        "systemd/tipring.service",
        "tests/conftest.py",
        "tests/native/test_package.py",
    ],
)
def test_a_source_package_holds(backend: ModuleType, path: str) -> None:
    assert any(Path(found).is_relative_to(path) for found in backend.extras())


def test_a_source_package_holds_nothing_that_was_made(backend: ModuleType) -> None:
    made = [
        path
        for path in backend.extras()
        if {"build", "__pycache__"} & set(Path(path).parts) or path.endswith((".pyc", ".o", ".so"))
    ]
    assert made == []
