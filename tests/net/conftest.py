"""What several tests of the network need: an authority for certificates, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def stranger_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("strangers"), "strangers")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
