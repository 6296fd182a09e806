"""The top level of the repository is fixed: a new thing goes into the folder it is about."""

from __future__ import annotations

import subprocess

import pytest

from tests.architecture.imports import ROOT

FOLDERS = {"gateway", "native", "systemd", "image", "tests", ".ci"}
FILES = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"}


def tracked() -> list[str]:
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("git is not installed: which files belong to the project is not known")
    if done.returncode:
        pytest.skip("not a git checkout: which files belong to the project is not known")
    return done.stdout.split("\0")[:-1]


def test_top_level() -> None:
    strangers = set()
    for path in tracked():
        top, slash, _ = path.partition("/")
        if slash:
            strangers |= {top} - FOLDERS
        elif not top.startswith("."):
            strangers |= {top} - FILES
    assert strangers == set()


def test_every_python_folder_is_a_package() -> None:
    """A folder without __init__.py is left out of what pip installs."""
    folders = {path.parent for path in (ROOT / "gateway").rglob("*.py")}
    assert {str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").is_file()} == set()
