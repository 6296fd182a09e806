"""The configuration file: what is read, and the text of every error, by rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.service.config import Audio, Config, Limits, Listen
from gateway.service.config_file import check, load, read
from gateway.service.problems import ConfigProblems

LINE = '[[line]]\nname = "phone1"\ndriver = "simulated"\nusers = ["alice"]\n'

WHOLE = """\
[sip]
listen = ["udp:0.0.0.0:5060", "udp:[::1]:5062"]
public_address = "gw.example.com"
allow_from = ["twilio", "lan", "127.0.0.0/8", "2001:db8::/32"]
profile = "twilio"

[sip.limits]
message_bytes = 8192
transactions = 50

[sip.inbound_auth]
realm = "tipring"
users = [
    { username = "alice", password_file = "secret" },
    { username = "bob", password = "pa55" },
]

[sip.response_headers]
ok = { "X-Gateway-Line" = "{line}" }
final = { "X-Gateway-Reason" = "{reason}", "X-Fixed" = "yes" }

[rtp]
ports = [12000, 12019]
srtp = "off"
dscp = 0
timeout_s = 0
allow_from = ["twilio-media"]

[[line]]
name = "phone1"
driver = "simulated"
auto_answer_s = 0.5
users = ["alice", "+15551234567"]
country = "de"
audio = { capture = "default", playback = "plughw:CARD=Device" }

[[line]]
name = "phone2"
driver = "simulated"
users = ["*"]
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "secret").chmod(0o600)
    file = tmp_path / "tipring.toml"
    file.touch(mode=0o644)
    file.chmod(0o644)
    return file


