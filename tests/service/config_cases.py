"""Configurations with something wrong, and the start of what must be said about it.

A problem begins with its line and key; the name of the file before them is left out.
"""

from __future__ import annotations

LINE = '[[line]]\nname = "phone1"\ndriver = "simulated"\nusers = ["alice"]\n'
SERIAL = LINE.replace("simulated", "serial")
GPIO = LINE.replace("simulated", "gpio")

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
        LINE + '[sip]\nlisten = ["udp:[::1]:5060", "udp:[0:0:0:0:0:0:0:1]:5060"]',
        "6: sip.listen[1]: port 5060 of 0:0:0:0:0:0:0:1 is listed twice",
    ),
    (
        LINE + '[sip.inbound_auth]\nusers = [{ username = "a:b", password = "c" }]',
        '6: sip.inbound_auth.users[0]: the user name "a:b" has a colon',
    ),
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
        LINE + '[sip]\nprofile = "x"',
        '6: sip.profile: "x" is not allowed; allowed is "twilio" or "full"',
    ),
    (LINE + "[sip.limits]\nrates = 5", "6: sip.limits.rates: not available in this version"),
    (
        LINE + "[sip.limits]\nconnections = 0",
        "6: sip.limits.connections: 0 is not allowed; allowed is a number from 1 to 10000",
    ),
    (
        LINE + "[sip.limits]\nfailed_logins = 0",
        "6: sip.limits.failed_logins: 0 is not allowed; allowed is a number from 1 to 1000",
    ),
    (
        LINE + "[sip]\nfailover_s = 0.5",
        "6: sip.failover_s: 0.5 is not allowed; allowed is seconds from 1 to 32",
    ),
    (LINE + '[sip]\nredirects = "yes"', '6: sip.redirects: "yes" is not allowed; allowed is true '),
    (
        LINE + '[sip]\nstun = "stun.example.com"',
        '6: sip.stun: "stun.example.com" is not allowed; allowed is as "stun.example.com:3478"',
    ),
    (
        LINE + '[sip]\npublic_address = "192.0.2.1"\nstun = "stun.example.com:3478"',
        "7: sip.stun: nobody would ask it: it works with public_address",
    ),
    (
        LINE + '[sip.inbound_auth]\nalgorithms = ["SHA-1"]',
        "6: sip.inbound_auth.algorithms: ['SHA-1'] is not allowed; allowed is a list of \"MD5\", ",
    ),
    (
        LINE + "[sip.inbound_auth]\nqop = []",
        '6: sip.inbound_auth.qop: [] is not allowed; allowed is a list of "auth" and "auth-int"',
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
    (
        LINE + '[rtp]\nsrtp = "on"',
        '6: rtp.srtp: "on" is not allowed; allowed is "off" or "optional" or "required"',
    ),
    (LINE + "[rtp]\ndscp = 64", "6: rtp.dscp: 64 is not allowed; allowed is a number from 0 to 63"),
    (
        LINE + "[rtp]\ntimeout_s = -1",
        "6: rtp.timeout_s: -1 is not allowed; allowed is seconds from",
    ),
    (LINE + '[rtp]\nallow_from = ["nobody"]', "6: rtp.allow_from[0]: no list is named 'nobody'"),
    (
        LINE + "[rtp]\nallow_from = [" + ", ".join(f'"10.{n}.0.0/24"' for n in range(17)) + "]",
        "6: rtp.allow_from: these are 17 networks with lists and lan spelled out",
    ),
    (LINE + "pins = { fr = 13 }", '5: line[0].pins: only a line with driver = "gpio" has it'),
    (LINE + 'fr_rest = "low"', '5: line[0].fr_rest: only a line with driver = "gpio" has it'),
    (LINE + "ring_hz = 25", '5: line[0].ring_hz: only a line with driver = "gpio" or "serial" has'),
    (
        GPIO + "ring_hz = 50",
        "5: line[0].ring_hz: 50 is not allowed; allowed is hertz from 20 to 25",
    ),
    (
        LINE + "dtmf_lookahead_ms = 50",
        '5: line[0].dtmf_lookahead_ms: only a line with driver = "gpio" or "serial" has it',
    ),
    (
        GPIO + "dtmf_lookahead_ms = 20",
        "5: line[0].dtmf_lookahead_ms: 20 is not allowed; allowed is 0 or 50",
    ),
    (
        GPIO + 'dtmf_lookahead_ms = 50\npins = { std = "none", q = "none" }',
        '5: line[0].dtmf_lookahead_ms: this line has no key tone decoder: pins.std is "none"',
    ),
    (
        GPIO + "pins = { rm = 13 }",
        "5: line[0].pins.rm: pin BCM 13 is fr already; free are 2, 3, 4, 6, 7, 8, 9, 10, 11, 12",
    ),
    (GPIO + "pins = { shk = 28 }", "5: line[0].pins.shk: there is no pin BCM 28; allowed are BCM"),
    (
        GPIO + "[line.pins]\nq = [22, 23, 26, 1]",
        "6: line[0].pins.q[3]: pin BCM 1 belongs to the board's EEPROM bus; free are 2, 3, 4, 6, 7",
    ),
    (
        GPIO + "pins = { q = [22, 23] }",
        "5: line[0].pins.q: these are 2 pins; allowed are four, Q1 (the lowest bit) first",
    ),
    (
        GPIO + 'pins = { std = "none" }',
        "5: line[0].pins.std: a decoder is wired with std and q, or with neither",
    ),
    (
        GPIO + 'pins = { est = "no" }',
        '5: line[0].pins.est: "no" is not allowed; allowed is a BCM number, or "none" where it is',
    ),
    (
        GPIO + 'pins = { rm = "none" }',
        '5: line[0].pins.rm: "none" is not allowed; allowed is a BCM number',
    ),
    (
        GPIO + "pins = { q = 22 }",
        '5: line[0].pins.q: 22 is not allowed; allowed is a list of four BCM numbers, or "none"',
    ),
    (GPIO + "pins = { ring = 24 }", "5: line[0].pins.ring: unknown key; "),
    (
        GPIO + GPIO.replace("phone1", "phone2"),
        '5: line[1].pins.fr: pin BCM 13 belongs to line "phone1" (fr); free are ',
    ),
    (LINE + 'serial = "/dev/x"', '5: line[0].serial: only a line with driver = "serial" has it'),
    (SERIAL, "1: line[0]: serial is missing; it must be the line card's device, as \"/dev/serial"),
    (
        SERIAL + 'serial = "ttyUSB0"',
        '5: line[0].serial: "ttyUSB0" is not allowed; allowed is a device, as "/dev/serial/by-id/',
    ),
    (
        SERIAL + 'serial = "/dev/x"\nauto_answer_s = 1',
        '6: line[0].auto_answer_s: only a line with driver = "simulated" has it',
    ),
    (
        "".join(SERIAL.replace("phone1", n) + 'serial = "/dev/x"\n' for n in ("p1", "p2")),
        '10: line[1].serial: this is the device of "p1"; a line card has one line',
    ),
    (
        LINE.replace("simulated", "other"),
        '3: line[0].driver: "other" is not allowed; allowed is "si',
    ),
    ('[[line]]\nname = "x"', "1: line[0]: driver is missing; it must be "),
    ('[[line]]\ndriver = "simulated"', "1: line[0]: name is missing; it must be up to 32 letters"),
    (LINE.replace("phone1", "a b"), '2: line[0].name: "a b" is not allowed; allowed is up to 32'),
    (LINE.replace("phone1", r"a\nb"), r'2: line[0].name: "a\nb" is not allowed; allowed is up to'),
    (LINE + 'country = "xx"', '5: line[0].country: "xx" is not known; allowed is one of: '),
    (
        LINE + 'display = "xx"',
        '5: line[0].display: "xx" is not known; allowed is "off", or one of: at, ',
    ),
    (LINE + "disconnect_ms = 9000", "5: line[0].disconnect_ms: 9000 is not allowed; allowed is mi"),
    (
        LINE + "auto_answer_s = -1",
        "5: line[0].auto_answer_s: -1 is not allowed; allowed is seconds",
    ),
    (
        LINE + 'users = "alice"'.replace("users", "audio"),
        '5: line[0].audio: "alice" is not allowed',
    ),
    (LINE + '[line.audio]\ncapture = "x"', "5: line[0].audio: playback is missing"),
    (
        LINE + 'audio = { capture = "x", playback = "x", capture_level = 101 }',
        "5: line[0].audio.capture_level: 101 is not allowed; allowed is percent from 0 to 100",
    ),
    (
        LINE + 'audio = { capture = "x", playback = "x", agc = "off" }',
        '5: line[0].audio.agc: "off" is not allowed; allowed is true or false',
    ),
    (
        LINE + 'audio = { capture = "x", playback = "x", playback_levl = 1 }',
        "5: line[0].audio.playback_levl: unknown key; did you mean 'playback_level'?",
    ),
    (
        "".join(
            LINE.replace("phone1", name).replace("alice", name)
            + f'audio = {{ capture = "{device}", playback = "default" }}\n'
            for name, device in (("p1", "plughw:CARD=A"), ("p2", "hw:CARD=A"))
        ),
        '10: line[1].audio.capture: this is the sound card of "p1"; a card has one line',
    ),
    (LINE + LINE, '6: line[1].name: the name "phone1" is used twice'),
    (LINE.replace('"alice"', '""'), "4: line[0].users[0]: allowed is the user part of a SIP URI"),
]

