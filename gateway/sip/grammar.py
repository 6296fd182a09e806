"""The lexical rules that several headers share (RFC 3261 section 25.1), and header names.

Every regex here runs in linear time: repetitions are possessive (`*+`, `++`), so a text that does
not match is given up at once instead of being tried again in every other way.
"""

from __future__ import annotations

import re

# token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]"  # noqa: S105 (a lexical token)

# LWS = [*WSP CRLF] 1*WSP; lines are unfolded before anything here sees them.
LWS = r"[ \t]*+"

# quoted-string = SWS DQUOTE *(qdtext / quoted-pair) DQUOTE
QUOTED = r'"(?:[^"\\]++|\\.)*+"'

# host = hostname / IPv4address / IPv6reference; an underscore is seen in real host names.
HOST = r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9._\-]++)"

# generic-param = token [ EQUAL gen-value ]; gen-value = token / host / quoted-string
# Wider than the standard: any visible ASCII but the separators `" , ; < > \`, since tags with `=`
# or `/` and bare IPv6 in received= are common.
GENERIC_VALUE = r"[!#-+\--:=?-\[\]-~]"
PARAMS = rf"(?:{LWS};{LWS}{TOKEN}++(?:{LWS}={LWS}(?:{QUOTED}|{GENERIC_VALUE}++))?+)*+"

is_visible = re.compile(r"[!-~]++").fullmatch
is_token = re.compile(rf"{TOKEN}++", re.ASCII).fullmatch

# ;name, ;name=value or ;name="quoted value", inside a text that PARAMS has already accepted.
_PARAM = re.compile(rf"{LWS};{LWS}({TOKEN}++)(?:{LWS}={LWS}({QUOTED}|{GENERIC_VALUE}++))?+")

# RFC 3261 section 7.3.3, RFC 3515, 3892, 3903, 4028, 4474, 6665: the compact forms.
COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

_WELL_KNOWN = """
    Accept Accept-Encoding Accept-Language Alert-Info Allow Authorization Call-ID Call-Info
    Contact Content-Disposition Content-Encoding Content-Length Content-Type CSeq Date Diversion
    Event Expires From In-Reply-To Max-Forwards Min-Expires Min-SE Organization
    P-Asserted-Identity P-Preferred-Identity P-Called-Party-ID Priority Privacy
    Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route Referred-By
    Refer-To Remote-Party-ID Reply-To Replaces Require Retry-After Route RSeq Server
    Session-Expires Subject Supported Timestamp To Unsupported User-Agent User-to-User Via
    Warning WWW-Authenticate X-Twilio-AccountSid X-Twilio-ApiVersion X-Twilio-CallSid
""".split()  # noqa: SIM905 (a list of names reads better without quotes)

# Spelling -> key. A fixed table, never a cache: a peer must not be able to make it grow.
KNOWN_NAMES = {
    **{name: name.lower() for name in _WELL_KNOWN},
    **{name.lower(): name.lower() for name in _WELL_KNOWN},
    **COMPACT,
    **{short.upper(): full for short, full in COMPACT.items()},
}


def header_key(name: str) -> str:
    """The form under which a header is looked up: lower case, compact forms written out."""
    key = KNOWN_NAMES.get(name)
    if key is None:
        key = name.lower()
    return key


def split_params(text: str) -> dict[str, str | None]:
    """The parameters of a text that PARAMS accepts, names as written, values still quoted."""
    if '"' in text or " " in text or "\t" in text:
        return {name: value or None for name, value in _PARAM.findall(text)}
    params: dict[str, str | None] = {}
    # The plain case at a third of the price: nothing but separators to look for.
    for part in text[1:].split(";") if text else ():
        name, _, value = part.partition("=")
        params[name] = value or None
    return params


def count_params(text: str) -> int:
    """How many parameters `text` has, repeated names counted each time."""
    return len(_PARAM.findall(text))


def param(params: dict[str, str | None], name: str) -> str | None:
    """A parameter's value by its lower-case name; names compare without regard to case."""
    if name in params:
        return params[name]
    for other, value in params.items():
        if other.lower() == name:
            return value
    return None


def has_param(params: dict[str, str | None], name: str) -> bool:
    """Whether the parameter is there at all, with or without a value."""
    return name in params or any(other.lower() == name for other in params)


def join_params(params: dict[str, str | None]) -> str:
    """`;name=value` for each parameter, in order."""
    text = ""
    for name, value in params.items():
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def unquote(value: str) -> str:
    """The text inside a quoted-string, quoted pairs resolved; anything else as it is."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) if "\\" in inner else inner


def quote(text: str) -> str:
    """`text` as a quoted-string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def split_list(value: str) -> list[str]:
    """The elements of a comma-separated header value; commas in quotes and <> do not count."""
    if "," not in value:
        return [value] if value else []
    if '"' not in value and "<" not in value:
        return _filled(value.split(","))
    parts: list[str] = []
    start = 0
    quoted = bracket = escaped = False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            bracket = True
        elif char == ">":
            bracket = False
        elif char == "," and not bracket:
            parts.append(value[start:at])
            start = at + 1
    parts.append(value[start:])
    return _filled(parts)


def _filled(parts: list[str]) -> list[str]:
    """Without white space around them, and without empty ones."""
    return [part for part in [part.strip(" \t") for part in parts] if part]
