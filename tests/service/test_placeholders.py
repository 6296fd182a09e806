"""X- headers filled with a call's facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.service.placeholders import MAX_BLOCK, WIDTHS, HeaderTemplates, block_size

FACTS = {
    "line": "phone1",
    "reason": "busy",
    "status": "486",
    "call": "a1b2c3d4",
    "sid": "CA" + "0" * 32,
    "duration": "61",
    "codec": "PCMU",
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{line}", "phone1"),
        ("{reason}/{status}", "busy/486"),
        ("call={call};sid={sid}", "call=a1b2c3d4;sid=CA" + "0" * 32),
        ("fixed", "fixed"),
        ("", ""),
        (" {codec} ", "PCMU"),
    ],
)
def test_render(template: str, value: str) -> None:
    assert HeaderTemplates({"X-A": template}).render(FACTS) == [("X-A", value)]


def test_headers_keep_order_and_casing_and_unknown_facts_are_empty() -> None:
    templates = HeaderTemplates({"X-b": "{line}", "X-A": "{duration}s"})
    assert templates.render({}) == [("X-b", ""), ("X-A", "s")]


@pytest.mark.parametrize(
    ("fact", "value"),
    [("a\r\nVia: evil", "aVia: evil"), ("é\x00x\x7f", "x"), ("y" * 100, "y" * WIDTHS["reason"])],
)
def test_a_fact_cannot_break_the_line(fact: str, value: str) -> None:
    assert HeaderTemplates({"X-A": "{reason}"}).render({"reason": fact}) == [("X-A", value)]


@given(st.dictionaries(st.sampled_from(sorted(WIDTHS)), st.text()))
def test_no_facts_make_the_block_longer_than_was_checked(facts: dict[str, str]) -> None:
    headers = {f"X-{key}": f"<{{{key}}}>" for key in WIDTHS}
    rendered = HeaderTemplates(headers).render(facts)
    size = sum(len(f"{name}: {value}\r\n") for name, value in rendered)
    assert size <= block_size(headers) < MAX_BLOCK
    assert all(value.isascii() and value.isprintable() for _, value in rendered)
