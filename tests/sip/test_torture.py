"""The messages of RFC 4475: what the parser says, what they mean, and what a stack answers.

Our own rows in its manner need nothing; the RFC's own messages are read where they are installed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.errors import RemoteProtocolError
from gateway.sip import Request, Response, parse

from .conftest import shared_data
from .torture import assert_answered, assert_read, case_name
from .torture_meanings import MEANINGS
from .torture_rows import RFC_4475, Case, Meaning


@pytest.mark.parametrize("case", RFC_4475, ids=case_name)
def test_reading(case: Case) -> None:
    assert_read(case)


@pytest.mark.parametrize("case", RFC_4475, ids=case_name)
def test_answering(case: Case) -> None:
    assert_answered(case.data, case.answers)


# --- the RFC's own messages ----------------------------------------------------------------------

_FOLDER = shared_data("torture")


def _rows() -> list[dict[str, str]]:
    if _FOLDER is None:
        return []
    with (_FOLDER / "MANIFEST.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


ROWS = _rows()
installed = pytest.mark.skipif(not ROWS, reason="no shared messages (TIPRING_SHARED_DATA)")


def _name(row: dict[str, str]) -> str:
    return Path(row["file"]).name


def _data(name: str) -> bytes:
    assert _FOLDER is not None
    return (_FOLDER / name).read_bytes()


@installed
@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_parser(row: dict[str, str]) -> None:
    """`reject`: with the status that the RFC gives, where it gives one."""
    try:
        message = parse(_data(_name(row)))
    except RemoteProtocolError as error:
        assert row["parser"] in {"reject", "either"}
        if row["uas_accept_codes"] != "drop":
            hint = error.status_hint
            assert str(hint) in row["uas_accept_codes"].split("|")
    else:
        assert row["parser"] in {"accept", "either"}
        assert isinstance(message, Request if row["kind"] == "request" else Response)


@installed
@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_answer(row: dict[str, str]) -> None:
    assert_answered(_data(_name(row)), row["uas_accept_codes"])


@installed
@pytest.mark.parametrize(
    ("name", "meaning", "expected"), MEANINGS, ids=[row[0] for row in MEANINGS]
)
def test_meaning(name: str, meaning: Meaning, expected: object) -> None:
    assert meaning(parse(_data(f"{name}.dat"))) == expected


@installed
def test_every_good_message_has_its_meaning_told() -> None:
    told = {f"{name}.dat" for name, _, _ in MEANINGS}
    assert {_name(row) for row in ROWS if row["parser"] == "accept"} <= told