WARNINGS = [
    (
        LINE + LINE.replace("phone1", "phone2"),
        '8: line[1].users[0]: warning: calls for "alice" ring "phone1", which comes first',
    ),
    (
        LINE.replace('"alice"', '"*"') + LINE.replace("phone1", "phone2"),
        '8: line[1].users[0]: warning: calls for "alice" ring "phone1", which comes first',
    ),
    (
        GPIO + 'pins = { pd = "none" }\ndisconnect_ms = 800',
        '6: line[0].disconnect_ms: warning: pins.pd is "none": the feed cannot be taken away',
    ),
    (
        SERIAL + 'serial = "/dev/ttyUSB77"',
        "5: line[0].serial: warning: numbers change with the order in which things are plugged in",
    ),
    (
        GPIO + 'dtmf_lookahead_ms = 0\npins = { est = "none" }',
        "5: line[0].dtmf_lookahead_ms: warning: without pins.est some 50 ms of each key's tone are",
    ),
    (SERIAL + 'serial = "/dev/null"', "1: line[0]: warning: no audio: the line card rings, but"),
    (
        LINE + 'audio = { capture = "plughw:1,0", playback = "default" }',
        "5: line[0].audio.capture: warning: the numbers of cards change between boots: name it",
    ),
    (GPIO, "1: line[0]: warning: no audio: the bell rings, but the voice goes by a sound card"),
    (
        GPIO + 'country = "jp"',
        "5: line[0].country: warning: the bell rings every 3.11 s instead of 3 s: a line circuit",
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
        LINE + LINE.replace("phone1", "p2").replace("alice", "bob") + "[rtp]\nports=[10000,10001]",
        "10: rtp.ports: warning: there are fewer pairs of ports than lines",
    ),
    (
        LINE + '[rtp]\nsrtp = "optional"',
        "6: rtp.srtp: warning: its keys would travel in clear: nothing here is sure",
    ),
]
