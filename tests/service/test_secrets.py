"""Passwords: never shown, found in the right folders only."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.service.secrets import Secret, is_open_to_others, read_secret, search_folders


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("pa55word")
    shown = f"{secret} {secret!r} {[secret]} {secret!s:>20}"
    assert "pa55word" not in shown
    assert secret.reveal() == "pa55word"
    for refuse in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            refuse(secret)


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_the_credentials_directory_comes_first_and_the_working_directory_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {name: tmp_path / name for name in ("credentials", "config", "cwd")}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "secret").write_text(name)
    monkeypatch.chdir(folders["cwd"])
    environ = {"CREDENTIALS_DIRECTORY": str(folders["credentials"])}
    both = search_folders(folders["config"], environ)
    assert read_secret("secret", both).reveal() == "credentials"
    assert read_secret("secret", search_folders(folders["config"], {})).reveal() == "config"
    (folders["config"] / "secret").unlink()
    with pytest.raises(ConfigError) as caught:
        read_secret("secret", search_folders(folders["config"], {}))
    assert str(caught.value) == f"there is no password file 'secret' in {folders['config']}"


@pytest.mark.parametrize(
    ("data", "password"),
    [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b" a b ", " a b "),
        ("é".encode(), "é"),
    ],
)
def test_only_the_line_end_is_taken_away(tmp_path: Path, data: bytes, password: str) -> None:
    (tmp_path / "secret").write_bytes(data)
    assert read_secret("secret", [tmp_path]).reveal() == password


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"a\nb\n", "more than one line"),
        (b"a\0b", "more than one line"),
        (b"\xff", "is not UTF-8"),
        (b"a" * 5000, "is longer than 4096 bytes"),
    ],
)
def test_a_bad_file_is_named_and_its_content_is_not(
    tmp_path: Path, data: bytes, words: str
) -> None:
    (tmp_path / "secret").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_secret("secret", [tmp_path])
    assert words in str(caught.value)
    assert str(tmp_path / "secret") in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("/none/such", "there is no password file /none/such"),
        (".", "cannot be re"),
    ],
)
def test_a_name_without_file(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_secret(name, [tmp_path])


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_file_that_everybody_reads_is_noticed(tmp_path: Path, mode: int, is_open: bool) -> None:
    file = tmp_path / "secret"
    file.write_text("x")
    file.chmod(mode)
    assert is_open_to_others("secret", [tmp_path]) is is_open
    assert is_open_to_others("none", [tmp_path]) is False
