"""X-Twilio-CallSid, -AccountSid and -ApiVersion: read and checked, never a reason to refuse."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.sip.headers import Headers
from gateway.sip.uri import readable

# 34 characters: a prefix of two letters and 32 more. Hex in practice; letters are let through.
_SIDS = {
    "X-Twilio-CallSid": re.compile(r"CA[0-9A-Za-z]{32}"),
    "X-Twilio-AccountSid": re.compile(r"AC[0-9A-Za-z]{32}"),
}


class TwilioIds(NamedTuple):
    """The identifiers, "" when missing or unusable; `problems` says in words what was wrong."""

    call_sid: str = ""
    account_sid: str = ""
    api_version: str = ""
    problems: tuple[str, ...] = ()


def read_ids(headers: Headers) -> TwilioIds:
    """The identifiers of one message."""
    problems: list[str] = []
    call_sid, account_sid = (_sid(headers, name, problems) for name in _SIDS)
    version = headers.get("X-Twilio-ApiVersion") or ""
    return TwilioIds(call_sid, account_sid, readable(version)[:32], tuple(problems))


def _sid(headers: Headers, name: str, problems: list[str]) -> str:
    values = headers.get_all(name)
    good = [value for value in values if _SIDS[name].fullmatch(value)]
    if len(good) != len(values):
        problems.append(f"{name} is not 34 characters beginning with {_SIDS[name].pattern[:2]}")
    if len(values) > 1:
        problems.append(f"{name} comes {len(values)} times")
    return good[0] if good else ""


def merge(known: TwilioIds, later: TwilioIds) -> TwilioIds:
    """What a later message of the same call (ACK, BYE) adds; what is known stays."""
    return TwilioIds(
        known.call_sid or later.call_sid,
        known.account_sid or later.account_sid,
        known.api_version or later.api_version,
        known.problems,
    )
