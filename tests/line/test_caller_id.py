"""Caller-ID messages: bytes as displays read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.caller_id import (
    LONGEST_NAME,
    MOST_DIGITS,
    CallerIdentity,
    LocalTime,
    message_waiting,
    multiple_data_message,
    number_in_keys,
    shown_name,
    single_data_message,
)
from gateway.line.display import DtmfWords

WHEN = LocalTime(month=11, day=26, hour=9, minute=5)
TIME = "0108" + b"11260905".hex()


def parameters(message: bytes) -> dict[int, bytes]:
    """A second opinion: reads an MDMF message as a display does."""
    assert sum(message) % 256 == 0
    assert message[1] == len(message) - 3
    found: dict[int, bytes] = {}
    rest = message[2:-1]
    while rest:
        kind, length = rest[0], rest[1]
        found[kind] = rest[2 : 2 + length]
        assert len(found[kind]) == length
        rest = rest[2 + length :]
    return found


@pytest.mark.parametrize(
    ("who", "after_time"),
    [
        (
            CallerIdentity("+15551234567", "Alice"),
            "020c" + b"+15551234567".hex() + "0705416c696365",
        ),
        (CallerIdentity("5551234"), "0207" + b"5551234".hex() + "08014f"),
        (CallerIdentity(name="Alice"), "04014f" + "0705416c696365"),
        (CallerIdentity(absence="private"), "040150" + "080150"),
        (CallerIdentity("(555) 12-34", "Zoë  K."), "0207" + b"5551234".hex() + "07065a6f65204b2e"),
    ],
)
def test_call_set_up(who: CallerIdentity, after_time: str) -> None:
    message = multiple_data_message(who, WHEN)
    assert message[0] == 0x80
    assert message[2:-1].hex() == TIME + after_time
    assert sum(message) % 256 == 0


@pytest.mark.parametrize(
    ("who", "number"),
    [
        (CallerIdentity("5551234", "Alice"), b"5551234"),
        (CallerIdentity(), b"O"),
        (CallerIdentity(absence="private"), b"P"),
    ],
)
def test_single_data_message(who: CallerIdentity, number: bytes) -> None:
    message = single_data_message(who, WHEN)
    assert message[:2] == bytes([4, 8 + len(number)])
    assert message[2:-1] == b"11260905" + number
    assert sum(message) % 256 == 0


@pytest.mark.parametrize(("waiting", "data"), [(True, b"\xff"), (False, b"\x00")])
def test_message_waiting(waiting: bool, data: bytes) -> None:
    message = message_waiting(waiting)
    assert message[0] == 0x82
    assert parameters(message) == {0x0B: data}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jürgen Groß", "Jurgen Gross"),
        ("Søren Łukasz", "Soren Lukasz"),
        ("François", "Francois"),
        ("Юрий", "????"),
        ("a\tb\x00c", "a b c"),
    ],
)
def test_a_display_has_no_marks_on_its_letters(name: str, shown: str) -> None:
    assert shown_name(name) == shown.encode()


@pytest.mark.parametrize(
    ("who", "keys"),
    [
        (CallerIdentity("+46 8 7131000", "Anna"), "A4687131000C"),
        (CallerIdentity("1" * 30), "A" + "1" * 20 + "C"),
        (CallerIdentity(name="Anna"), "B00C"),
        (CallerIdentity(absence="private"), "B10C"),
        (CallerIdentity("*#"), "B00C"),
    ],
)
def test_a_number_in_keys(who: CallerIdentity, keys: str) -> None:
    assert number_in_keys(who, DtmfWords()) == keys


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_name_and_number_fit_a_display(number: str, name: str) -> None:
    found = parameters(multiple_data_message(CallerIdentity(number, name), WHEN))
    assert len(found.get(0x02, b"")) <= MOST_DIGITS
    assert len(found.get(0x07, b"")) <= LONGEST_NAME
    assert all(0x20 <= byte < 0x7F for data in found.values() for byte in data)


@pytest.mark.parametrize("when", [(13, 1, 0, 0), (1, 0, 0, 0), (1, 1, 24, 0), (1, 1, 0, 60)])
def test_no_such_time(when: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no time"):
        LocalTime(*when)
