"""Keys in SDP: lines, choices, and who takes or offers them."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip import LocalMedia, NotAcceptable, Srtp, offer_answer
from gateway.sip.media import SrtpPolicy
from gateway.sip.offering import accept_answer, offer_lines
from gateway.sip.sdes import SUITES, Crypto, OurKeys, choose, parse_crypto, to_offer

from .harness import CountingTokens

LOCAL = LocalMedia("203.0.113.5", 10000, session_id=7)
HEAD = "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\nc=IN IP4 198.51.100.1\nt=0 0\n"
KEY = bytes(range(30))
TEXT = b64encode(KEY).decode()
SHORT = b64encode(bytes(range(28))).decode()
LONG = b64encode(bytes(range(44))).decode()
AES_80, AES_32 = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
GCM_128, GCM_256 = "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"
AVP = "m=audio 4000 RTP/AVP 0\n"
SAVP = f"m=audio 4002 RTP/SAVP 0\na=crypto:1 {AES_80} inline:{TEXT}\n"

TAKEN = [
    (f"1 {AES_80} inline:{TEXT}", "1", AES_80, KEY),
    (f"007 {AES_80.lower()}  INLINE:{TEXT} ", "007", AES_80, KEY),
    (f"2 {AES_32} inline:{TEXT}|2^31", "2", AES_32, KEY),
    (f"3 {AES_80} inline:{TEXT}|1048576", "3", AES_80, KEY),
    (f"4 {AES_80} inline:{TEXT};inline:{TEXT[::-1]}", "4", AES_80, KEY),
    (f"5 {AES_80} inline:{TEXT} WSH=128 -x=y KDR=0", "5", AES_80, KEY),
    (f"6 {GCM_128} inline:{SHORT}", "6", GCM_128, bytes(range(28))),
    (f"6 {GCM_128} inline:{SHORT.rstrip('=')}", "6", GCM_128, bytes(range(28))),
    (f"7 {GCM_256} inline:{LONG}", "7", GCM_256, bytes(range(44))),
]


@pytest.mark.parametrize(("value", "tag", "suite", "key"), TAKEN)
def test_lines_that_are_taken(value: str, tag: str, suite: str, key: bytes) -> None:
    assert parse_crypto(value) == (tag, suite, key)


REFUSED = [
    ("", "malformed"),
    (f"x {AES_80} inline:{TEXT}", "malformed"),
    (f"1234567890 {AES_80} inline:{TEXT}", "malformed"),
    (f"1 {AES_80}", "malformed"),
    (f"1 F8_128_HMAC_SHA1_80 inline:{TEXT}", "crypto suite not available"),
    (f"1 AES_256_CM_HMAC_SHA1_80 inline:{LONG}", "crypto suite not available"),
    (f"1 {AES_80} outline:{TEXT}", "key malformed"),
    (f"1 {AES_80} inline:", "key malformed"),
    (f"1 {AES_80} inline:{TEXT}|", "key malformed"),
    (f"1 {AES_80} inline:{TEXT[:-2]}!!", "key malformed"),
    (f"1 {AES_80} inline:{TEXT[:-1]}", "key of 29 bytes instead of 30"),
    (f"1 {AES_80} inline:{TEXT[:-3]}", "key malformed"),
    (f"1 {AES_80} inline:{SHORT}", "key of 28 bytes instead of 30"),
    (f"1 {GCM_256} inline:{TEXT}", "key of 30 bytes instead of 44"),
    (f"1 {AES_80} inline:{TEXT}|1:4", "MKI not available"),
    (f"1 {AES_80} inline:{TEXT}|2^20|1:4", "MKI not available"),
    (f"1 {AES_80} inline:{TEXT}|2^20|1:4;inline:{TEXT}|2^20|2:4", "MKI not available"),
    (f"1 {AES_80} inline:{TEXT} UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP not available"),
    (f"1 {AES_80} inline:{TEXT} UNENCRYPTED_SRTCP", "UNENCRYPTED_SRTCP not available"),
    (f"1 {AES_80} inline:{TEXT} WSH=64 UNAUTHENTICATED_SRTP", "UNAUTHENTICATED_SRTP not"),
    (f"1 {AES_80} inline:{TEXT} KDR=1", "KDR not available"),
    (f"1 {AES_80} inline:{TEXT} FEC_ORDER=FEC_SRTP", "FEC_ORDER not available"),
    (f'1 {AES_80} inline:{TEXT} a"b\\c', "a'bc not available"),
]


@pytest.mark.parametrize(("value", "why"), REFUSED)
def test_lines_that_are_not(value: str, why: str) -> None:
    with pytest.raises(NotAcceptable, match=why) as caught:
        parse_crypto(value)
    assert caught.value.status == 488
    assert caught.value.warning.startswith('302 tipring "SRTP: ')
    assert TEXT not in str(caught.value)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_nothing_else_escapes(value: str) -> None:
    for text in (value, f"1 {AES_80} {value}", f"1 {AES_80} inline:{TEXT} {value}"):
        with suppress(NotAcceptable):
            parse_crypto(text)


@given(st.sampled_from(sorted(SUITES)), st.data())
def test_our_lines_are_read_back(suite: str, data: st.DataObject) -> None:
    size = SUITES[suite]
    crypto = Crypto("9", suite, data.draw(st.binary(min_size=size, max_size=size)))
    name, _, value = crypto.line.removeprefix("a=").partition(":")
    assert name == "crypto"
    assert parse_crypto(value) == crypto
    assert not any(text in value.removeprefix("9") for text in ("|", "^"))


def test_the_lines_of_real_calls_are_read(captures: Path) -> None:
    for number in ("03", "07", "08", "10"):
        (file,) = captures.glob(f"{number}_*")
        body = file.read_text("utf-8").replace("\r\n", "\n")
        (line,) = [line for line in body.split("\n") if line.startswith("a=crypto:")]
        crypto = parse_crypto(line.removeprefix("a=crypto:"))
        assert (crypto.tag, crypto.suite, len(crypto.key)) == ("1", AES_80, 30)
        assert crypto.line == line


@pytest.mark.parametrize(
    ("suites", "chosen"),
    [
        ([AES_32, AES_80], AES_80),
        ([GCM_256, AES_32], GCM_256),
        ([AES_32, GCM_256], AES_32),
        ([GCM_256, GCM_128, AES_80], AES_80),
        ([GCM_256, GCM_128], GCM_256),
        (["AES_192_CM_HMAC_SHA1_80", GCM_256], GCM_256),
    ],
)
def test_the_tried_suite_else_the_first(suites: list[str], chosen: str) -> None:
    texts = {AES_80: TEXT, AES_32: TEXT, GCM_128: SHORT, GCM_256: LONG}
    lines = [f"{n} {suite} inline:{texts.get(suite, TEXT)}" for n, suite in enumerate(suites)]
    crypto = choose(lines)
    assert (crypto.suite, crypto.tag) == (chosen, str(suites.index(chosen)))


def test_the_first_problem_is_told() -> None:
    with pytest.raises(NotAcceptable, match="no a=crypto line"):
        choose([])
    with pytest.raises(NotAcceptable, match="MKI"):
        choose([f"1 {AES_80} inline:{TEXT}|1:4", "nonsense"])


def test_our_keys_stay_until_they_are_renewed() -> None:
    keys = OurKeys(CountingTokens())
    first, other = keys.crypto("1", AES_80), keys.crypto("2", GCM_256)
    assert (len(first.key), len(other.key)) == (30, 44)
    assert keys.crypto("7", AES_80) == ("7", AES_80, first.key)
    keys.renew()
    assert keys.crypto("1", AES_80).key != first.key
    assert OurKeys(CountingTokens()).crypto("1", AES_80).key == first.key


def test_keys_are_not_shown() -> None:
    for shown in (Crypto("1", AES_80, b"secret" * 5), Srtp(AES_80, b"secret" * 5, b"secret" * 5)):
        assert AES_80 in repr(shown)
        assert "secret" not in repr(shown)


# --- what a policy makes of an offer -----------------------------------------------------------

MKI = f"m=audio 4002 RTP/SAVP 0\na=crypto:1 {AES_80} inline:{TEXT}|1:4\n"
NO_KEY = "m=audio 4002 RTP/SAVP 0\n"
VIDEO_CODEC = f"m=audio 4002 RTP/SAVP 31\na=crypto:1 {AES_80} inline:{TEXT}\n"
FEEDBACK = SAVP.replace("RTP/SAVP", "RTP/SAVPF")
DTLS = SAVP.replace("RTP/SAVP", "UDP/TLS/RTP/SAVP")
BEST_EFFORT = AVP + f"a=crypto:1 {AES_80} inline:{TEXT}\n"
ONLY_AVP, ONLY_SAVP, EITHER = "RTP/AVP only", "RTP/SAVP only", "RTP/SAVP and RTP/AVP only"

POLICIES: list[tuple[str, str, SrtpPolicy, list[str] | str]] = [
    ("secured", SAVP, "off", ONLY_AVP),
    ("secured", SAVP, "optional", ["SAVP"]),
    ("secured", SAVP, "required", ["SAVP"]),
    ("plain", AVP, "off", ["AVP"]),
    ("plain", AVP, "optional", ["AVP"]),
    ("plain", AVP, "required", ONLY_SAVP),
    ("both", AVP + SAVP, "off", ["AVP", "0"]),
    ("both", AVP + SAVP, "optional", ["0", "SAVP"]),
    ("both", AVP + SAVP, "required", ["0", "SAVP"]),
    ("both, secured first", SAVP + AVP, "off", ["0", "AVP"]),
    ("both, secured first", SAVP + AVP, "optional", ["SAVP", "0"]),
    ("both, but no key for us", MKI + AVP, "optional", ["0", "AVP"]),
    ("both, but no key for us", MKI + AVP, "required", "MKI not available"),
    ("both, but no codec in common", VIDEO_CODEC + AVP, "optional", ["0", "AVP"]),
    ("both, but no codec in common", VIDEO_CODEC + AVP, "required", "No common codec"),
    ("no key at all", NO_KEY, "optional", "no a=crypto line"),
    ("best effort", BEST_EFFORT, "off", ["AVP"]),
    ("best effort", BEST_EFFORT, "optional", ["AVP"]),
    ("best effort", BEST_EFFORT, "required", ONLY_SAVP),
    ("with feedback", FEEDBACK, "optional", EITHER),
    ("DTLS", DTLS, "required", ONLY_SAVP),
]


@pytest.mark.parametrize(("name", "offered", "policy", "wanted"), POLICIES)
def test_policies(name: str, offered: str, policy: SrtpPolicy, wanted: list[str] | str) -> None:
    local, keys = replace(LOCAL, srtp=policy), OurKeys(CountingTokens())
    offer = offer_answer.read((HEAD + offered).encode())
    if isinstance(wanted, str):
        with pytest.raises(NotAcceptable, match=wanted) as caught:
            offer_answer.settle(offer, local, keys)
        assert caught.value.status == 488
        return
    settled = offer_answer.settle(offer, local, keys)
    lines = offer_answer.answer_lines(offer, settled, local)
    m_lines = [line.split() for line in lines if line.startswith("m=")]
    assert [protocol.removeprefix("RTP/") if port != "0" else "0"
            for _, port, protocol, *_ in m_lines] == wanted  # fmt: skip
    crypto = [line for line in lines if line.startswith("a=crypto")]
    if "SAVP" in wanted:
        assert crypto == [keys.crypto("1", AES_80).line]
        assert settled.media.srtp == (AES_80, keys.crypto("1", AES_80).key, KEY)
    else:
        assert (crypto, settled.media.srtp) == ([], None)


# --- our own offers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "secure", "protocol"),
    [
        ("off", True, "RTP/AVP"),
        ("optional", False, "RTP/AVP"),
        ("optional", True, "RTP/SAVP"),
        ("required", False, "RTP/SAVP"),
        ("required", True, "RTP/SAVP"),
    ],
)
def test_our_offer(policy: SrtpPolicy, secure: bool, protocol: str) -> None:
    local, keys = replace(LOCAL, srtp=policy), OurKeys(CountingTokens())
    lines = offer_lines(local, crypto=to_offer(local, None, keys, secure=secure))
    assert lines[0] == f"m=audio 10000 {protocol} 0 8 101"
    crypto = [line for line in lines if line.startswith("a=crypto")]
    assert crypto == ([keys.crypto("1", AES_80).line] if protocol == "RTP/SAVP" else [])


@pytest.mark.parametrize("suite", [None, AES_80, GCM_128])
def test_what_holds_is_offered_again(suite: str | None) -> None:
    local, keys = replace(LOCAL, srtp="optional"), OurKeys(CountingTokens())
    media = offer_answer.settle(offer_answer.read((HEAD + AVP).encode()), local).media
    if suite is not None:
        media = replace(media, srtp=Srtp(suite, keys.crypto("3", suite).key, KEY))
    crypto = to_offer(local, media, keys, secure=suite is None)
    assert crypto == (None if suite is None else keys.crypto("1", suite))


ANSWERS: list[tuple[str, bool, str | None]] = [
    (SAVP, True, None),
    (SAVP.replace("crypto:1", "crypto:9"), True, None),
    (AVP, True, "refuses our audio"),
    (NO_KEY, True, "no a=crypto line"),
    (SAVP.replace(AES_80, AES_32), True, "a suite that was not offered"),
    (SAVP.replace(TEXT, "{ours}"), True, "our own key came back"),
    (MKI, True, "MKI not available"),
    (SAVP.replace("4002", "0"), True, "refuses our audio"),
    (AVP, False, None),
    (SAVP, False, "refuses our audio"),
]


@pytest.mark.parametrize(("answered", "secured", "why"), ANSWERS)
def test_an_answer_to_our_offer(answered: str, secured: bool, why: str | None) -> None:
    ours = OurKeys(CountingTokens()).crypto("1", AES_80)
    body = HEAD + answered.replace("{ours}", b64encode(ours.key).decode())
    answer = offer_answer.read(body.encode())
    if why is not None:
        with pytest.raises(NotAcceptable, match=why):
            accept_answer(answer, LOCAL, crypto=ours if secured else None)
        return
    media = accept_answer(answer, LOCAL, crypto=ours if secured else None)
    assert media.srtp == ((AES_80, ours.key, KEY) if secured else None)