def problems_of(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [str(problem).removeprefix(f"{path}:") for problem in check(path)]


def test_a_whole_file_is_read(written: Path) -> None:
    written.write_text(WHOLE)
    written.chmod(0o640)
    config = load(written)
    assert check(written) == []
    assert config.sip.listeners() == (
        Listen("udp", "0.0.0.0", 5060),
        Listen("udp", "::1", 5062),
    )
    assert config.sip.limits == Limits(message_bytes=8192, transactions=50)
    assert config.sip.inbound_auth is not None
    passwords = config.sip.inbound_auth.passwords()
    assert {name: secret.reveal() for name, secret in passwords.items()} == {
        "alice": "s3cret",
        "bob": "pa55",
    }
    assert config.sip.response_headers.final == {"X-Gateway-Reason": "{reason}", "X-Fixed": "yes"}
    assert config.rtp.ports == (12000, 12019)
    assert config.rtp.timeout_s == 0
    assert config.line[0].audio == Audio(capture="default", playback="plughw:CARD=Device")
    assert config.line[0].auto_answer_s == 0.5


def test_what_is_left_out_has_the_documented_default(written: Path) -> None:
    written.write_text(LINE)
    config = load(written)
    assert config.sip.listen == ("udp:0.0.0.0:5060",)
    assert config.sip.public_address == "auto"
    assert config.sip.allow_from == ("twilio", "127.0.0.0/8")
    assert config.sip.inbound_auth is None
    assert (config.rtp.ports, config.rtp.srtp) == ((10000, 10099), "off")
    assert (config.rtp.dscp, config.rtp.timeout_s) == (46, 60)
    assert config.rtp.allow_from == ()
    assert (config.line[0].country, config.line[0].audio) == ("us", None)


@pytest.mark.parametrize(
    ("user", "line"),
    [
        ("alice", "phone1"),
        ("+15551234567", "phone1"),
        ("Alice", "phone2"),
        ("bob", "phone2"),
        ("", "phone2"),
    ],
)
def test_the_first_line_in_file_order_that_takes_the_user_rings(
    written: Path, user: str, line: str
) -> None:
    written.write_text(WHOLE)
    found = load(written).line_for(user)
    assert found is not None
    assert found.name == line


def test_without_a_star_an_unknown_user_rings_nothing(written: Path) -> None:
    written.write_text(LINE)
    config = load(written)
    assert (config.line_for("bob"), config.line_for("")) == (None, None)


def test_no_password_shows_anywhere(written: Path) -> None:
    written.write_text(WHOLE)
    shown = repr(load(written)) + str(load(written).sip)
    assert "pa55" not in shown
    assert "s3cret" not in shown


ERRORS = [
    # (file, the start of the problem: line, key, text)
    ("", " no lines; at least one [[line]] is needed"),
    ("line = []", " no lines; at least one [[line]] is needed"),
    ("[sip", "1: not TOML: "),
    ("a = 1\na = 2\n", "2: not TOML: Cannot overwrite a value"),
    (
        LINE + "[sip]\nlisten = [1]",
        "6: sip.listen: [1] is not allowed; allowed is a list of strings",
    ),
    (LINE + "[sip]\nlisten = []", '6: sip.listen: it is empty; allowed is a list as ["udp:0.0'),
    (LINE + '[sip]\nlisten = ["udp:5060"]', "6: sip.listen[0]: 'udp:5060' is no listener; allowed"),
    (LINE + '[sip]\nlisten = ["udp:::1:5060"]', "6: sip.listen[0]: 'udp:::1:5060': an IPv6 addre"),
    (
        LINE + '[sip]\nlisten = ["udp:1.2.3.4:0"]',
        "6: sip.listen[0]: 'udp:1.2.3.4:0': allowed is a p",
    ),
    (LINE + '[sip]\nlisten = ["udp:host:5060"]', "6: sip.listen[0]: 'host' is no IP address"),
    (
        LINE + '[sip]\nlisten = ["tcp:0.0.0.0:5060"]',
        "6: sip.listen[0]: tcp: is not available in this",
    ),
    (LINE + '[sip]\nlisten = ["tls:[::]:5061"]', "6: sip.listen[0]: tls: is not available in this"),
    (
        LINE + '[sip]\nlisten = [\n  "udp:0.0.0.0:5060",\n  "udp:127.0.0.1:5060",\n]',
        "6: sip.listen[1]: port 5060 of 127.0.0.1 is listed twice",
    ),
    (
        LINE + '[sip]\nlisten = ["udp:0.0.0.0:10001"]',
        "6: sip.listen[0]: port 10001 is inside rtp.po",
    ),
    (
        LINE + '[sip]\npublic_address = "0.0.0.0"',
        "6: sip.public_address: nobody can send to 0.0.0.0",
    ),
    (
        LINE + '[sip]\npublic_address = "a_b c"',
        '6: sip.public_address: "a_b c" is not allowed; all',
    ),
    (
        LINE + '[sip]\nallow_from = ["10.0.0.1/8"]',
        "6: sip.allow_from[0]: '10.0.0.1/8' has bits set",
    ),
    (
        LINE + '[sip]\nallow_from = ["twilo"]',
        "6: sip.allow_from[0]: no list is named 'twilo'; ther",
    ),
    (
        LINE + '[sip]\nallow_from = "lan"',
        '6: sip.allow_from: "lan" is not allowed; allowed is a lis',
    ),
    (
        LINE + '[sip]\nprofile = "full"',
        '6: sip.profile: "full" is not available in this version; a',
    ),
    (LINE + '[sip]\nprofile = "x"', '6: sip.profile: "x" is not allowed; allowed is "twilio"'),
    (LINE + '[sip.tls]\nkey = "x"', "5: sip.tls: not available in this version"),
    (
        LINE + "[sip.limits]\nconnections = 5",
        "6: sip.limits.connections: not available in this ver",
    ),
    (
        LINE + "[sip.limits]\nmessage_bytes = 1",
        "6: sip.limits.message_bytes: 1 is not allowed; all",
    ),
    (
        LINE + "[sip.limits]\nheaders = true",
        "6: sip.limits.headers: true is not allowed; allowed i",
    ),
    (LINE + "[sip]\nlisen = []", "6: sip.lisen: unknown key; did you mean 'listen'?"),
    (LINE + "[spi]\nlisten = []", "5: spi: unknown key; did you mean 'sip'?"),
    (
        LINE + 'listen = ["udp:0.0.0.0:5060"]',
        "5: line[0].listen: unknown key; did you mean sip.listen?",
    ),
    (
        "allow_from = []\n" + LINE,
        "1: allow_from: unknown key; did you mean rtp.allow_from or sip.allow_from?",
    ),
    (
        LINE + "[rtp]\nzzz = 1",
        "6: rtp.zzz: unknown key; allowed are ports, srtp, dscp, timeout_s, al",
    ),
    (LINE + 'sip = "x"', "5: line[0].sip: unknown key; allowed are"),
    ('sip = "x"\n' + LINE, '1: sip: "x" is not allowed; allowed is a table'),
    ("line = 5", "1: line: 5 is not allowed; allowed is a list of tables"),
    ("line = [5]", "1: line[0]: 5 is not allowed; allowed is a table"),
    (LINE + "[sip.inbound_auth]\nusers = []", "6: sip.inbound_auth.users: no users: every call wo"),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ username = "a" }]',
        "6: sip.inbound_auth.users[0]: either password or password_file is needed, and not both",
    ),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ username = "a", password = "" }]',
        "6: sip.inbound_auth.users[0].password: the password is empty",
    ),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ username = "a", password = 123456 }]',
        "6: sip.inbound_auth.users[0].password: this value is not allowed; allowed is a string",
    ),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ password = "x" }]',
        "6: sip.inbound_auth.users[0]: username is missing; it must be a user name",
    ),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ username = "a", password_file = "none" }]',
        "6: sip.inbound_auth.users[0].password_file: there is no password file 'none' in ",
    ),
    (
        LINE
        + '[sip.inbound_auth]\nusers = [{ username = "a", password = "x" },'
        + ' { username = "a", password = "y" }]',
        '6: sip.inbound_auth.users[1]: the user name "a" is used twice',
    ),
    (
        LINE + '[sip.inbound_auth]\nrealm = "a\\"b"\nusers = [{ username = "a", password = "x" }]',
        '6: sip.inbound_auth.realm: allowed are printable characters except " and \\',
    ),
    (
        LINE + '[sip.response_headers]\nok = { "X-Line" = "{lien}" }',
        "6: sip.response_headers.ok.X-Line: unknown placeholder {lien}; allowed are {line}, {re",
    ),
    (
        LINE + '[sip.response_headers]\nfinal = { "Reason" = "x" }',
        "6: sip.response_headers.final.Reason: 'Reason': allowed is X- followed by",
    ),
    (
        LINE + '[sip.response_headers]\nok = { "X-A" = "\\u00e9" }',
        "6: sip.response_headers.ok.X-A: the value must be printable ASCII on one line",
    ),
    (
        LINE + '[sip.response_headers]\nok = { "X-A" = "a\\nb" }',
        "6: sip.response_headers.ok.X-A: the value must be printable ASCII on one line",
    ),
    (
        LINE + '[sip.response_headers]\nok = { "X-A" = "{line" }',
        "6: sip.response_headers.ok.X-A: '{' without its partner",
    ),
    (
        LINE + '[sip.response_headers]\nok = { "X-A" = "1", "x-a" = "2" }',
        "6: sip.response_headers.ok.x-a: this is the same header as X-A",
    ),
    (
        LINE + f'[sip.response_headers]\nok = {{ "X-A" = "{"a" * 1017}" }}',
        "6: sip.response_headers.ok: the headers can become 1024 characters long; allowed are few",
    ),
    (LINE + "[rtp]\nports = [10001, 10010]", "6: rtp.ports: the first port 10001 is odd"),
    (LINE + "[rtp]\nports = [10010, 10000]", "6: rtp.ports: the range ends at 10000"),
    (LINE + "[rtp]\nports = [1000, 10000]", "6: rtp.ports: the first port 1000 is reserved"),
    (
        LINE + "[rtp]\nports = [10000]",
        "6: rtp.ports: [10000] is not allowed; allowed is two port num",
    ),
    (
        LINE + "[rtp]\nports = [10000, 70000]",
        "6: rtp.ports: [10000, 70000] is not allowed; allowed",
    ),
    (LINE + '[rtp]\nsrtp = "required"', '6: rtp.srtp: "required" is not available in this version'),
    (LINE + '[rtp]\nsrtp = "optional"', '6: rtp.srtp: "optional" is not available in this version'),
    (LINE + "[rtp]\ndscp = 64", "6: rtp.dscp: 64 is not allowed; allowed is a number from 0 to 63"),
    (
        LINE + "[rtp]\ntimeout_s = -1",
        "6: rtp.timeout_s: -1 is not allowed; allowed is seconds from",
    ),
    (LINE + '[rtp]\nallow_from = ["nobody"]', "6: rtp.allow_from[0]: no list is named 'nobody'"),
    (LINE + '[[account]]\nname = "trunk"', "5: account: not available in this version"),
    (LINE + 'account = "trunk"', "5: line[0].account: not available in this version"),
    (LINE + "pins = { fr = 13 }", "5: line[0].pins: not available in this version"),
    (LINE + 'serial = "/dev/x"', "5: line[0].serial: not available in this version"),
    (
        LINE.replace("simulated", "gpio"),
        '3: line[0].driver: "gpio" is not available in this version',
    ),
    (
        LINE.replace("simulated", "serial"),
        '3: line[0].driver: "serial" is not available in this ve',
    ),
    (
        LINE.replace("simulated", "other"),
        '3: line[0].driver: "other" is not allowed; allowed is "si',
    ),
    ('[[line]]\nname = "x"', "1: line[0]: driver is missing; it must be "),
    ('[[line]]\ndriver = "simulated"', "1: line[0]: name is missing; it must be up to 32 letters"),
    (LINE.replace("phone1", "a b"), '2: line[0].name: "a b" is not allowed; allowed is up to 32'),
    (LINE + 'country = "xx"', '5: line[0].country: "xx" is not known; allowed is one of: '),
    (
        LINE + "auto_answer_s = -1",
        "5: line[0].auto_answer_s: -1 is not allowed; allowed is seconds",
    ),
    (
        LINE + 'users = "alice"'.replace("users", "audio"),
        '5: line[0].audio: "alice" is not allowed',
    ),
    (LINE + '[line.audio]\ncapture = "x"', "5: line[0].audio: playback is missing"),
    (LINE + LINE, '6: line[1].name: the name "phone1" is used twice'),
    (LINE.replace('"alice"', '""'), "4: line[0].users[0]: allowed is the user part of a SIP URI"),
]


