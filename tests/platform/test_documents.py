"""What the documents promise is there: links, make targets, and the configuration example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.service import config_file
from tests.service.certificates import FILES

TOP = Path(__file__).parents[2]
FOLDERS = ("gateway", "native", "systemd", "image", "tests")
DOCUMENTS = sorted(
    [TOP / "README.md", *(path for folder in FOLDERS for path in (TOP / folder).rglob("README.md"))]
)
LINK = re.compile(r"\[[^\]]+\]\(([^)#:]+)\)")
TARGET = re.compile(r"`make ([a-z][a-z-]*)|^make ([a-z][a-z-]*)", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_make_targets_exist(document: Path) -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    targets = {first or second for first, second in TARGET.findall(document.read_text("utf-8"))}
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


def test_help_names_every_target_that_a_person_gives() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    told = set(re.findall(r"make ([a-z-]+)", "\n".join(re.findall(r"^\t@echo.*", makefile, re.M))))
    assert told == set(re.findall(r"^([a-z-]+):", makefile, re.M)) - {
        "help", "apt-build", "apt-demo", "apt-test", "apt-fresh", "apt-vm",
    }  # fmt: skip


EXAMPLES = re.findall(r"```toml\n(.*?)```", (TOP / "README.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_configuration_of_the_readme_is_right(tmp_path: Path, example: str) -> None:
    files = {
        "secret": "not a real one\n",
        "trunk-secret": "nor is this\n",
        "gateway.pem": FILES["server.pem"],
        "gateway.key": FILES["server.key"],
        "authorities.pem": FILES["server.pem"],
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / name).chmod(0o600)
    whole = re.sub(r"^# (\w+ = )", r"\1", example, flags=re.MULTILINE)
    for text in (example, whole):
        (tmp_path / "tipring.toml").write_text(text, "utf-8")
        assert config_file.check(tmp_path / "tipring.toml") == []
