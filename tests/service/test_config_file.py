"""The configuration file: what is read, and the text of every error, by rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.service.config import Audio, Config, Limits, Listen, Tls
from gateway.service.config_file import check, load, read
from gateway.service.problems import ConfigProblems
from tests.service import certificates, config_account_cases, config_cases
from tests.service.config_cases import LINE

WHOLE = """\
[sip]
listen = ["udp:0.0.0.0:5060", "udp:[::1]:5062", "tcp:0.0.0.0:5060", "tls:0.0.0.0:5061"]
public_address = "gw.example.com"
allow_from = ["twilio", "lan", "127.0.0.0/8", "2001:db8::/32"]
profile = "full"
redirects = true
info_dtmf = true
failover_s = 3.5

[sip.tls]
certificate = "server.pem"
key = "server.key"
ca = "server.pem"
client_auth = "optional"

[sip.limits]
message_bytes = 8192
transactions = 50
connections = 20

[sip.inbound_auth]
realm = "tipring"
algorithms = ["SHA-256", "MD5"]
qop = ["auth", "auth-int"]
users = [
    { username = "alice", password_file = "secret" },
    { username = "bob", password = "pa55" },
]

[sip.response_headers]
ok = { "X-Gateway-Line" = "{line}" }
final = { "X-Gateway-Reason" = "{reason}", "X-Fixed" = "yes" }

[rtp]
ports = [12000, 12019]
srtp = "required"
dscp = 0
timeout_s = 0
allow_from = ["twilio-media"]

[[account]]
name = "trunk"
registrar = ["sip:example.com", "sips:[2001:db8::1]:5061;transport=tcp"]
proxy = ["sip:edge.example.com;transport=tls;lr"]
domain = "example.com"
transport = "tls"
username = "alice"
auth_user = "alice-7"
password_file = "secret"
caller_id = "+15551234567"
caller_id_header = "Remote-Party-ID"
display_name = "Alice"
expires_s = 60
keepalive = "options"
message_waiting = true
profile = "full"
late_offer = true

[[account]]
name = "direct"
register = false
proxy = ["sip:192.0.2.1:5080"]
username = "+15551234567"
password = "w0rd"

[[line]]
name = "phone1"
driver = "simulated"
auto_answer_s = 0.5
users = ["alice", "+15551234567"]
country = "de"
account = "trunk"
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
    certificates.write_all(tmp_path)
    file = tmp_path / "tipring.toml"
    file.touch(mode=0o644)
    file.chmod(0o644)
    return file


def problems_of(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [plain(problem, path) for problem in check(path)]


def plain(problem: object, path: Path) -> str:
    """A problem without the names of file and folder."""
    return str(problem).replace(f"{path}:", "").replace(str(path.parent), "FOLDER")


def test_a_whole_file_is_read(written: Path) -> None:
    written.write_text(WHOLE)
    written.chmod(0o640)
    (written.parent / "server.key").chmod(0o600)
    config = load(written)
    assert check(written) == []
    assert config.sip.listeners() == (
        Listen("udp", "0.0.0.0", 5060),
        Listen("udp", "::1", 5062),
        Listen("tcp", "0.0.0.0", 5060),
        Listen("tls", "0.0.0.0", 5061),
    )
    assert config.sip.limits == Limits(message_bytes=8192, transactions=50, connections=20)
    assert config.sip.tls.certificate == str(written.parent / "server.pem")
    assert config.sip.tls.ca == str(written.parent / "server.pem")
    secrets = [account.password.reveal() for account in config.account if account.password]
    assert secrets == ["s3cret", "w0rd"]
    assert config.account[0].registrar[1] == "sips:[2001:db8::1]:5061;transport=tcp"
    assert config.sip.inbound_auth is not None
    passwords = config.sip.inbound_auth.passwords()
    assert {name: secret.reveal() for name, secret in passwords.items()} == {
        "alice": "s3cret",
        "bob": "pa55",
    }
    assert config.sip.response_headers.final == {"X-Gateway-Reason": "{reason}", "X-Fixed": "yes"}
    assert (config.rtp.ports, config.rtp.srtp) == ((12000, 12019), "required")
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
    assert (config.sip.tls, config.account, config.line[0].account) == (Tls(), (), None)
    assert (config.sip.failover_s, config.sip.redirects, config.sip.info_dtmf) == (6, False, False)
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
    assert "w0rd" not in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(("text", "problem"), [*config_cases.ERRORS, *config_account_cases.ERRORS])
def test_an_error_says_where_and_what_is_allowed(written: Path, text: str, problem: str) -> None:
    problems = problems_of(written, text)
    assert any(line.startswith(problem) for line in problems), problems
    with pytest.raises(ConfigError) as caught:
        load(written)
    assert problem in plain(caught.value, written)
    assert caught.value.fault == "configuration"


@pytest.mark.parametrize(
    ("text", "warning"), [*config_cases.WARNINGS, *config_account_cases.WARNINGS]
)
def test_a_warning_does_not_stop_the_service(written: Path, text: str, warning: str) -> None:
    problems = problems_of(written, text)
    assert any(line.startswith(warning) for line in problems), problems
    assert isinstance(load(written), Config)


def test_a_problem_is_one_line_whatever_is_in_the_file(written: Path) -> None:
    twice = config_cases.LINE + config_cases.LINE.replace("phone1", "phone2")
    problems = problems_of(written, twice.replace('"alice"', '"a\\nb"'))
    assert any('calls for "a\\x0ab" ring "phone1"' in line for line in problems), problems


def test_every_problem_is_found_at_once_in_the_order_of_the_file(written: Path) -> None:
    text = """\
[sip]
lisen = ["udp:0.0.0.0:5060"]
profile = "half"
[rtp]
dscp = 99
[[line]]
name = "phone1"
driver = "gpio"
ring_hz = 99
country = "xx"
"""
    written.write_text(text)
    reading = read(written)
    assert reading.config is None
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert [problem.line for problem in errors] == [2, 3, 5, 9, 10]
    with pytest.raises(ConfigProblems) as caught:
        load(written)
    assert caught.value.problems == errors


def test_an_account_that_cannot_be_read_is_not_missed_by_its_line(written: Path) -> None:
    text = LINE + 'account = "trunk"\n[[account]]\nname = "trunk"'
    problems = problems_of(written, text)
    assert [problem.partition(" is missing")[0] for problem in problems] == [
        "6: account[0]: username"
    ]


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
audio = { capture = "hw:CARD=A", playback = "hw:CARD=A" }
pins = { fr = 99 }
[[line]]
name = "phone2"
driver = "simulated"
users = ["bob"]
audio = { capture = "default", playback = "default" }
"""


def test_simulated_needs_no_hardware(written: Path) -> None:
    written.write_text(GPIO)
    assert [problem.key for problem in check(written)] == ["line[0].pins.fr"]
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