@pytest.mark.parametrize(("text", "problem"), ERRORS)
def test_an_error_says_where_and_what_is_allowed(written: Path, text: str, problem: str) -> None:
    problems = problems_of(written, text)
    assert any(line.startswith(problem) for line in problems), problems
    with pytest.raises(ConfigError) as caught:
        load(written)
    assert problem in str(caught.value).replace(f"{written}:", "")
    assert caught.value.fault == "configuration"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            LINE + LINE.replace("phone1", "phone2"),
            '8: line[1].users[0]: warning: calls for "alice" ring "phone1", which comes first',
        ),
        (
            LINE.replace('"alice"', '"*"') + LINE.replace("phone1", "phone2"),
            '8: line[1].users[0]: warning: calls for "alice" ring "phone1", which comes first',
        ),
        (LINE.replace('"alice"', ""), "1: line[0]: warning: no users: no call can ring this line"),
        (
            LINE + '[sip]\nallow_from = ["0.0.0.0/0"]',
            "6: sip.allow_from[0]: warning: the whole Internet may ring",
        ),
        (
            LINE + '[sip.inbound_auth]\nusers = [{ username = "a", password = "x" }]',
            "6: sip.inbound_auth.users: warning: every user of this machine may read the passwords",
        ),
        (
            LINE + "[sip]\nallow_from = []",
            "6: sip.allow_from: warning: it is empty: nobody is answ",
        ),
        (
            LINE
            + LINE.replace("phone1", "p2").replace("alice", "bob")
            + "[rtp]\nports=[10000,10001]",
            "10: rtp.ports: warning: there are fewer pairs of ports than lines",
        ),
    ],
)
def test_a_warning_does_not_stop_the_service(written: Path, text: str, warning: str) -> None:
    problems = problems_of(written, text)
    assert any(line.startswith(warning) for line in problems), problems
    assert isinstance(load(written), Config)


