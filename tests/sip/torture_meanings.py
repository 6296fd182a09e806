"""What each good message of RFC 4475 means, by the RFC's own words about it."""

from __future__ import annotations

from gateway.sip import Request, Response

from .torture_rows import Meaning


def _vias(parsed: Request | Response) -> list[tuple[str, str, str]]:
    return [(via.transport, via.host, via.branch) for via in parsed.vias]


_METHOD = "!interesting-Method0123456789_*+`.%indeed'~"

MEANINGS: list[tuple[str, Meaning, object]] = [
    (
        "wsinv",
        lambda m: (
            m.method, str(m.uri), m.to.tag, m.from_.display_name, m.from_.tag, m.cseq, _vias(m),
            m.headers.get("Max-Forwards"), m.headers.get("Subject"), len(m.body),
            m.headers.get("NewFangledHeader"), m.headers.get("UnknownHeaderWithUnusualValue"),
            m.contacts[0].display_name, m.contacts[0].params,
        ),
        (
            "INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam", "1918181833n",
            'J Rosenberg \\"', "98asjd8", (9, "INVITE"),
            [("UDP", "192.0.2.2", "390skdjuw"), ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
             ("UDP", "192.168.255.111", "z9hG4bK30239")],
            "0068", "", 150, "newfangled value continued newfangled value", ";;,,;;,;",
            'Quoted string ""', {"newparam": "newvalue", "secondparam": None, "q": "0.33"},
        ),
    ),
    (
        "intmeth",
        lambda m: (
            m.method, m.cseq, m.uri.user, m.uri.password, m.uri.host, m.to.display_name,
            m.from_.display_name, m.from_.params, m.call_id,
            m.headers.get("extensionHeader-!.%*+_`'~"), _vias(m),
        ),
        (
            _METHOD, (139122385, _METHOD), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
            "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "example.com",
            "BEL:\x07 NUL:\0 DEL:\x7f", "token1~` token2'+_ token3*%!.-",
            {"fromParam''~+*_!.-%": '"работающий"', "tag": "_token~1'+`*%!-."},
            "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{", "\ufeff大停電",
            [("TCP", "host1.example.com", "z9hG4bK-.!%66*_+`'~")],
        ),
    ),
    (
        "esc01",
        lambda m: (
            m.uri.plain_user, m.uri.host, m.to.uri.plain_user, m.from_.uri.plain_user,
            m.contacts[0].uri.plain_user, m.contacts[0].uri.params,
        ),
        ("sips:user@example.com", "example.net", "user", "I have spaces", "caller",
         {"lr": None, "name": "value%41"}),
    ),
    (
        "escnull",
        lambda m: (
            m.to.uri.plain_user, m.from_.uri.plain_user,
            [one.uri.plain_user for one in m.contacts],
        ),
        ("null-\0-null", "null-\0-null", ["\0", "\0\0"]),
    ),
    (
        "esc02",
        lambda m: (m.method, m.to.display_name, m.vias[0].branch, [str(c.uri) for c in m.contacts]),
        ("RE%47IST%45R", "%Z%45", "z9hG4bK209%fzsnel234",
         ["sip:alias1@host1.example.com", "sip:alias3@host3.example.com"]),
    ),
    ("lwsdisp", lambda m: (m.from_.display_name, m.from_.tag), ("caller", "323")),
    (
        "longreq",
        lambda m: (
            [via.host for via in m.vias], len(m.vias[33].branch), m.vias[33].params["received"],
            len(m.from_.tag), len(m.from_.params), len(m.to.display_name), len(m.to.uri.params),
            m.to.uri.port, len(m.call_id), len(m.headers), m.contacts[0].uri.user,
        ),
        (
            [*(f"sip{n}.example.com" for n in range(33, 0, -1)), "host.example.com"], 215,
            "192.0.2.5", 155, 3, 103, 3, 6000, 141, 43, "amazinglylongcallername" * 5,
        ),
    ),
    (
        "dblreq",
        lambda m: (m.method, str(m.uri), m.cseq, m.body, str(m.contacts[0].uri)),
        ("REGISTER", "sip:example.com", (8, "REGISTER"), b"", "sip:j.user@host.example.com"),
    ),
    (
        "semiuri",
        lambda m: (m.uri.user, m.uri.plain_user, m.uri.params),
        ("user;par=u%40example.net", "user;par=u@example.net", {}),
    ),
    ("transports", lambda m: [via.transport for via in m.vias],
     ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]),
    (
        "mpart01",
        lambda m: (
            len(m.body), m.body.count(b"--7a9cbec02ceef655"), b"\0" in m.body, m.vias[0].wants_rport
        ),
        (553, 3, True, True),
    ),
    (
        "unreason", lambda m: (m.status, m.reason, m.to.tag),
        (200, "= 2**3 * 5**2 но сто девяносто девять - простое", "2229"),
    ),
    ("noreason", lambda m: (m.status, m.reason, m.cseq), (100, "", (35, "INVITE"))),
    ("badbranch", lambda m: m.vias[0].branch, "z9hG4bK"),
    ("unkscm", lambda m: (m.uri.is_sip, m.uri.scheme, m.uri.opaque),
     (False, "nobodyKnowsThisScheme", "totallyopaquecontent")),
    ("novelsc", lambda m: (m.uri.is_sip, str(m.uri)), (False, "soap.beep://192.0.2.103:3002")),
    (
        "unksm2", lambda m: [str(one.uri) for one in (m.to, m.from_, *m.contacts)],
        ["isbn:2983792873", "http://www.example.com", "name:John_Smith"],
    ),
    ("bext01", lambda m: m.headers.get("Require"),
     "nothingSupportsThis, nothingSupportsThisEither"),
    ("invut", lambda m: (m.headers.get("Content-Type"), len(m.body)),
     ("application/unknownformat", 40)),
    ("regaut01", lambda m: m.headers.get("Authorization"),
     "NoOneKnowsThisScheme opaque-data=here"),
    ("bcast", lambda m: [via.host for via in m.vias], ["192.0.2.198", "255.255.255.255"]),
    ("zeromf", lambda m: m.headers.get("Max-Forwards"), "0"),
    ("cparam01", lambda m: (m.contacts[0].params, m.contacts[0].uri.params),
     ({"unknownparam": None}, {})),
    ("cparam02", lambda m: (m.contacts[0].params, m.contacts[0].uri.params),
     ({}, {"unknownparam": None})),
    ("regescrt", lambda m: m.contacts[0].uri.header_list(), [("Route", "<sip:sip.example.com>")]),
    ("sdp01", lambda m: m.headers.get("Accept"), "text/nobodyKnowsThis"),
    (
        "inv2543", lambda m: (m.vias[0].branch, m.from_.tag, m.from_.uri.params, m.to.params),
        ("", "", {"user": "phone"}, {"user": "phone"}),
    ),
    # Not sure by the RFC, but taken here: then they must mean this.
    ("escruri", lambda m: (m.uri.header_list(), m.headers.get("Route")),
     ([("Route", "<sip:example.com>")], None)),
    ("baddate", lambda m: m.headers.get("Date"), "Fri, 01 Jan 2010 16:00:00 EST"),
]  # fmt: skip
