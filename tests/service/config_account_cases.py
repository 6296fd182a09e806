"""Accounts and TLS with something wrong; see config_cases.py.

`server.pem`, `server.key`, `other.key`, `locked.key` and `secret` are beside the file.
"""

from __future__ import annotations

from tests.service.config_cases import LINE

ACCOUNT = '[[account]]\nname = "trunk"\nusername = "alice"\npassword_file = "secret"\n'
REGISTRAR = 'registrar = ["sip:example.com"]\n'
TRUNK = ACCOUNT.replace('password_file = "secret"', "register = false")
TLS = '[sip.tls]\ncertificate = "server.pem"\nkey = "server.key"\n'

ERRORS = [
    # --- accounts ----------------------------------------------------------------------------
    (LINE + '[[account]]\nname = "trunk"', "5: account[0]: username is missing; it must be the us"),
    (LINE + '[[account]]\nusername = "a"', "5: account[0]: name is missing; it must be up to 32 "),
    (
        LINE + ACCOUNT.replace("trunk", "a b") + REGISTRAR,
        '6: account[0].name: "a b" is not allowed',
    ),
    (LINE + "[account]\nname = 1", "5: account: {'name': 1} is not allowed; allowed is a list of "),
    (
        LINE + ACCOUNT + REGISTRAR + ACCOUNT + REGISTRAR,
        '11: account[1].name: the name "trunk" is used twice',
    ),
    (
        LINE + 'account = "trunc"\n' + ACCOUNT + REGISTRAR,
        '5: line[0].account: no account is called "trunc"; there are: trunk',
    ),
    (
        LINE + 'account = "trunk"\n',
        '5: line[0].account: no account is called "trunk"; there is no [[account]]',
    ),
    (LINE + ACCOUNT, "5: account[0]: register = true needs a registrar; allowed is as registrar ="),
    (LINE + TRUNK, "5: account[0]: neither registrar nor proxy: nobody knows where its calls go"),
    (
        LINE + ACCOUNT + 'registrar = ["example.com"]',
        '9: account[0].registrar[0]: "example.com" is no SIP URI; allowed is as "sip:example.com"',
    ),
    (
        LINE + ACCOUNT + 'registrar = ["https://example.com"]',
        '9: account[0].registrar[0]: "https://example.com" is no SIP URI of a server; allowed',
    ),
    (
        LINE + ACCOUNT + 'registrar = [\n  "sip:example.com",\n  "sip:alice@example.com",\n]',
        '9: account[0].registrar[1]: "sip:alice@example.com" has a user part, and a REGISTER goes'
        " to the domain alone (RFC 3261 section 10.2; Twilio refuses it otherwise); allowed is as",
    ),
    (
        LINE + ACCOUNT + 'registrar = ["sip:example.com;transport=ws"]',
        '9: account[0].registrar[0]: "sip:example.com;transport=ws" asks for transport=ws; allowed',
    ),
    (
        LINE + ACCOUNT + 'registrar = ["sips:example.com"]\ntransport = "udp"',
        '9: account[0].registrar[0]: "sips:example.com" is to be reached by TLS and by UDP',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'proxy = ["sip:1.2.3.4:99999"]',
        '10: account[0].proxy[0]: "sip:1.2.3.4:99999" is no SIP URI',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'transport = "sctp"',
        '10: account[0].transport: "sctp" is not allowed; allowed is "udp" or "tcp" or "tls"',
    ),
    (
        LINE + ACCOUNT.replace('"alice"', '"a@b"') + REGISTRAR,
        "7: account[0].username: allowed is the user part of a SIP URI, as alice",
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'auth_user = "a:b"',
        '10: account[0].auth_user: allowed are printable characters except ", \\ and :',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'domain = "a b"',
        '10: account[0].domain: "a b" is not allowed; allowed is as example.com',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'caller_id = "alice"',
        '10: account[0].caller_id: "alice" is not allowed; allowed is as "+15551234567" or a URI',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'display_name = "a\\nb"',
        "10: account[0].display_name: allowed are printable characters on one line",
    ),
    (
        LINE + ACCOUNT + REGISTRAR + "expires_s = 59",
        "10: account[0].expires_s: 59 is not allowed; allowed is a number of seconds from 60 to",
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'keepalive = "ping"',
        '10: account[0].keepalive: "ping" is not allowed; allowed is "crlf" or "options" or "off"',
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'profile = "asterisk"',
        '10: account[0].profile: "asterisk" is not allowed; allowed is "twilio" or "full"',
    ),
    (
        LINE + ACCOUNT.replace('password_file = "secret"\n', "") + REGISTRAR,
        "5: account[0]: register = true needs a password or a password_file",
    ),
    (
        LINE + ACCOUNT + REGISTRAR + 'password = "x"',
        "5: account[0]: either password or password_file is needed, and not both",
    ),
    (
        LINE + ACCOUNT.replace('"secret"', '"none"') + REGISTRAR,
        "8: account[0].password_file: there is no password file 'none' in ",
    ),
    (
        LINE + ACCOUNT.replace("password_file", "password").replace("secret", "") + REGISTRAR,
        "8: account[0].password: the password is empty",
    ),
    # --- TLS ---------------------------------------------------------------------------------
    (
        LINE + '[sip]\nlisten = ["tls:0.0.0.0:5061"]',
        "6: sip.listen[0]: tls: needs certificate and key in [sip.tls]",
    ),
    (
        LINE + '[sip]\nlisten = ["tcp:0.0.0.0:5060", "tls:0.0.0.0:5060"]\n' + TLS,
        "6: sip.listen[1]: port 5060 of 0.0.0.0 is listed twice",
    ),
    (
        LINE + '[sip.tls]\nkey = "server.key"',
        "5: sip.tls: certificate and key are needed both, or neither",
    ),
    (
        LINE + TLS.replace("server.pem", "none.pem"),
        "6: sip.tls.certificate: there is no file 'none.pem' in ",
    ),
    (
        LINE + TLS.replace("server.pem", "."),
        "6: sip.tls.certificate: FOLDER: Is a directory",
    ),
    (
        LINE + TLS.replace("server.key", "other.key"),
        "7: sip.tls.key: FOLDER/other.key is not the key of the certificate FOLDER/server.pem",
    ),
    (
        LINE + TLS.replace("server.key", "locked.key"),
        "7: sip.tls.key: FOLDER/locked.key is encrypted; tipring needs it without a pass phrase",
    ),
    (
        LINE + TLS.replace("server.pem", "secret"),
        "6: sip.tls.certificate: FOLDER/secret must be a certificate and FOLDER/server.key its key",
    ),
    (LINE + TLS + 'ca = "secret"', "8: sip.tls.ca: FOLDER/secret has no certificates in PEM form"),
    # The file is right elsewhere and wrong here.
    (
        LINE + TLS + 'ca = "server.key"',
        "8: sip.tls.ca: FOLDER/server.key has no certificates in PEM form",
    ),
    (
        LINE + TLS.replace("server.key", "server.pem"),
        "6: sip.tls.certificate: FOLDER/server.pem must be a certificate and FOLDER/server.pem its",
    ),
    (
        LINE + TLS + 'client_auth = "required"',
        '8: sip.tls.client_auth: "required" needs ca: the file of the authorities whose clients',
    ),
    (
        LINE + TLS + 'client_auth = "yes"',
        '8: sip.tls.client_auth: "yes" is not allowed; allowed is "off" or "optional" or "requir',
    ),
]

WARNINGS = [
    (
        LINE + TRUNK + 'proxy = ["sip:192.0.2.1"]',
        "5: account[0]: warning: no password: it works only if the peer knows this machine's add",
    ),
    (
        LINE + ACCOUNT.replace("alice", "bob") + REGISTRAR,
        '7: account[0].username: warning: calls for "bob" ring no line',
    ),
    (
        LINE + ACCOUNT.replace("password_file", "password") + REGISTRAR,
        "8: account[0].password: warning: every user of this machine may read the passwords",
    ),
    (LINE + TLS, "7: sip.tls.key: warning: every user of this machine may read "),
]
