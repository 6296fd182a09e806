"""The digits of RFC 4733, by their codes."""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789*#ABCD"
"""The digits by their event codes (RFC 4733 table 3)."""
