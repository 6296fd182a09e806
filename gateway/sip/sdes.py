"""SRTP keys in SDP: a=crypto lines (RFC 4568, "SDES"; RFC 7714 for GCM), and who wants them.

The keys are as secret as the signalling that carries them. RTP/AVP with a=crypto, which RFC 4568
does not know and some phones send as "best effort", is plain RTP here; DTLS-SRTP and the feedback
profiles (RTP/SAVPF) are not spoken.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final, NamedTuple

from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable, SrtpPolicy
from gateway.sip.settings import Tokens

AVP: Final = "RTP/AVP"
SAVP: Final = "RTP/SAVP"

PROFILES: Final[dict[SrtpPolicy, tuple[str, ...]]] = {
    "off": (AVP,),
    "optional": (SAVP, AVP),
    "required": (SAVP,),
}
"""What each policy takes of an offer, best first; what is not named is refused, never replaced."""

# What we can: sections 6.2.1 and 6.2.2, and RFC 7714; with the bytes of master key and salt.
SUITES: Final = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
_TRIED: Final = "AES_CM_128_HMAC_SHA1_80"

# RFC 3261 section 20.43: incompatible transport protocol.
_TRANSPORT: Final = 302

# Section 9.1: "a=crypto:" tag 1*WSP crypto-suite 1*WSP key-params *(1*WSP session-param)
_CRYPTO = re.compile(r"([0-9]{1,9})[ \t]++([!-~]++)[ \t]++([!-~]++)((?:[ \t]++[!-~]++)*+)[ \t]*+")
# srtp-key-info = key-salt ["|" lifetime] ["|" mki], lifetime = ["2^"] 1*(DIGIT), mki with a ":"
_INLINE = re.compile(
    r"inline:([A-Za-z0-9+/]++={0,2})(?:\|((?:2\^)?[0-9]{1,15}))?(?:\|([0-9]++:[0-9]{1,3}))?",
    re.IGNORECASE,
)
# Section 6.3: what changes nothing for us. WSH is a hint, and a KDR of 0 the default; an unknown
# parameter may be ignored only when it begins with "-" (section 6.3.7).
_HARMLESS = re.compile(r"-[!-~]*|WSH=[0-9]{2,}|KDR=0", re.IGNORECASE)


class Crypto(NamedTuple):
    """One a=crypto line: `key` is what its sender will send with, salt included."""

    tag: str
    suite: str
    key: bytes

    def __repr__(self) -> str:
        return f"Crypto({self.tag!r}, {self.suite!r}, ...)"

    @property
    def line(self) -> str:
        """The line in SDP: no MKI and no lifetime (the longest is the default)."""
        return f"a=crypto:{self.tag} {self.suite} inline:{b64encode(self.key).decode('ascii')}"


class OurKeys:
    """Our keys in one call, one for each suite, made when first needed and then kept."""

    __slots__ = ("_made", "_tokens")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._made: dict[str, bytes] = {}

    def crypto(self, tag: str, suite: str) -> Crypto:
        """Our line for a suite."""
        key = self._made.get(suite)
        if key is None:
            key = self._made[suite] = bytes.fromhex(self._tokens.hex(SUITES[suite]))
        return Crypto(tag, suite, key)

    def renew(self) -> None:
        """Our address has changed: section 7.1.4 wants other keys with it."""
        self._made.clear()


def parse_crypto(value: str) -> Crypto:
    """The value of one a=crypto attribute. Raises NotAcceptable for what we cannot use.

    Of several keys without MKI the first is meant. A lifetime is the sender's own affair: it must
    have changed its key by then.
    """
    match = _CRYPTO.fullmatch(value)
    if match is None:
        raise _unusable("malformed")
    tag, suite = match[1], match[2].upper()
    if suite not in SUITES:
        raise _unusable("crypto suite not available")
    for parameter in match[4].split():
        if _HARMLESS.fullmatch(parameter) is None:
            raise _unusable(f"{parameter.partition('=')[0][:40]} not available")
    return Crypto(tag, suite, _key(match[3].partition(";")[0], SUITES[suite]))


def _key(text: str, size: int) -> bytes:
    match = _INLINE.fullmatch(text)
    # Some leave the padding out where RFC 7714's lengths need it.
    unpadded = "" if match is None else match[1].rstrip("=")
    if match is None or len(unpadded) % 4 == 1:
        raise _unusable("key malformed")
    if match[3] is not None:
        raise _unusable("MKI not available")
    key = b64decode(unpadded + "=" * (-len(unpadded) % 4))
    if len(key) != size:
        raise _unusable(f"key of {len(key)} bytes instead of {size}")
    return key


def _unusable(why: str) -> NotAcceptable:
    # What the peer wrote goes into a quoted string; quotes and backslashes would end it.
    return NotAcceptable(f"SRTP: {why}".replace("\\", "").replace('"', "'"), code=_TRANSPORT)


def choose(values: Iterable[str]) -> Crypto:
    """The line to take of an offer. Raises NotAcceptable, with what the first one lacks.

    Section 5.1.2: the first that we can, as the peer prefers. Only the suite that every peer has
    tried goes before, wherever it stands.
    """
    usable: list[Crypto] = []
    problem: NotAcceptable | None = None
    for value in values:
        try:
            usable.append(parse_crypto(value))
        except NotAcceptable as error:
            problem = problem or error
    if not usable:
        raise problem or _unusable("no a=crypto line")
    return next((crypto for crypto in usable if crypto.suite == _TRIED), usable[0])


def agreed(values: Iterable[str], ours: Crypto) -> Crypto:
    """The peer's line in its answer to `ours`. Raises NotAcceptable."""
    theirs = choose(values)
    if theirs.suite != ours.suite:
        raise _unusable("a suite that was not offered")
    if theirs.key == ours.key:
        # Section 6.1: one key for both directions encrypts two streams alike.
        raise _unusable("our own key came back")
    return theirs


def to_offer(
    local: LocalMedia, media: NegotiatedMedia | None, ours: OurKeys, *, secure: bool
) -> Crypto | None:
    """Our line in an offer of ours, None for plain RTP.

    What holds in the call goes on. A first offer has one m= line, since many peers dislike two:
    RTP/SAVP when SRTP is required, and when it is optional and the signalling is `secure` (TLS).
    """
    if media is not None:
        return ours.crypto("1", media.srtp.suite) if media.srtp is not None else None
    wanted = local.srtp == "required" or (local.srtp == "optional" and secure)
    return ours.crypto("1", _TRIED) if wanted else None