def test_every_problem_is_found_at_once_in_the_order_of_the_file(written: Path) -> None:
    text = """\
[sip]
lisen = ["udp:0.0.0.0:5060"]
profile = "full"
[rtp]
dscp = 99
[[line]]
name = "phone1"
driver = "gpio"
country = "xx"
"""
    written.write_text(text)
    reading = read(written)
    assert reading.config is None
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert [problem.line for problem in errors] == [2, 3, 5, 8, 9]
    with pytest.raises(ConfigProblems) as caught:
        load(written)
    assert caught.value.problems == errors


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff\xfe", "1: byte 0xff is not UTF-8 text"),
        (b"a = 1\nb = '\xe9'\n", "2: byte 0xe9 is not UTF-8 text"),
        (b"x" * (1 << 21), " longer than 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_text(written: Path, data: bytes, text: str) -> None:
    written.write_bytes(data)
    assert [str(problem) for problem in check(written)] == [f"{written}:{text}"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert [str(problem) for problem in check(path)] == [f"{path}: there is no such file"]
    assert "cannot be read" in str(check(tmp_path)[0])


def test_a_byte_order_mark_and_carriage_returns_are_fine(written: Path) -> None:
    written.write_bytes(b"\xef\xbb\xbf" + LINE.replace("\n", "\r\n").encode())
    assert load(written).line[0].name == "phone1"


GPIO = """\
[[line]]
name = "phone1"
driver = "gpio"
users = ["alice"]
audio = { capture = "hw:1", playback = "hw:1" }
pins = { fr = 13 }
[[line]]
name = "phone2"
driver = "simulated"
users = ["bob"]
audio = { capture = "default", playback = "default" }
"""


def test_simulated_needs_no_hardware(written: Path) -> None:
    written.write_text(GPIO)
    assert [problem.key for problem in check(written)] == ["line[0].driver", "line[0].pins"]
    lines = load(written, simulated=True).line
    assert [line.driver for line in lines] == ["simulated", "simulated"]
    assert lines[0].audio is None
    assert lines[1].audio is not None


@given(st.text(max_size=200))
def test_any_text_gives_problems_or_a_configuration(tmp_path_factory, text) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    reading = read(path)
    assert (reading.config is None) == any(p.severity == "error" for p in reading.problems)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["sip", "rtp", "line", "listen", "ports", "name", "users", "x"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_values_are_judged_and_never_raise(data: object) -> None:
    from gateway.service.config_decode import decode_table
    from gateway.service.problems import Report

    report = Report("any")
    config = decode_table(Config, data, (), report)
    assert config is not None or report.problems()
