"""The line of a key, by rows."""

from __future__ import annotations

import pytest

from gateway.service.problems import Key
from gateway.service.toml_lines import KeyLines

TEXT = '''\
top = 1
[sip]   # a comment with [brackets]
listen = [
    "udp:[::]:5060",  # ] not the end
    "not = a key",
]
"quoted key" = 2
[sip.limits]
headers = """
[rtp]
headers = 5
"""
transactions = 3
[[line]]
name = "a]"
audio.capture = "x"
[line.deep]
key = 1
[[line]]
name = 'b'
inline = { a = 1, b = [2,
  3] }
[rtp]
ports = [1, 2]
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("top",), 1),
        (("sip",), 2),
        (("sip", "listen"), 3),
        (("sip", "listen", 1), 3),
        (("sip", "quoted key"), 7),
        (("sip", "limits"), 8),
        (("sip", "limits", "headers"), 9),
        (("sip", "limits", "transactions"), 13),
        (("line",), 14),
        (("line", 0, "name"), 15),
        (("line", 0, "audio", "capture"), 16),
        (("line", 0, "deep"), 17),
        (("line", 0, "deep", "key"), 18),
        (("line", 1), 19),
        (("line", 1, "name"), 20),
        (("line", 1, "inline", "b"), 21),
        (("rtp", "ports"), 24),
        (("rtp", "missing"), 23),
        (("missing",), 0),
        ((), 0),
    ],
)
def test_line_of(key: Key, line: int) -> None:
    assert KeyLines(TEXT).line_of(key) == line
